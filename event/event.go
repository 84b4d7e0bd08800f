// Package event is a run's typed events. Observers listen and cannot steer:
// only the phase machine's directives change a run.
package event

// Event is one thing that happened. Kind is its name in the event log.
type Event interface{ Kind() string }

// Sink listens. Emit is called from the trainer's goroutine, in order; it must
// not keep slices or maps of an event after it returns.
type Sink interface{ Emit(e Event) }

// SinkFunc makes a function a Sink.
type SinkFunc func(e Event)

// Emit calls f.
func (f SinkFunc) Emit(e Event) { f(e) }

// Sinks passes each event to every sink in turn.
type Sinks []Sink

// Emit calls every sink.
func (s Sinks) Emit(e Event) {
	for _, k := range s {
		k.Emit(e)
	}
}

// RunStarted opens a run or, with Resumed set, its continuation.
type RunStarted struct {
	Name, Dir, Task string
	Engine, Path    string
	Seed            uint64
	Phases          int
	Parameters      int
	// MaxEpochs and MaxSteps are -1 where there is no limit.
	MaxEpochs, MaxSteps int
	TrainSamples        int
	ValSamples          int
	BatchesPerEpoch     int
	// Resumed names the checkpoint that the run continues from.
	Resumed     string `json:",omitempty"`
	Epoch, Step int
}

// PhaseStarted tells that the trainable set changed (or was first set).
type PhaseStarted struct {
	Phase, Phases int
	Epoch, Step   int
	// Reason says why the phase before ended; empty for the first phase.
	Reason string `json:",omitempty"`
	// Restored is the checkpoint whose weights the phase starts from.
	Restored string `json:",omitempty"`
	// Thawed are the parameters that train from now on and did not before.
	Thawed []string
	// Trainable and Total count elements.
	Trainable, Total int
	Groups           []Group
	// Frontier names the first block that holds a trainable parameter.
	Frontier string `json:",omitempty"`
}

// Group is one parameter group of the optimizer.
type Group struct {
	Phase   int
	Tensors int
	LR      float64
}

// EpochStarted opens an epoch.
type EpochStarted struct {
	Epoch, Phase int
	Batches      int
}

// StepDone follows each optimizer step.
type StepDone struct {
	Epoch, Phase int
	// Step counts optimizer steps of the run, Batch the batches of the epoch.
	Step, Batch, Batches int
	Loss                 float64
	GradNorm             float64 `json:",omitempty"`
	LRs                  []float64
	SamplesPerSecond     float64
	// Log marks the steps that log_every_n_steps selects.
	Log bool
}

// Progress reports work that is not a training step: validation, testing,
// prediction.
type Progress struct {
	What           string
	Batch, Batches int
}

// Validated follows each validation.
type Validated struct {
	Epoch, Phase, Step int
	Metrics            map[string]float64
	// Wait counts the validations without improvement, Patience what ends the
	// phase; Patience is -1 without early stopping.
	Wait, Patience int
	Best           bool
	Seconds        float64
}

// CheckpointSaved follows a checkpoint that is on disk.
type CheckpointSaved struct {
	Name        string
	Epoch, Step int
	Best        bool
	Bytes       int64
	Seconds     float64
}

// EpochDone closes an epoch.
type EpochDone struct {
	Epoch, Phase, Step int
	TrainLoss          float64
	Seconds            float64
	Samples            int
	Skipped            int `json:",omitempty"`
}

// LRs reports the learning rates that a step was made with or that an epoch
// begins with, by the names of Lightning's LearningRateMonitor: "lr-Adam", or
// "lr-Adam/pg1", "lr-Adam/pg2", … where there are several groups.
type LRs struct {
	Epoch, Phase, Step int
	Values             map[string]float64
}

// Warning tells the user something once.
type Warning struct{ Text string }

// Note remarks on something that is as it should be.
type Note struct{ Text string }

// RunDone closes a run.
type RunDone struct {
	// Reason says why training ended: "early stopping …", "max_epochs", ….
	Reason      string
	Epoch, Step int
	Phase       int
	Interrupted bool
	// Best is the best checkpoint and its score.
	Best      string  `json:",omitempty"`
	BestScore float64 `json:",omitempty"`
	Seconds   float64
}

// Kind implements Event.
func (RunStarted) Kind() string { return "run_started" }

// Kind implements Event.
func (PhaseStarted) Kind() string { return "phase_started" }

// Kind implements Event.
func (EpochStarted) Kind() string { return "epoch_started" }

// Kind implements Event.
func (StepDone) Kind() string { return "step_done" }

// Kind implements Event.
func (Progress) Kind() string { return "progress" }

// Kind implements Event.
func (Validated) Kind() string { return "validated" }

// Kind implements Event.
func (CheckpointSaved) Kind() string { return "checkpoint_saved" }

// Kind implements Event.
func (EpochDone) Kind() string { return "epoch_done" }

// Kind implements Event.
func (LRs) Kind() string { return "lrs" }

// Kind implements Event.
func (Warning) Kind() string { return "warning" }

// Kind implements Event.
func (Note) Kind() string { return "note" }

// Kind implements Event.
func (RunDone) Kind() string { return "run_done" }
