package phase

import (
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// Config is what a machine is made of. Plan, Optimizer and Optimizers are
// obligatory; the zero values of the rest mean "without".
type Config struct {
	// Plan says what each phase trains; schedule.AllAtOnce for a plain fit.
	Plan *schedule.Plan
	Options
	// EarlyStopping ends phases, and in the last phase the fit; nil: none.
	EarlyStopping *EarlyStopping
	// Checkpoint keeps the books of what is saved; nil: nothing is saved.
	Checkpoint *Checkpoint
	// Optimizer the fit starts with.
	Optimizer registry.Spec
	// Optimizers describes the optimizer that a spec names.
	Optimizers func(registry.Spec) (OptimizerInfo, error)
	// LRScheduler the fit starts with; nil: constant learning rates.
	LRScheduler *lrsched.Choice
	// LRSchedulers are those that LRScheduler and the plan can name.
	LRSchedulers *lrsched.Catalog
	// StepsPerEpoch tells LR schedulers how long they will run; 0: unknown.
	StepsPerEpoch int
	// MaxSteps is the optimizer steps after which the fit will be ended, which LR
	// schedulers reckon with; 0 or less: no limit.
	MaxSteps int
	// InitialGroups lays the optimizer's first table out by hand; nil puts
	// phase 0 into one group, or two with NoDecay.
	InitialGroups []InitialGroup
	// MaxEpochs ends the fit; -1: never. A max_transition_epoch of the last
	// phase may raise it.
	MaxEpochs int
	// MinEpochs keeps early stopping from ending the fit before.
	MinEpochs int
}

// OptimizerInfo is what the machine knows of an optimizer.
type OptimizerInfo struct {
	// Name is canonical: two specs with the same name can exchange state.
	Name string
	// Options of a group that sets none, the spec's arguments applied: "lr",
	// "weight_decay" and what else the optimizer has.
	Options registry.Args
}

// InitialGroup is a group of the optimizer as the user built it.
type InitialGroup struct {
	Params []string
	// Options that differ from the optimizer's own, such as "lr".
	Options registry.Args
}

// Options are finetuning-scheduler's own, under its names.
type Options struct {
	// MaxDepth is the last phase that is entered; -1: the last of the plan.
	MaxDepth int `json:"max_depth"`
	// RestoreBest loads the best checkpoint before every change of phase.
	RestoreBest bool `json:"restore_best"`
	// EpochTransitionsOnly changes phases by epoch alone, without early
	// stopping.
	EpochTransitionsOnly bool `json:"epoch_transitions_only"`
	// ReinitLR replaces the LR scheduler at every phase from 1 on.
	ReinitLR *schedule.Reinit `json:"reinit_lr_cfg"`
	// ReinitOptimizer replaces the optimizer at every phase from 1 on.
	ReinitOptimizer *registry.Spec `json:"reinit_optim_cfg"`
	// ApplyLambdasNewPGs scales the groups that a phase adds by the last
	// lambda of the running LR scheduler.
	ApplyLambdasNewPGs bool `json:"apply_lambdas_new_pgs"`
	// EnforcePhase0Params rebuilds InitialGroups that do not hold exactly
	// phase 0.
	EnforcePhase0Params bool `json:"enforce_phase0_params"`
	// FrozenBatchNorm says how BatchNorm layers behave while frozen.
	FrozenBatchNorm BatchNorm `json:"frozen_bn_track_running_stats"`
	// AllowUntested lets CheckStrategy pass unknown strategies. LR schedulers
	// need no permission: all of them take groups that arrive later.
	AllowUntested bool `json:"allow_untested"`
	// NoDecay lists substrings: a parameter whose name contains one of them is
	// trained without weight decay.
	NoDecay []string `json:"no_decay"`
}

// DefaultOptions are finetuning-scheduler's defaults.
func DefaultOptions() Options {
	return Options{MaxDepth: -1, RestoreBest: true, EnforcePhase0Params: true, FrozenBatchNorm: BatchNormStatsOnly}
}

// BatchNorm is the behaviour of frozen BatchNorm layers.
type BatchNorm string

// The behaviours of frozen BatchNorm layers.
const (
	// BatchNormEval normalises with the stored statistics and leaves them.
	BatchNormEval BatchNorm = "eval"
	// BatchNormStatsOnly normalises with the batch's statistics and updates
	// the stored ones; weight and bias are frozen.
	BatchNormStatsOnly BatchNorm = "stats-only"
	// BatchNormTrain keeps weight and bias trainable too.
	BatchNormTrain BatchNorm = "train"
)

// EarlyStopping ends a phase, or in the last phase the fit, when a metric stops
// improving. A non-finite metric and the two thresholds end the fit in any
// phase.
type EarlyStopping struct {
	Monitor string `json:"monitor"`
	// MinDelta is the least improvement that counts.
	MinDelta float64 `json:"min_delta"`
	// Patience is the number of checks without improvement that end a phase;
	// 0 ends it at the first.
	Patience int `json:"patience"`
	// Mode is "min" or "max".
	Mode string `json:"mode"`
	// Strict makes a missing monitor an error.
	Strict bool `json:"strict"`
	// CheckFinite ends the fit at NaN or infinity.
	CheckFinite bool `json:"check_finite"`
	// StoppingThreshold ends the fit once the metric is better.
	StoppingThreshold *float64 `json:"stopping_threshold"`
	// DivergenceThreshold ends the fit once the metric is worse.
	DivergenceThreshold *float64 `json:"divergence_threshold"`
	// CheckOnTrainEpochEnd checks at the end of the epoch instead of after
	// validation.
	CheckOnTrainEpochEnd bool `json:"check_on_train_epoch_end"`
}

// DefaultEarlyStopping watches val_loss with a patience of 3.
func DefaultEarlyStopping() EarlyStopping {
	return EarlyStopping{Monitor: "val_loss", Patience: 3, Mode: "min", Strict: true, CheckFinite: true}
}

// Checkpoint says what is saved and kept.
type Checkpoint struct {
	// Monitor ranks the checkpoints; empty keeps the latest.
	Monitor string `json:"monitor"`
	// Mode is "min" or "max".
	Mode string `json:"mode"`
	// SaveTopK keeps that many of the best; -1 all, 0 none.
	SaveTopK int `json:"save_top_k"`
	// SaveLast keeps a moving checkpoint "last".
	SaveLast bool `json:"save_last"`
	// Filename is the pattern of names, such as "{epoch}-{val_loss:.2f}"; empty:
	// "{epoch}-{step}", which gives epoch=3-step=200.
	Filename string `json:"filename"`
	// EveryNEpochs and EveryNTrainSteps set the rhythm; both 0: every epoch,
	// unless ByTime.
	EveryNEpochs     int `json:"every_n_epochs"`
	EveryNTrainSteps int `json:"every_n_train_steps"`
	// ByTime saves where StepEnd.SaveDue says so: the driver holds the clock of
	// train_time_interval.
	ByTime bool `json:"-"`
	// SaveOnTrainEpochEnd saves at the end of the epoch instead of after
	// validation.
	SaveOnTrainEpochEnd bool `json:"save_on_train_epoch_end"`
	// Dir is handed back in Ref, so that checkpoints of an earlier session in
	// another directory are still found.
	Dir string `json:"dirpath"`
}

// DefaultCheckpoint keeps the best one by val_loss.
func DefaultCheckpoint() Checkpoint {
	return Checkpoint{Monitor: "val_loss", Mode: "min", SaveTopK: 1}
}
