package lrsched

// ConstantScheduleWithWarmup rises linearly from 0 and stays: s/max(1, W) for
// s < W, then 1. Source: transformers.get_constant_schedule_with_warmup.
type ConstantScheduleWithWarmup struct {
	WarmupSteps Steps `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
}

// Build implements Builder.
func (c ConstantScheduleWithWarmup) Build(s Site) (Scheduler, error) {
	n, err := resolveWarmup(c.WarmupSteps, s.Horizon)
	if err != nil {
		return nil, err
	}
	return timed(s, &warmedUp{n})
}

type warmedUp struct {
	Warmup int `json:"num_warmup_steps"`
}

func (w *warmedUp) parameters() any { return w }

// At implements Lambda.
func (w *warmedUp) At(step int) (float64, error) {
	if step < w.Warmup {
		return float64(step) / max(1, float64(w.Warmup)), nil
	}
	return 1, nil
}
