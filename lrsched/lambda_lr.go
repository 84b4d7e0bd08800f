package lrsched

import "slices"

// LambdaLR sets the LR to a factor of the base LR: lr(t) = b·λ(t). Source:
// torch.optim.lr_scheduler.
type LambdaLR struct {
	Lambda Lambdas `json:"lr_lambda" arg:"required" doc:"factor as a formula in the epoch, one for all groups or one for each"`
}

// Build implements Builder.
func (c LambdaLR) Build(s Site) (Scheduler, error) {
	list, err := c.Lambda.spread(len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	return start(s, "LambdaLR", &lambdaRule{list})
}

// lambdaRule drives LambdaLR and every schedule that is a factor of time.
type lambdaRule struct {
	Lambdas lambdaState `json:"lr_lambdas"`
}

func (r *lambdaRule) next(b *base, t *Table) (values, error) {
	if len(r.Lambdas) != len(b.BaseLR) {
		return values{}, mismatch(len(r.Lambdas), t)
	}
	lrs := make([]float64, len(b.BaseLR))
	for i, l := range r.Lambdas {
		f, err := factor(l, b.Epoch)
		if err != nil {
			return values{}, err
		}
		lrs[i] = b.BaseLR[i] * f
	}
	return values{lrs: lrs}, nil
}

func (r *lambdaRule) extend(b *base, _ *Table, _ []float64) error {
	r.Lambdas = padded(r.Lambdas, len(b.BaseLR))
	return nil
}

func (r *lambdaRule) lastFactor(epoch int) (float64, error) {
	if len(r.Lambdas) == 0 {
		return 1, nil
	}
	return factor(r.Lambdas[len(r.Lambdas)-1], epoch)
}

// timed builds the LambdaLR of one function for all groups.
func timed(s Site, l Lambda) (Scheduler, error) {
	return start(s, "LambdaLR", &lambdaRule{slices.Repeat(lambdaState{l}, len(s.Table.Groups))})
}
