package phase

import (
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
)

// Directive says what the driver does after an event. Its parts are applied in
// the order of the fields: first the checkpoint is restored, last the fit
// stops. All values are absolute; applying a directive twice changes nothing.
type Directive struct {
	// Phase in force after the event.
	Phase int
	// Transition tells a change of phase.
	Transition *Transition
	// Restore loads a checkpoint.
	Restore *Rollback
	// Optimizer is built anew, with empty state, in place of the running one.
	Optimizer *registry.Spec
	// Regrouped tells that membership or options of the groups changed: the
	// driver rebuilds its groups from Groups. State of parameters that stay is
	// kept unless Restore or Optimizer say otherwise.
	Regrouped bool
	// LRsChanged tells that learning rates, or momenta that an LR scheduler
	// cycles, changed.
	LRsChanged bool
	// Groups is the whole table after the event, read only, valid until the
	// next Step. A parameter that is in no group is frozen.
	Groups []Group
	// FrozenBatchNorm says how BatchNorm layers whose parameters are in no group
	// behave.
	FrozenBatchNorm BatchNorm
	// Save asks for checkpoints to be written now, each holding State() as it
	// is after this event.
	Save []Save
	// Drop asks for checkpoints to be removed, after the saves are safe.
	Drop []Ref
	// Stop ends the fit.
	Stop *Stop
	// Notes are for the user: warnings and remarks.
	Notes diag.List
}

// Transition is a change of phase.
type Transition struct {
	From, To int
	// Reason reads as the rest of "phase 1 begins: …".
	Reason string
}

// Rollback loads a checkpoint at a change of phase.
type Rollback struct {
	From Ref
	// Optimizer tells whether the optimizer's state is restored too; where
	// not, every parameter starts with empty state.
	Optimizer bool
}

// Ref is a checkpoint: its name, and the directory it was saved in as the
// configuration of that session named it.
type Ref struct {
	Name string `json:"name"`
	Dir  string `json:"dir,omitempty"`
}

// Save is a request to write a checkpoint.
type Save struct {
	Ref
	// Best tells that it is the best one known.
	Best bool
	// Last tells the moving checkpoint, which is written anew each time.
	Last bool
}

// Stop ends a fit.
type Stop struct {
	// Cause is stable: "patience", "non-finite", "stopping-threshold",
	// "divergence-threshold", "max-epochs".
	Cause string
	// Reason is for the user.
	Reason string
}
