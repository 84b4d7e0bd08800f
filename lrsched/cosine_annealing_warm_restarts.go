package lrsched

import (
	"fmt"
	"math"
)

// CosineAnnealingWarmRestarts anneals on half a cosine and starts anew, each
// cycle T_mult times as long as the one before:
// lr = η + (b − η)·(1 + cos(π·T_cur/T_i))/2. It takes fractions of an epoch.
// Source: torch.optim.lr_scheduler; Loshchilov & Hutter 2017 (SGDR).
type CosineAnnealingWarmRestarts struct {
	T0     int     `json:"T_0" arg:"required,strict" doc:"length of the first cycle"`
	TMult  int     `json:"T_mult" arg:"strict" doc:"factor of each next cycle's length"`
	EtaMin float64 `json:"eta_min" doc:"lowest LR"`
}

func (c CosineAnnealingWarmRestarts) validate() error {
	if c.T0 <= 0 {
		return fmt.Errorf("expected positive integer T_0, but got %d", c.T0)
	}
	if c.TMult < 1 {
		return fmt.Errorf("expected integer T_mult >= 1, but got %d", c.TMult)
	}
	return nil
}

// Build implements Builder.
func (c CosineAnnealingWarmRestarts) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return start(s, "CosineAnnealingWarmRestarts", &warmRestarts{
		CosineAnnealingWarmRestarts: c,
		Ti:                          c.T0,
		TCur:                        float64(s.Resumed - 1),
	})
}

type warmRestarts struct {
	CosineAnnealingWarmRestarts
	Ti   int     `json:"T_i"`
	TCur float64 `json:"T_cur"`
}

// advance moves within the cycle. Torch finds the cycle of a given epoch by a
// logarithm, which rounding spoils at some boundaries (log 243 to base 3); here
// it is counted.
func (r *warmRestarts) advance(b *base, to *float64) error {
	zero := 0.0
	if to == nil && b.Epoch < 0 {
		to = &zero
	}
	if to == nil {
		b.Epoch++
		r.TCur++
		if r.TCur >= float64(r.Ti) {
			r.TCur = modulo(r.TCur, float64(r.Ti))
			r.lengthen()
		}
		return nil
	}
	epoch := *to
	if !(epoch >= 0) || epoch > 1<<53 {
		return fmt.Errorf("expected a non-negative epoch, but got %v", epoch)
	}
	switch {
	case epoch < float64(r.T0):
		r.Ti, r.TCur = r.T0, epoch
	case r.TMult == 1:
		r.TCur = modulo(epoch, float64(r.T0))
	default:
		r.Ti, r.TCur = r.T0, epoch
		for r.TCur >= float64(r.Ti) {
			r.TCur -= float64(r.Ti)
			r.lengthen()
		}
	}
	b.Epoch = int(math.Floor(epoch))
	return nil
}

// lengthen goes on to the next cycle's length, up to what no run outlasts.
func (r *warmRestarts) lengthen() {
	const longest = 1 << 53
	if r.Ti > longest/r.TMult {
		r.Ti = longest
		return
	}
	r.Ti *= r.TMult
}

// loaded refuses what could not be a cycle.
func (r *warmRestarts) loaded(*base) error {
	if r.Ti <= 0 || !(r.TCur >= -1) {
		return fmt.Errorf("no cycle has T_i %d and T_cur %v", r.Ti, r.TCur)
	}
	return r.validate()
}

func (r *warmRestarts) next(b *base, _ *Table) (values, error) {
	cos := math.Cos(math.Pi * r.TCur / float64(r.Ti))
	return values{lrs: ofBase(b, func(lr float64) float64 { return r.EtaMin + (lr-r.EtaMin)*(1+cos)/2 })}, nil
}
