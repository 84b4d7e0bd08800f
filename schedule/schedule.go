package schedule

import (
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
)

// Schedule is a fine-tuning schedule as written: patterns, not yet names.
type Schedule struct {
	// Name says where the schedule came from: a file, or a preset's name.
	Name string
	// Generated tells a schedule that was made from the model's parameters.
	Generated bool
	// Phases are in the order of their keys.
	Phases []PhaseSpec
}

// PhaseSpec is one phase as written.
type PhaseSpec struct {
	// Key is the phase's number as written; 0, 1, 2, … in a valid schedule.
	Key int
	// Params are names and patterns in the order written.
	Params []Entry
	// LR is the learning rate of the groups that the phase adds; nil takes
	// Options.BaseMaxLR.
	LR *float64
	// MaxTransitionEpoch is the epoch at whose start the next phase begins at
	// the latest; negative or nil: never by epoch.
	MaxTransitionEpoch *int
	// NewLRScheduler replaces the LR scheduler when the phase begins.
	NewLRScheduler *Reinit
	// NewOptimizer replaces the optimizer when the phase begins.
	NewOptimizer *registry.Spec
	// Source says where the phase and its keys stand.
	Source PhaseSource
}

// PhaseSource holds the places of a phase's parts, for findings that are made
// after parsing.
type PhaseSource struct {
	Key, LR, MaxTransitionEpoch, NewLRScheduler, InitPGLRs, NewOptimizer Place
}

// Place is a position with the text of its line.
type Place struct {
	Pos  diag.Pos
	Line string
}

// Entry is one name or pattern.
type Entry struct {
	Text  string
	Place Place
}

// LRScheduler is an LR scheduler with the rhythm at which it steps: what
// Lightning calls a scheduler config.
type LRScheduler struct {
	Spec registry.Spec
	// Interval is "epoch" or "step"; empty: what suits the scheduler.
	Interval string
	// Frequency f steps at every f-th epoch, or at every f-th batch of an
	// epoch; 0 means 1.
	Frequency int
	// Monitor is the metric that a plateau scheduler watches.
	Monitor string
	// Lenient makes a missing monitor a warning instead of an error.
	Lenient bool
	// Name labels the scheduler in logs.
	Name string
}

// Reinit is a directive to replace the LR scheduler.
type Reinit struct {
	LRScheduler
	// InitPGLRs sets the learning rates, and the initial ones, of the existing
	// groups in order; it may be shorter than the table.
	InitPGLRs []float64
	// UseCurrentLRs starts the existing groups from their present learning
	// rates instead of their initial ones.
	UseCurrentLRs bool
}
