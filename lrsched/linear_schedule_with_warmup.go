package lrsched

// LinearScheduleWithWarmup rises linearly from 0 and falls linearly to 0 at the
// end: s/max(1, W) for s < W, then max(0, (N − s)/max(1, N − W)). Source:
// transformers.get_linear_schedule_with_warmup.
type LinearScheduleWithWarmup struct {
	WarmupSteps   Steps `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int  `json:"num_training_steps" doc:"all steps; the run's length if not given"`
}

// Build implements Builder.
func (c LinearScheduleWithWarmup) Build(s Site) (Scheduler, error) {
	sp, err := resolveSpan(s, c.WarmupSteps, c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	return timed(s, &linearFall{sp})
}

type linearFall struct{ span }

func (l *linearFall) parameters() any { return l }

// At implements Lambda.
func (l *linearFall) At(step int) (float64, error) {
	if step < l.Warmup {
		return l.rising(step), nil
	}
	return max(0, float64(l.Total-step)/float64(max(1, l.Total-l.Warmup))), nil
}
