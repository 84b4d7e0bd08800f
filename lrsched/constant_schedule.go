package lrsched

// ConstantSchedule leaves the LR alone: factor 1. Source:
// transformers.get_constant_schedule.
type ConstantSchedule struct{}

// Build implements Builder.
func (ConstantSchedule) Build(s Site) (Scheduler, error) {
	return timed(s, LambdaFunc(func(int) float64 { return 1 }))
}
