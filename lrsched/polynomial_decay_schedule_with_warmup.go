package lrsched

import "fmt"

// PolynomialDecayScheduleWithWarmup rises linearly from 0 and falls to lr_end:
// s/max(1, W) for s < W, ((b − e)·(1 − (s − W)/(N − W))^power + e)/b up to N, then
// e/b. b is the optimizer's default LR for every group, as in transformers, so
// groups with another LR do not end at lr_end. Source:
// transformers.get_polynomial_decay_schedule_with_warmup.
type PolynomialDecayScheduleWithWarmup struct {
	WarmupSteps   Steps   `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int    `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	LREnd         float64 `json:"lr_end" doc:"LR at the end, below the optimizer's"`
	Power         float64 `json:"power" doc:"exponent of the decay"`
}

// Build implements Builder.
func (c PolynomialDecayScheduleWithWarmup) Build(s Site) (Scheduler, error) {
	sp, err := resolveSpan(s, c.WarmupSteps, c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	if !(s.Table.DefaultLR > c.LREnd) {
		return nil, fmt.Errorf("lr_end (%v) must be smaller than the optimizer's LR (%v)", c.LREnd, s.Table.DefaultLR)
	}
	return timed(s, &polynomialFall{sp, c.LREnd, c.Power, s.Table.DefaultLR})
}

type polynomialFall struct {
	span
	End   float64 `json:"lr_end"`
	Power float64 `json:"power"`
	Init  float64 `json:"lr_init"`
}

func (p *polynomialFall) parameters() any { return p }

// At implements Lambda.
func (p *polynomialFall) At(step int) (float64, error) {
	switch {
	case p.Init == 0:
		return 0, errZero
	case step < p.Warmup:
		return p.rising(step), nil
	case step > p.Total:
		return p.End / p.Init, nil
	case p.Total == p.Warmup:
		return 0, fmt.Errorf("num_training_steps equals num_warmup_steps: %w", errZero)
	}
	remaining := 1 - float64(step-p.Warmup)/float64(p.Total-p.Warmup)
	f, err := power(remaining, p.Power)
	return ((p.Init-p.End)*f + p.End) / p.Init, err
}
