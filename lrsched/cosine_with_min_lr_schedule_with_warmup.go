package lrsched

import "errors"

// CosineWithMinLRScheduleWithWarmup is the cosine schedule above a floor r: the
// factor f becomes max(0, f·(1 − r) + r) after the warm-up, with r = min_lr_rate
// or min_lr/b. b is the optimizer's default LR for every group, as in
// transformers. Source: transformers.get_cosine_with_min_lr_schedule_with_warmup.
type CosineWithMinLRScheduleWithWarmup struct {
	WarmupSteps   Steps    `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	TrainingSteps *int     `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	NumCycles     float64  `json:"num_cycles" doc:"waves of the cosine; a half falls to the floor once"`
	MinLR         *float64 `json:"min_lr" doc:"LR at the end; either this or min_lr_rate"`
	MinLRRate     *float64 `json:"min_lr_rate" doc:"LR at the end as a share of the base LR"`
}

func (c CosineWithMinLRScheduleWithWarmup) validate() error {
	return validateFloor(c.MinLR, c.MinLRRate)
}

func validateFloor(minLR, rate *float64) error {
	switch {
	case minLR != nil && rate != nil:
		return errors.New("min_lr, min_lr_rate: only one of them should be set")
	case minLR == nil && rate == nil:
		return errors.New("min_lr, min_lr_rate: one of them should be set")
	}
	return nil
}

// floorRate is the floor as a share of the base LR.
func floorRate(s Site, minLR, rate *float64) (float64, error) {
	switch {
	case rate != nil:
		return *rate, nil
	case s.Table.DefaultLR == 0:
		return 0, errors.New("min_lr: the optimizer's LR is 0")
	}
	return *minLR / s.Table.DefaultLR, nil
}

// Build implements Builder.
func (c CosineWithMinLRScheduleWithWarmup) Build(s Site) (Scheduler, error) {
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
	return timed(s, &cosineFall{sp, c.NumCycles, rate})
}
