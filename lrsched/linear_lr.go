package lrsched

import "errors"

// LinearLR moves the LR linearly between two factors of the base LR:
// lr(t) = b·(s + (e − s)·min(t, N)/N), recursively. Source:
// torch.optim.lr_scheduler.
type LinearLR struct {
	StartFactor float64 `json:"start_factor" doc:"factor of the first step, within (0, 1]"`
	EndFactor   float64 `json:"end_factor" doc:"factor from step total_iters on, within [0, 1]"`
	TotalIters  int     `json:"total_iters" doc:"steps from one factor to the other"`
}

func (c LinearLR) validate() error {
	if !(c.StartFactor > 0 && c.StartFactor <= 1) {
		return errors.New("start_factor: the starting multiplicative factor must be greater than 0 and at most 1")
	}
	if !(c.EndFactor >= 0 && c.EndFactor <= 1) {
		return errors.New("end_factor: the ending multiplicative factor must be between 0 and 1")
	}
	return nil
}

// Build implements Builder.
func (c LinearLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return start(s, "LinearLR", &c)
}

func (c *LinearLR) next(b *base, t *Table) (values, error) {
	if b.Epoch == 0 {
		return scaled(t, c.StartFactor), nil
	}
	if b.initial || b.Epoch > c.TotalIters {
		return current(t), nil
	}
	slope := c.EndFactor - c.StartFactor
	under := float64(c.TotalIters)*c.StartFactor + float64(b.Epoch-1)*slope
	if under == 0 {
		return values{}, errZero
	}
	return scaled(t, 1+slope/under), nil
}

func (c *LinearLR) closed(b *base) ([]float64, error) {
	if c.TotalIters == 0 {
		return nil, errZero
	}
	f := c.StartFactor + (c.EndFactor-c.StartFactor)*float64(min(c.TotalIters, b.Epoch))/float64(c.TotalIters)
	return ofBase(b, func(lr float64) float64 { return lr * f }), nil
}
