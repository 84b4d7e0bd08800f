package trainer

import (
	"errors"
	"fmt"
	"time"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/profile"
	"github.com/thaw-go/thaw/schedule"
)

// Config is how a trainer runs; the names are Lightning's. Start from
// DefaultConfig: zero values mean zero.
type Config struct {
	// Engine does the arithmetic. Obligatory.
	Engine engine.Engine
	// Optimizers can be chosen by name; nil: the built-in ones.
	Optimizers *optim.Catalog
	// LRSchedulers can be chosen by name; nil: the built-in ones.
	LRSchedulers *lrsched.Catalog
	// MaxEpochs ends the fit, MaxSteps too; -1 is no limit.
	MaxEpochs, MaxSteps int
	// MinEpochs keeps early stopping from ending the fit before.
	MinEpochs int
	// MaxTime ends the fit after the batch that passes it; 0 is no limit.
	MaxTime time.Duration
	// Seed keys every random number of the run.
	Seed uint64
	// LimitTrainBatches and its likes bound the batches of an epoch.
	LimitTrainBatches, LimitValBatches, LimitTestBatches, LimitPredictBatches Limit
	// ValCheckInterval is the share, or the number, of training batches
	// between two validations.
	ValCheckInterval Limit
	// CheckValEveryNEpoch validates only after every n-th epoch.
	CheckValEveryNEpoch int
	// AccumulateGradBatches adds up the gradients of that many batches for one
	// optimizer step, each divided by the number.
	AccumulateGradBatches int
	// GradientClipVal bounds the gradients; 0 leaves them.
	GradientClipVal float64
	// GradientClipAlgorithm is "norm" (of all gradients together) or "value".
	GradientClipAlgorithm string
	// Averaging keeps averaged weights; nil: none.
	Averaging *Averaging
	// LogEveryNSteps is how often a step is written to the event log.
	LogEveryNSteps int
	// LRMonitor says when learning rates are logged, and what else with them.
	LRMonitor LRMonitor
	// Dir is the run's folder, which holds its checkpoints; "" keeps nothing
	// on disk, so phases cannot restore the best weights.
	Dir string
	// Profile measures kernels, optimizer steps and waiting for data; nil costs
	// nothing.
	Profile *profile.Collector
	// Sink hears the run's events; nil: nobody.
	Sink event.Sink
	// files is where checkpoints are kept; nil: the machine's file system.
	// Tests stop the program within a save or a restore there.
	files checkpoint.FS
}

// DefaultConfig is Lightning's defaults, with a bound on epochs.
func DefaultConfig(e engine.Engine) Config {
	return Config{
		Engine: e, MaxEpochs: 1000, MaxSteps: -1, Seed: 42,
		LimitTrainBatches: All(), LimitValBatches: All(), LimitTestBatches: All(), LimitPredictBatches: All(),
		ValCheckInterval: All(), CheckValEveryNEpoch: 1, AccumulateGradBatches: 1,
		GradientClipAlgorithm: "norm", LogEveryNSteps: 50,
	}
}

func (c Config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Engine == nil {
		bad("the trainer has no engine")
	}
	for name, l := range map[string]Limit{
		"limit_train_batches": c.LimitTrainBatches, "limit_val_batches": c.LimitValBatches,
		"limit_test_batches": c.LimitTestBatches, "limit_predict_batches": c.LimitPredictBatches, "val_check_interval": c.ValCheckInterval,
	} {
		if err := l.check(name); err != nil {
			errs = append(errs, err)
		}
	}
	if c.MaxEpochs < -1 || c.MaxSteps < -1 {
		bad("max_epochs %d, max_steps %d: give a number from 0 on, or -1 for no limit", c.MaxEpochs, c.MaxSteps)
	}
	if c.MaxEpochs == -1 && c.MaxSteps == -1 && c.MaxTime == 0 {
		bad("the fit would never end: set max_epochs, max_steps or max_time")
	}
	if c.ValCheckInterval.Value == 0 {
		bad("val_check_interval: 0 would never validate\n    hint: set limit_val_batches to 0 for a fit without validation")
	}
	if c.CheckValEveryNEpoch < 1 || c.AccumulateGradBatches < 1 {
		bad("check_val_every_n_epoch and accumulate_grad_batches are at least 1")
	}
	if c.GradientClipVal < 0 {
		bad("gradient_clip_val: %v is negative", c.GradientClipVal)
	}
	if a := c.GradientClipAlgorithm; a != "norm" && a != "value" {
		bad("gradient_clip_algorithm: %q is neither norm nor value", a)
	}
	errs = append(errs, c.Averaging.check(), c.LRMonitor.check())
	return errors.Join(errs...)
}

// Data are the loaders of a run; nil where a split is missing.
type Data struct{ Train, Val, Test, Predict *data.Loader }

// Schedule is what a fit trains when, and when it stops.
type Schedule struct {
	// Plan; nil trains everything at once.
	Plan *schedule.Plan
	// Options are finetuning-scheduler's.
	Options phase.Options
	// Groups lays the optimizer's first groups out by hand; nil puts phase 0
	// into one, or two where names train without weight decay.
	Groups []phase.InitialGroup
	// EarlyStopping; nil: none.
	EarlyStopping *phase.EarlyStopping
	// Checkpoint says what is kept; nil keeps only what resuming needs.
	Checkpoint *phase.Checkpoint
}

// Result is how a fit ended.
type Result struct {
	// Reason says why training ended.
	Reason string
	// Interrupted tells a cancelled context; the same call continues.
	Interrupted bool
	Epochs      int
	Steps       int
	Phase       int
	// Metrics are the last validation's.
	Metrics map[string]float64
	// Best is the best checkpoint's name, with its score.
	Best      string
	BestScore float64
}
