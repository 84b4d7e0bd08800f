package lrsched

import (
	"fmt"
	"math"
)

// InverseSqrtSchedule rises linearly from 0 and falls with the inverse square
// root: s/max(1, W) for s < W, then 1/√((s + τ − W)/τ). The timescale τ is W, or
// 10000 without a warm-up. Source: transformers.get_inverse_sqrt_schedule.
type InverseSqrtSchedule struct {
	WarmupSteps Steps `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	Timescale   *int  `json:"timescale" doc:"steps in which the LR falls to 1/√2; num_warmup_steps, or 10000, if not given"`
}

func (c InverseSqrtSchedule) validate() error {
	if c.Timescale != nil && *c.Timescale <= 0 {
		return fmt.Errorf("timescale: want 1 or more, got %d", *c.Timescale)
	}
	return nil
}

// Build implements Builder.
func (c InverseSqrtSchedule) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	n, err := resolveWarmup(c.WarmupSteps, s.Horizon)
	if err != nil {
		return nil, err
	}
	scale := 10000
	switch {
	case c.Timescale != nil:
		scale = *c.Timescale
	case n > 0:
		scale = n
	}
	return timed(s, &inverseSqrt{n, scale})
}

type inverseSqrt struct {
	Warmup    int `json:"num_warmup_steps"`
	Timescale int `json:"timescale"`
}

func (i *inverseSqrt) parameters() any { return i }

// At implements Lambda.
func (i *inverseSqrt) At(step int) (float64, error) {
	if step < i.Warmup {
		return float64(step) / float64(max(1, i.Warmup)), nil
	}
	return 1 / math.Sqrt(float64(step+i.Timescale-i.Warmup)/float64(i.Timescale)), nil
}
