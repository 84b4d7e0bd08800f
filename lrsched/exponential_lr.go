package lrsched

// ExponentialLR multiplies the LR by gamma at every step: lr(t) = b·gamma^t,
// recursively. Source: torch.optim.lr_scheduler.
type ExponentialLR struct {
	Gamma float64 `json:"gamma" arg:"required" doc:"factor of each step"`
}

// Build implements Builder.
func (c ExponentialLR) Build(s Site) (Scheduler, error) { return start(s, "ExponentialLR", &c) }

func (c *ExponentialLR) next(b *base, t *Table) (values, error) {
	if b.initial {
		return current(t), nil
	}
	return scaled(t, c.Gamma), nil
}

func (c *ExponentialLR) closed(b *base) ([]float64, error) {
	if c.Gamma == 0 && b.Epoch < 0 {
		return nil, errZero
	}
	f := pow(c.Gamma, float64(b.Epoch))
	return ofBase(b, func(lr float64) float64 { return lr * f }), nil
}
