package lrsched

// MultiplicativeLR multiplies the current LR by a factor of time:
// lr(t) = lr(t−1)·λ(t), lr(0) = b. Source: torch.optim.lr_scheduler.
type MultiplicativeLR struct {
	Lambda Lambdas `json:"lr_lambda" arg:"required" doc:"factor as a formula in the epoch, one for all groups or one for each"`
}

// Build implements Builder.
func (c MultiplicativeLR) Build(s Site) (Scheduler, error) {
	list, err := c.Lambda.spread(len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	return start(s, "MultiplicativeLR", &multiplicativeRule{lambdaRule{list}})
}

type multiplicativeRule struct{ lambdaRule }

func (r *multiplicativeRule) next(b *base, t *Table) (values, error) {
	if b.initial {
		return current(t), nil
	}
	if len(r.Lambdas) != len(t.Groups) {
		return values{}, mismatch(len(r.Lambdas), t)
	}
	v := current(t)
	for i, l := range r.Lambdas {
		f, err := factor(l, b.Epoch)
		if err != nil {
			return values{}, err
		}
		v.lrs[i] *= f
	}
	return v, nil
}
