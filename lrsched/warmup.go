package lrsched

import (
	"fmt"
	"math"
)

// span is a warm-up within a run: what the schedules of transformers share.
// Their functions of time are factors of the base LR, and their parameters stand
// in the state.
type span struct {
	Warmup int `json:"num_warmup_steps"`
	Total  int `json:"num_training_steps"`
}

// resolveSpan finds the lengths: total is the argument, or else the site's horizon;
// a warm-up that is a fraction is a share of it.
func resolveSpan(s Site, warmup Steps, total *int) (span, error) {
	sp := span{Total: s.Horizon}
	if total != nil {
		sp.Total = *total
	} else if s.Horizon <= 0 {
		return sp, fmt.Errorf("%w: give num_training_steps", ErrLength)
	}
	var err error
	if sp.Warmup, err = resolveWarmup(warmup, sp.Total); err != nil {
		return sp, err
	}
	return sp, nil
}

func resolveWarmup(warmup Steps, total int) (int, error) {
	n, err := warmup.Of(total)
	if err != nil {
		return 0, fmt.Errorf("num_warmup_steps: %w", err)
	}
	return n, nil
}

// rising is the linear warm-up: step/max(1, warmup).
func (sp *span) rising(step int) float64 { return float64(step) / float64(max(1, sp.Warmup)) }

// progress is how far the rest is: (step − warmup)/max(1, total − warmup).
func (sp *span) progress(step int) float64 {
	return float64(step-sp.Warmup) / float64(max(1, sp.Total-sp.Warmup))
}

// cosineWave is ½(1 + cos(2π·cycles·p)).
func cosineWave(cycles, p float64) float64 { return 0.5 * (1 + math.Cos(math.Pi*cycles*2*p)) }
