package lrsched

// CosineWithMinLRScheduleWithWarmupLRRate is the cosine schedule above a floor r
// whose warm-up does not begin at 0: (s + 1)/max(1, W), or from a rate w the
// line w + (1 − w)·s/max(1, W − 1); then the cosine at p = (s − W + 1)/max(1, N −
// W). Source: transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate.
type CosineWithMinLRScheduleWithWarmupLRRate struct {
	WarmupSteps   Steps    `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int     `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	NumCycles     float64  `json:"num_cycles" doc:"waves of the cosine; a half falls to the floor once"`
	MinLR         *float64 `json:"min_lr" doc:"LR at the end; either this or min_lr_rate"`
	MinLRRate     *float64 `json:"min_lr_rate" doc:"LR at the end as a share of the base LR"`
	WarmupLRRate  *float64 `json:"warmup_lr_rate" doc:"factor of the first step"`
}

func (c CosineWithMinLRScheduleWithWarmupLRRate) validate() error {
	return validateFloor(c.MinLR, c.MinLRRate)
}

// Build implements Builder.
func (c CosineWithMinLRScheduleWithWarmupLRRate) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	sp, err := resolveSpan(s, c.WarmupSteps, c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	rate, err := floorRate(s, c.MinLR, c.MinLRRate)
	if err != nil {
		return nil, err
	}
	return timed(s, &cosineFromRate{sp, c.NumCycles, rate, c.WarmupLRRate})
}

type cosineFromRate struct {
	span
	Cycles       float64  `json:"num_cycles"`
	MinLRRate    float64  `json:"min_lr_rate"`
	WarmupLRRate *float64 `json:"warmup_lr_rate"`
}

func (c *cosineFromRate) parameters() any { return c }

// At implements Lambda.
func (c *cosineFromRate) At(step int) (float64, error) {
	switch {
	case step >= c.Warmup:
	case c.WarmupLRRate == nil:
		return c.rising(step + 1), nil
	default:
		w := *c.WarmupLRRate
		return w + (1-w)*float64(step)/float64(max(1, c.Warmup-1)), nil
	}
	f := cosineWave(c.Cycles, c.progress(step+1))
	return max(0, f*(1-c.MinLRRate)+c.MinLRRate), nil
}
