package lrsched

// CosineScheduleWithWarmup rises linearly from 0 and falls on a cosine:
// s/max(1, W) for s < W, then max(0, ½(1 + cos(2π·c·p))), p = (s − W)/max(1, N −
// W). With the default half cycle it climbs again after N, as in transformers.
// Source: transformers.get_cosine_schedule_with_warmup.
type CosineScheduleWithWarmup struct {
	WarmupSteps   Steps   `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int    `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	NumCycles     float64 `json:"num_cycles" doc:"waves of the cosine; a half falls to 0 once"`
}

// Build implements Builder.
func (c CosineScheduleWithWarmup) Build(s Site) (Scheduler, error) {
	sp, err := resolveSpan(s, c.WarmupSteps, c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	return timed(s, &cosineFall{sp, c.NumCycles, 0})
}

// cosineFall is the cosine above a floor of MinLRRate.
type cosineFall struct {
	span
	Cycles    float64 `json:"num_cycles"`
	MinLRRate float64 `json:"min_lr_rate"`
}

func (c *cosineFall) parameters() any { return c }

// At implements Lambda.
func (c *cosineFall) At(step int) (float64, error) {
	if step < c.Warmup {
		return c.rising(step), nil
	}
	f := cosineWave(c.Cycles, c.progress(step))
	return max(0, f*(1-c.MinLRRate)+c.MinLRRate), nil
}
