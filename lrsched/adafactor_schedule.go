package lrsched

import (
	"encoding/json"
	"math"
	"slices"
)

// AdafactorSchedule sets nothing: it reports the step sizes that an Adafactor
// with relative steps chooses itself (Group.OwnLR), and initial_lr before the
// first of them. Source: transformers.get_adafactor_schedule.
type AdafactorSchedule struct {
	InitialLR float64 `json:"initial_lr" doc:"LR to report before the first optimizer step"`
}

// Build implements Builder.
func (c AdafactorSchedule) Build(s Site) (Scheduler, error) {
	a := &adafactor{adafactorState{Base: slices.Repeat(Reals{c.InitialLR}, len(s.Table.Groups)), Epoch: -1, InitialLR: c.InitialLR}}
	if err := storable(&a.adafactorState); err != nil {
		return nil, err
	}
	return a, a.initialStep(s.Table)
}

type adafactor struct{ adafactorState }

type adafactorState struct {
	Base      Reals   `json:"base_lrs"`
	Epoch     int     `json:"last_epoch"`
	Count     int     `json:"_step_count"`
	Last      Reals   `json:"_last_lr"`
	InitialLR float64 `json:"initial_lr"`
}

// RelativeStep is the step size that Adafactor chooses at a step, counted from
// 1, for a parameter of the given root mean square: max(ε₂, rms)·min(10⁻², 1/√t),
// with ε₂ = 10⁻³ by default and 10⁻⁶·t in place of 10⁻² during its own warm-up.
// Source: transformers' Adafactor; Shazeer & Stern 2018.
func RelativeStep(step int, rms, eps2 float64, warmup bool) float64 {
	least := 1e-2
	if warmup {
		least = 1e-6 * float64(step)
	}
	return max(eps2, rms) * min(least, 1/math.Sqrt(float64(step)))
}

// Class implements Scheduler.
func (a *adafactor) Class() string { return "AdafactorSchedule" }

// LastEpoch implements Scheduler.
func (a *adafactor) LastEpoch() int { return a.Epoch }

// BaseLRs implements Scheduler.
func (a *adafactor) BaseLRs() []float64 { return slices.Clone(a.Base) }

// LastLRs implements Scheduler.
func (a *adafactor) LastLRs() []float64 { return slices.Clone(a.Last) }

// Step implements Scheduler.
func (a *adafactor) Step(t *Table) error {
	a.Epoch++
	a.Count++
	for i := range t.Groups {
		g := &t.Groups[i]
		g.LR = a.InitialLR
		if g.OwnLR.Set {
			g.LR = g.OwnLR.Value
		}
	}
	a.Last = t.LRs()
	return nil
}

func (a *adafactor) initialStep(t *Table) error { return a.Step(t) }

// Extend implements Scheduler: a late group is reported like the others.
func (a *adafactor) Extend(_ *Table, lrs []float64) error {
	a.Base = append(slices.Clone(a.Base), slices.Repeat(Reals{a.InitialLR}, len(lrs))...)
	return nil
}

// State implements Scheduler.
func (a *adafactor) State() json.RawMessage { return merged(&a.adafactorState) }

// Load implements Scheduler.
func (a *adafactor) Load(state json.RawMessage) error {
	s := a.adafactorState
	if err := load("AdafactorSchedule", state, &s); err != nil {
		return err
	}
	a.adafactorState = s
	return nil
}
