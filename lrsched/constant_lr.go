package lrsched

import "errors"

// ConstantLR holds the LR at a factor of the base LR for total_iters steps:
// lr(t) = b·factor for t < total_iters, then b, recursively. Source:
// torch.optim.lr_scheduler.
type ConstantLR struct {
	Factor     float64 `json:"factor" doc:"factor until total_iters, within [0, 1]"`
	TotalIters int     `json:"total_iters" doc:"steps until the base LR is reached; 0 never reaches it"`
}

func (c ConstantLR) validate() error {
	if !(c.Factor >= 0 && c.Factor <= 1) {
		return errors.New("factor: the constant multiplicative factor must be between 0 and 1")
	}
	return nil
}

// Build implements Builder.
func (c ConstantLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return start(s, "ConstantLR", &c)
}

func (c *ConstantLR) next(b *base, t *Table) (values, error) {
	switch {
	case b.Epoch == 0:
		return scaled(t, c.Factor), nil
	case b.Epoch != c.TotalIters:
		return current(t), nil
	case c.Factor == 0:
		return values{}, errZero
	}
	return scaled(t, 1/c.Factor), nil
}

func (c *ConstantLR) closed(b *base) ([]float64, error) {
	f := c.Factor
	if b.Epoch >= c.TotalIters {
		f += 1 - c.Factor
	}
	return ofBase(b, func(lr float64) float64 { return lr * f }), nil
}
