package lrsched

import "math"

// CosineWithHardRestartsScheduleWithWarmup rises linearly from 0 and then falls
// on half a cosine num_cycles times, jumping back between: s/max(1, W) for
// s < W, then max(0, ½(1 + cos(π·((c·p) mod 1)))), and 0 from N on. Source:
// transformers.get_cosine_with_hard_restarts_schedule_with_warmup.
type CosineWithHardRestartsScheduleWithWarmup struct {
	WarmupSteps   Steps   `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int    `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	NumCycles     float64 `json:"num_cycles" doc:"falls from the base LR to 0"`
}

// Build implements Builder.
func (c CosineWithHardRestartsScheduleWithWarmup) Build(s Site) (Scheduler, error) {
	sp, err := resolveSpan(s, c.WarmupSteps, c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	return timed(s, &hardRestarts{sp, c.NumCycles})
}

type hardRestarts struct {
	span
	Cycles float64 `json:"num_cycles"`
}

func (h *hardRestarts) parameters() any { return h }

// At implements Lambda.
func (h *hardRestarts) At(step int) (float64, error) {
	if step < h.Warmup {
		return h.rising(step), nil
	}
	p := h.progress(step)
	if p >= 1 {
		return 0, nil
	}
	return max(0, 0.5*(1+math.Cos(math.Pi*modulo(h.Cycles*p, 1)))), nil
}
