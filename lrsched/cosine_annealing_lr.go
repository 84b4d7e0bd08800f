package lrsched

import "math"

// CosineAnnealingLR swings the LR between the base LR and eta_min on half a
// cosine of T_max steps: lr(t) = η + (b − η)·(1 + cos(πt/T_max))/2, recursively.
// After T_max it climbs back, as in torch. Source: torch.optim.lr_scheduler;
// Loshchilov & Hutter 2017 (SGDR), without restarts.
type CosineAnnealingLR struct {
	TMax   int     `json:"T_max" arg:"required" doc:"steps from the base LR down to eta_min"`
	EtaMin float64 `json:"eta_min" doc:"lowest LR"`
}

// Build implements Builder.
func (c CosineAnnealingLR) Build(s Site) (Scheduler, error) {
	return start(s, "CosineAnnealingLR", &c)
}

func (c *CosineAnnealingLR) next(b *base, t *Table) (values, error) {
	n := float64(c.TMax)
	switch {
	case b.initial:
		return current(t), nil
	case c.TMax == 0:
		return values{}, errZero
	case b.Count == 1 && b.Epoch > 0:
		lrs, err := c.closed(b)
		return values{lrs: lrs}, err
	case (b.Epoch-1-c.TMax)%(2*c.TMax) == 0:
		if len(b.BaseLR) != len(t.Groups) {
			return values{}, mismatch(len(b.BaseLR), t)
		}
		v := current(t)
		for i := range v.lrs {
			v.lrs[i] += (b.BaseLR[i] - c.EtaMin) * (1 - math.Cos(math.Pi/n)) / 2
		}
		return v, nil
	}
	under := 1 + math.Cos(math.Pi*float64(b.Epoch-1)/n)
	if under == 0 {
		return values{}, errZero
	}
	f := (1 + math.Cos(math.Pi*float64(b.Epoch)/n)) / under
	v := current(t)
	for i := range v.lrs {
		v.lrs[i] = f*(v.lrs[i]-c.EtaMin) + c.EtaMin
	}
	return v, nil
}

func (c *CosineAnnealingLR) closed(b *base) ([]float64, error) {
	if c.TMax == 0 {
		return nil, errZero
	}
	cos := math.Cos(math.Pi * float64(b.Epoch) / float64(c.TMax))
	return ofBase(b, func(lr float64) float64 { return c.EtaMin + (lr-c.EtaMin)*(1+cos)/2 }), nil
}
