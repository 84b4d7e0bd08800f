package thaw

import (
	"context"
	"fmt"
	"slices"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/trainer"
)

// FindLR sweeps learning rates for the groups of a phase, see trainer.FindLR.
// It needs no run folder and leaves none; sink hears of its progress.
func (r *Run) FindLR(ctx context.Context, e engine.Engine, w trainer.Sweep, sink event.Sink) ([]trainer.Curve, error) {
	tr, err := trainer.New(r.trainerConfig(e, "", sink))
	if err != nil {
		return nil, err
	}
	s := trainer.Schedule{Plan: r.Plan, Options: r.scheduling.options, Groups: r.initial, EarlyStopping: r.scheduling.stop}
	if w.Phase > 0 {
		if s.Plan, err = r.hasten(w.Phase); err != nil {
			return nil, err
		}
		s.Options.EpochTransitionsOnly, s.EarlyStopping = true, nil
	}
	return tr.FindLR(ctx, r.Task, r.Data, s, w)
}

// hasten is the plan with an epoch for each phase.
func (r *Run) hasten(to int) (*schedule.Plan, error) {
	if r.Schedule == nil {
		return nil, fmt.Errorf("phase %d: the fit has no schedule, and so phase 0 only", to)
	}
	fast := *r.Schedule
	fast.Phases = slices.Clone(fast.Phases)
	for i := range fast.Phases {
		fast.Phases[i].MaxTransitionEpoch = Ptr(i + 1)
	}
	opts, err := r.resolving()
	if err != nil {
		return nil, err
	}
	opts.EpochTransitionsOnly = true
	plan, found := fast.Resolve(r.Task.Network().Params().Infos(), opts)
	return plan, found.Err()
}
