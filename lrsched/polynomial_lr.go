package lrsched

// PolynomialLR decays the LR to 0 in total_iters steps:
// lr(t) = b·(1 − min(t, N)/N)^power, recursively. Source:
// torch.optim.lr_scheduler.
type PolynomialLR struct {
	TotalIters int     `json:"total_iters" doc:"steps until the LR is 0; with 0 it stays"`
	Power      float64 `json:"power" doc:"exponent of the decay"`
}

// Build implements Builder.
func (c PolynomialLR) Build(s Site) (Scheduler, error) { return start(s, "PolynomialLR", &c) }

func (c *PolynomialLR) next(b *base, t *Table) (values, error) {
	if b.initial || b.Epoch > c.TotalIters {
		return current(t), nil
	}
	if c.TotalIters == 0 {
		return values{}, errZero
	}
	n := float64(c.TotalIters)
	before := 1 - float64(b.Epoch-1)/n
	if before == 0 {
		return values{}, errZero
	}
	f, err := power((1-float64(b.Epoch)/n)/before, c.Power)
	return scaled(t, f), err
}

func (c *PolynomialLR) closed(b *base) ([]float64, error) {
	if c.TotalIters == 0 {
		return nil, errZero
	}
	f, err := power(1-float64(min(c.TotalIters, b.Epoch))/float64(c.TotalIters), c.Power)
	return ofBase(b, func(lr float64) float64 { return lr * f }), err
}
