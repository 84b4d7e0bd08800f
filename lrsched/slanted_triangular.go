package lrsched

import (
	"fmt"
	"math"
)

// SlantedTriangular rises linearly for a short share of the run and falls
// linearly for the rest: cut = ⌊N·cut_frac⌋, p = t/cut for t < cut, else
// 1 − (t − cut)/(cut·(1/cut_frac − 1)), factor (1 + p·(ratio − 1))/ratio. p stays
// at 0 after the end, and with cut = 0 there is no rise. Source: Howard & Ruder
// 2018 (ULMFiT), equation 3.
type SlantedTriangular struct {
	TrainingSteps *int    `json:"num_training_steps" doc:"all steps; the run's length if not given"`
	CutFrac       float64 `json:"cut_frac" doc:"share of the steps that rises, within [0, 1]"`
	Ratio         float64 `json:"ratio" doc:"how much smaller the lowest LR is than the peak"`
}

func (c SlantedTriangular) validate() error {
	switch {
	case !(c.CutFrac >= 0 && c.CutFrac <= 1):
		return fmt.Errorf("cut_frac: want a number between 0 and 1, got %v", c.CutFrac)
	case !(c.Ratio >= 1) || math.IsInf(c.Ratio, 0):
		return fmt.Errorf("ratio: want 1 or more, got %v", c.Ratio)
	}
	return nil
}

// Build implements Builder.
func (c SlantedTriangular) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	sp, err := resolveSpan(s, Count(0), c.TrainingSteps)
	if err != nil {
		return nil, err
	}
	return timed(s, &slanted{sp.Total, c.CutFrac, c.Ratio})
}

type slanted struct {
	Total   int     `json:"num_training_steps"`
	CutFrac float64 `json:"cut_frac"`
	Ratio   float64 `json:"ratio"`
}

func (l *slanted) parameters() any { return l }

// At implements Lambda.
func (l *slanted) At(step int) (float64, error) {
	cut := math.Floor(float64(l.Total) * l.CutFrac)
	t := float64(step)
	rest := float64(l.Total)
	if cut > 0 {
		rest = cut * (1/l.CutFrac - 1)
	}
	var p float64
	switch {
	case t < cut:
		p = t / cut
	case t == cut:
		p = 1
	case rest > 0:
		p = max(0, 1-(t-cut)/rest)
	}
	return (1 + p*(l.Ratio-1)) / l.Ratio, nil
}
