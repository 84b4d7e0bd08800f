package lrsched

// StepLR multiplies the LR by gamma every step_size steps:
// lr(t) = b·gamma^⌊t/step_size⌋, recursively. Source: torch.optim.lr_scheduler.
type StepLR struct {
	StepSize int     `json:"step_size" arg:"required" doc:"steps between two decays"`
	Gamma    float64 `json:"gamma" doc:"factor of each decay"`
}

// Build implements Builder.
func (c StepLR) Build(s Site) (Scheduler, error) { return start(s, "StepLR", &c) }

func (c *StepLR) next(b *base, t *Table) (values, error) {
	if b.Epoch == 0 {
		return current(t), nil
	}
	if c.StepSize == 0 {
		return values{}, errZero
	}
	if b.Epoch%c.StepSize != 0 {
		return current(t), nil
	}
	return scaled(t, c.Gamma), nil
}

func (c *StepLR) closed(b *base) ([]float64, error) {
	if c.StepSize == 0 {
		return nil, errZero
	}
	f := pow(c.Gamma, float64(floorDiv(b.Epoch, c.StepSize)))
	return ofBase(b, func(lr float64) float64 { return lr * f }), nil
}
