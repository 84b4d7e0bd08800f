package lrsched

import (
	"fmt"
	"math"
)

// WSDSchedule warms up, stays, and decays to a floor m: in W steps by
// f·(1 − m) + m with f = x, ½(1 − cos πx) or 1 − √(1 − x); S steps at 1; in D
// steps by the same with f = 1 − x, ½(1 + cos 2πcx) or 1 − √x; then m. S is what
// is left of the run if it is not given. Source: transformers.get_wsd_schedule;
// Hu et al. 2024 (MiniCPM).
type WSDSchedule struct {
	WarmupSteps   Steps   `json:"num_warmup_steps" arg:"required" doc:"steps of the warm-up, or their share of the run"`
	DecaySteps    Steps   `json:"num_decay_steps" arg:"required" doc:"steps of the decay, or their share of the run"`
	TrainingSteps *int    `json:"num_training_steps" doc:"all steps; the run's length if neither this nor num_stable_steps is given"`
	StableSteps   *int    `json:"num_stable_steps" doc:"steps at the base LR; wins over num_training_steps"`
	WarmupType    string  `json:"warmup_type" doc:"linear, cosine or 1-sqrt"`
	DecayType     string  `json:"decay_type" doc:"linear, cosine or 1-sqrt"`
	MinLRRatio    float64 `json:"min_lr_ratio" doc:"floor as a share of the base LR"`
	NumCycles     float64 `json:"num_cycles" doc:"waves of a cosine decay"`
}

func (c WSDSchedule) validate() error {
	for _, kind := range []struct{ name, value string }{{"warmup_type", c.WarmupType}, {"decay_type", c.DecayType}} {
		switch kind.value {
		case "linear", "cosine", "1-sqrt":
		default:
			return fmt.Errorf("%s: %q is unknown; want linear, cosine or 1-sqrt", kind.name, kind.value)
		}
	}
	return nil
}

// Build implements Builder.
func (c WSDSchedule) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	total := s.Horizon
	switch {
	case c.TrainingSteps != nil && c.StableSteps != nil:
		s.note("wsd_schedule: both num_training_steps and num_stable_steps are given; num_stable_steps is used")
		total = *c.TrainingSteps
	case c.TrainingSteps != nil:
		total = *c.TrainingSteps
	case c.StableSteps == nil && total <= 0:
		return nil, fmt.Errorf("%w: give num_training_steps or num_stable_steps", ErrLength)
	}
	warmup, err := resolveWarmup(c.WarmupSteps, total)
	if err != nil {
		return nil, err
	}
	decay, err := c.DecaySteps.Of(total)
	if err != nil {
		return nil, fmt.Errorf("num_decay_steps: %w", err)
	}
	stable := total - warmup - decay
	if c.StableSteps != nil {
		stable = *c.StableSteps
	}
	return timed(s, &wsd{warmup, stable, decay, c.WarmupType, c.DecayType, c.MinLRRatio, c.NumCycles})
}

type wsd struct {
	Warmup     int     `json:"num_warmup_steps"`
	Stable     int     `json:"num_stable_steps"`
	Decay      int     `json:"num_decay_steps"`
	WarmupType string  `json:"warmup_type"`
	DecayType  string  `json:"decay_type"`
	MinLRRatio float64 `json:"min_lr_ratio"`
	Cycles     float64 `json:"num_cycles"`
}

func (w *wsd) parameters() any { return w }

// At implements Lambda.
func (w *wsd) At(step int) (float64, error) {
	switch {
	case step < w.Warmup:
		return w.lifted(w.rise(float64(step) / float64(max(1, w.Warmup)))), nil
	case step < w.Warmup+w.Stable:
		return 1, nil
	case step < w.Warmup+w.Stable+w.Decay:
		return w.lifted(w.fall(float64(step-w.Warmup-w.Stable) / float64(max(1, w.Decay)))), nil
	}
	return w.MinLRRatio, nil
}

// lifted puts a factor above the floor.
func (w *wsd) lifted(f float64) float64 { return max(0, f*(1-w.MinLRRatio)+w.MinLRRatio) }

func (w *wsd) rise(x float64) float64 {
	switch w.WarmupType {
	case "cosine":
		return 0.5 * (1 - math.Cos(math.Pi*x))
	case "1-sqrt":
		return 1 - math.Sqrt(1-x)
	}
	return x
}

func (w *wsd) fall(x float64) float64 {
	switch w.DecayType {
	case "cosine":
		return cosineWave(w.Cycles, x)
	case "1-sqrt":
		return 1 - math.Sqrt(x)
	}
	return 1 - x
}
