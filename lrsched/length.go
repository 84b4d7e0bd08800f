package lrsched

import "slices"

// Length is after how many steps the scheduler has run its course, from which
// on it stays or repeats itself: 0 where it has no end of its own. A phase that
// is shorter cuts it.
func (r *Resolved) Length(b Budget) int { return length(r.Builder, b.Horizon(r.Config)) }

func length(b Builder, horizon int) int {
	total := func(n *int) int {
		if n != nil {
			return *n
		}
		return horizon
	}
	switch b := b.(type) {
	case resumedBuilder:
		return max(0, length(b.Builder, horizon)-b.steps)
	case MultiStepLR:
		return slices.Max(append([]int{0}, b.Milestones...))
	case ConstantLR:
		return b.TotalIters
	case LinearLR:
		return b.TotalIters
	case PolynomialLR:
		return b.TotalIters
	case CosineAnnealingLR:
		return b.TMax
	case OneCycleLR:
		n, _ := b.steps(Site{Horizon: horizon})
		return n
	case SWALR:
		return b.AnnealEpochs
	case LinearWarmupCosineAnnealingLR:
		return b.MaxEpochs
	case LinearScheduleWithWarmup:
		return total(b.TrainingSteps)
	case CosineScheduleWithWarmup:
		return total(b.TrainingSteps)
	case CosineWithHardRestartsScheduleWithWarmup:
		return total(b.TrainingSteps)
	case PolynomialDecayScheduleWithWarmup:
		return total(b.TrainingSteps)
	case CosineWithMinLRScheduleWithWarmup:
		return total(b.TrainingSteps)
	case CosineWithMinLRScheduleWithWarmupLRRate:
		return total(b.TrainingSteps)
	case WSDSchedule:
		return b.length(horizon)
	case SlantedTriangular:
		return total(b.TrainingSteps)
	case ChainedScheduler:
		longest := 0
		for _, m := range b.Schedulers {
			longest = max(longest, length(m, horizon))
		}
		return longest
	case SequentialLR:
		last := len(b.Schedulers) - 1
		if last < 0 || len(b.Milestones) != last {
			return 0
		}
		begin := 0
		if last > 0 {
			begin = b.Milestones[last-1]
		}
		return begin + length(b.Schedulers[last], b.horizon(last, horizon))
	}
	return 0
}

// length is W + S + D.
func (c WSDSchedule) length(horizon int) int {
	total := horizon
	if c.TrainingSteps != nil {
		total = *c.TrainingSteps
	}
	if c.StableSteps == nil {
		return total
	}
	warmup, err := c.WarmupSteps.Of(total)
	if err != nil {
		return 0
	}
	decay, err := c.DecaySteps.Of(total)
	if err != nil {
		return 0
	}
	return warmup + *c.StableSteps + decay
}
