package lrsched

import "encoding/json"

// Scheduler is a running LR scheduler. It holds no reference to a table: the
// caller passes the same one, or its continuation, to every call.
type Scheduler interface {
	// Class is torch's name of the scheduler's class ("StepLR"). Schedules that
	// are one factor of time are LambdaLR, as in transformers.
	Class() string
	// Step advances by one epoch or optimizer step, whichever the scheduler is
	// configured for, and writes the groups' LRs. A [Metered] scheduler refuses.
	Step(t *Table) error
	// LastEpoch counts the steps made since the start; 0 right after building.
	LastEpoch() int
	// BaseLRs holds each group's base LR; nil where a scheduler has none
	// (ReduceLROnPlateau).
	BaseLRs() []float64
	// LastLRs holds the LRs that the last step left in the table.
	LastLRs() []float64
	// Extend tells that the last len(lrs) groups of t are new and which LR each
	// of them asks for; see the package comment for what becomes of them.
	Extend(t *Table, lrs []float64) error
	// State is the scheduler's state in torch's state_dict form.
	State() json.RawMessage
	// Load replaces the state. The table's LRs are not touched: they are part of
	// the optimizer's state. After an error the scheduler must not be used.
	Load(state json.RawMessage) error
}

// Metered schedulers are stepped with the value of a monitored metric.
type Metered interface {
	Scheduler
	StepMetric(t *Table, metric float64) error
	// MinLRs holds each group's lower bound.
	MinLRs() []float64
}

// Seeker schedulers can jump to an epoch, as torch's deprecated step(epoch)
// does: to the closed form where there is one. Only CosineAnnealingWarmRestarts
// takes fractions of an epoch.
type Seeker interface {
	StepTo(t *Table, epoch float64) error
}

// Multiplier schedulers are driven by one factor of time per group. LastFactor
// is the last group's factor at the current step: what a late group's LR is
// multiplied by to join in at once.
type Multiplier interface {
	LastFactor() (float64, error)
}

// Site is where a scheduler is built.
type Site struct {
	Table *Table
	// Horizon is how many steps the scheduler is expected to make; 0 is unknown.
	// Schedulers that need their length and were not told take it.
	Horizon int
	// Resumed is the number of steps an earlier scheduler had made when it was
	// interrupted, 0 for a fresh start (torch's last_epoch + 1). The groups must
	// then have their InitialLR.
	Resumed int
	// Note receives remarks for the user, such as a value that was chosen for
	// them; it may be nil.
	Note func(text string)
}

func (s Site) note(text string) {
	if s.Note != nil {
		s.Note(text)
	}
}

// Builder makes a scheduler at a site. The structs named as the schedulers are
// builders, with the constructor's arguments as fields.
type Builder interface {
	Build(s Site) (Scheduler, error)
}

// BuilderFunc makes a function a Builder.
type BuilderFunc func(s Site) (Scheduler, error)

// Build calls f.
func (f BuilderFunc) Build(s Site) (Scheduler, error) { return f(s) }
