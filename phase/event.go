package phase

// Event is something that happened in a fit.
type Event interface{ event() }

// FitStart opens a run from the beginning.
type FitStart struct {
	// Existing names the checkpoints that the directory already holds; a name
	// that is taken gets a suffix -v1, -v2, ….
	Existing []string
}

// Resumed opens a run from a restored state; the next event is the one that
// would have followed.
type Resumed struct {
	Existing []string
}

// EpochStart begins an epoch, counted from 0. Phases change here.
type EpochStart struct{ Epoch int }

// StepEnd follows an optimizer step.
type StepEnd struct {
	// Batch is the index within the epoch of the batch that completed the step.
	Batch int
	// SaveDue tells that the checkpoint's time interval is over.
	SaveDue bool
	// Metrics logged per step, such as train_loss; may be nil.
	Metrics map[string]float64
}

// TrainEnd follows the last batch of an epoch, before its validation.
type TrainEnd struct{ Metrics map[string]float64 }

// Validated follows a validation; there may be several in an epoch, or none.
type Validated struct{ Metrics map[string]float64 }

// EpochEnd closes an epoch.
type EpochEnd struct {
	Metrics map[string]float64
	// Partial tells an epoch that was cut short by a stop.
	Partial bool
}

func (FitStart) event()   {}
func (Resumed) event()    {}
func (EpochStart) event() {}
func (StepEnd) event()    {}
func (TrainEnd) event()   {}
func (Validated) event()  {}
func (EpochEnd) event()   {}
