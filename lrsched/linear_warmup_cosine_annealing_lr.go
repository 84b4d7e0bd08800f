package lrsched

import (
	"fmt"
	"math"
)

// LinearWarmupCosineAnnealingLR rises linearly from warmup_start_lr and falls on
// half a cosine to eta_min: ws + t·(b − ws)/max(1, W − 1) for t < W, then
// η + ½(b − η)(1 + cos(π(t − W)/(M − W))), recursively. Where M is W there is no
// cosine and the base LR stays. After M it climbs back. Source: Lightning
// Flash's (lightning-bolts') class of that name.
type LinearWarmupCosineAnnealingLR struct {
	WarmupEpochs  int     `json:"warmup_epochs" arg:"required" doc:"steps of the warm-up"`
	MaxEpochs     int     `json:"max_epochs" arg:"required" doc:"steps until eta_min"`
	WarmupStartLR float64 `json:"warmup_start_lr" doc:"LR of the first step"`
	EtaMin        float64 `json:"eta_min" doc:"lowest LR of the cosine"`
}

func (c LinearWarmupCosineAnnealingLR) validate() error {
	if c.WarmupEpochs < 0 || c.MaxEpochs < c.WarmupEpochs {
		return fmt.Errorf("warmup_epochs, max_epochs: want 0 <= warmup_epochs <= max_epochs, got %d and %d", c.WarmupEpochs, c.MaxEpochs)
	}
	return nil
}

// Build implements Builder.
func (c LinearWarmupCosineAnnealingLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return start(s, "LinearWarmupCosineAnnealingLR", &c)
}

func (c *LinearWarmupCosineAnnealingLR) next(b *base, t *Table) (values, error) {
	n := c.MaxEpochs - c.WarmupEpochs
	switch {
	case b.Epoch == 0 || b.Epoch == c.WarmupEpochs:
		lrs, err := c.closed(b)
		return values{lrs: lrs}, err
	case n == 0 && b.Epoch > c.WarmupEpochs:
		return current(t), nil
	}
	v := current(t)
	if len(b.BaseLR) != len(v.lrs) {
		return values{}, mismatch(len(b.BaseLR), t)
	}
	angle := func(epoch int) float64 { return math.Pi * float64(epoch-c.WarmupEpochs) / float64(n) }
	for i, lr := range v.lrs {
		switch {
		case b.Epoch < c.WarmupEpochs:
			v.lrs[i] = lr + (b.BaseLR[i]-c.WarmupStartLR)/float64(max(1, c.WarmupEpochs-1))
		case (b.Epoch-1-c.MaxEpochs)%(2*n) == 0:
			v.lrs[i] = lr + (b.BaseLR[i]-c.EtaMin)*(1-math.Cos(math.Pi/float64(n)))/2
		default:
			v.lrs[i] = (1+math.Cos(angle(b.Epoch)))/(1+math.Cos(angle(b.Epoch-1)))*(lr-c.EtaMin) + c.EtaMin
		}
	}
	return v, nil
}

func (c *LinearWarmupCosineAnnealingLR) closed(b *base) ([]float64, error) {
	n := c.MaxEpochs - c.WarmupEpochs
	return ofBase(b, func(lr float64) float64 {
		switch {
		case b.Epoch < c.WarmupEpochs:
			return c.WarmupStartLR + float64(b.Epoch)*(lr-c.WarmupStartLR)/float64(max(1, c.WarmupEpochs-1))
		case n == 0 || b.Epoch == c.WarmupEpochs:
			return lr
		}
		return c.EtaMin + 0.5*(lr-c.EtaMin)*(1+math.Cos(math.Pi*float64(b.Epoch-c.WarmupEpochs)/float64(n)))
	}), nil
}
