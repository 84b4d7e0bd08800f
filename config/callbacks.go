package config

import (
	"strings"

	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// FinetuningScheduler is the options of finetuning-scheduler's callback, by its
// names and with its defaults.
type FinetuningScheduler struct {
	Schedule             *tree.Node `config:"ft_schedule" doc:"the schedule: a file or a mapping of phases; unset: generated, two tensors a phase"`
	MaxDepth             int        `config:"max_depth" doc:"last phase that is entered; -1: the schedule's last"`
	BaseMaxLR            *float64   `config:"base_max_lr" min:"0" doc:"learning rate of every phase from 1 on that sets none"`
	RestoreBest          bool       `config:"restore_best" doc:"load the best checkpoint before every change of phase"`
	GenOnly              bool       `config:"gen_ft_sched_only" doc:"write the generated schedule and stop"`
	EpochTransitionsOnly bool       `config:"epoch_transitions_only" doc:"change phases by max_transition_epoch alone, without early stopping"`
	ReinitOptimizer      *tree.Node `config:"reinit_optim_cfg" doc:"optimizer to begin every phase from 1 on with, for a generated schedule: {optimizer_init: {class_path, init_args}}"`
	ReinitLR             *tree.Node `config:"reinit_lr_cfg" doc:"LR scheduler to begin every phase from 1 on with, for a generated schedule: {lr_scheduler_init: {class_path, init_args}}"`
	AllowUntested        bool       `config:"allow_untested" doc:"let strategies pass that finetuning-scheduler does not know"`
	ApplyLambdasNewPGs   bool       `config:"apply_lambdas_new_pgs" doc:"scale the groups that a phase adds by the running LR scheduler's last lambda"`
	LoggingLevel         *tree.Node `config:"logging_level" doc:"has no effect"`
	EnforcePhase0        bool       `config:"enforce_phase0_params" doc:"make the optimizer's first groups hold exactly phase 0"`
	FrozenBatchNorm      BatchNorm  `config:"frozen_bn_track_running_stats" doc:"BatchNorm while frozen: stats-only (true) normalises by the batch and updates the statistics, eval (false) leaves them, train trains it"`
	LogDir               string     `config:"log_dir" doc:"has no effect: schedules are written to the run's folder"`
	NoDecay              []string   `config:"no_decay" doc:"parameters whose name contains one of these are trained without weight decay"`
	StrategyAdapterCfg   *tree.Node `config:"strategy_adapter_cfg" later:"leave it out: there is one process" doc:"arguments of the strategy's adapter"`
	CustomAdapters       *tree.Node `config:"custom_strategy_adapters" later:"leave it out: there is one process" doc:"adapters of other strategies"`
}

// DefaultBaseMaxLR is base_max_lr where it is not set.
const DefaultBaseMaxLR = 1e-5

// DefaultFinetuningScheduler is finetuning-scheduler's defaults.
func DefaultFinetuningScheduler() FinetuningScheduler {
	lr := DefaultBaseMaxLR
	return FinetuningScheduler{MaxDepth: -1, BaseMaxLR: &lr, RestoreBest: true, EnforcePhase0: true, FrozenBatchNorm: "stats-only"}
}

// BatchNorm is the behaviour of frozen BatchNorm layers: eval, stats-only or
// train; finetuning-scheduler's true is stats-only, its false eval.
type BatchNorm string

// DecodeTree implements Decoder.
func (b *BatchNorm) DecodeTree(n *tree.Node) error {
	truth, ok := Truth(n)
	switch {
	case ok && truth:
		*b = "stats-only"
	case ok:
		*b = "eval"
	case n.Kind == tree.String && (n.Text == "eval" || n.Text == "stats-only" || n.Text == "train"):
		*b = BatchNorm(n.Text)
	default:
		return n.Errorf("", "frozen_bn_track_running_stats is eval, stats-only, train, true or false, not %s", described(n))
	}
	return nil
}

// EncodeTree implements Encoder.
func (b BatchNorm) EncodeTree() *tree.Node { return text(string(b)) }

// EarlyStopping is the options of Lightning's EarlyStopping and of
// FTSEarlyStopping, which ends a phase instead of the fit.
type EarlyStopping struct {
	Monitor              string     `config:"monitor" doc:"metric to watch"`
	MinDelta             float64    `config:"min_delta" doc:"least improvement that counts"`
	Patience             int        `config:"patience" min:"0" doc:"checks without improvement that end a phase; 0: the first ends it"`
	Verbose              bool       `config:"verbose" doc:"has no effect: improvements are events"`
	Mode                 string     `config:"mode" enum:"min,max" doc:"whether less or more is better"`
	Strict               bool       `config:"strict" doc:"a missing monitor is an error"`
	CheckFinite          bool       `config:"check_finite" doc:"end the fit at NaN or infinity"`
	StoppingThreshold    *float64   `config:"stopping_threshold" doc:"end the fit once the metric is better"`
	DivergenceThreshold  *float64   `config:"divergence_threshold" doc:"end the fit once the metric is worse"`
	CheckOnTrainEpochEnd bool       `config:"check_on_train_epoch_end" doc:"check at the end of the epoch instead of after validation"`
	LogRankZeroOnly      *tree.Node `config:"log_rank_zero_only" doc:"has no effect: there is one process"`
}

// DefaultEarlyStopping is FTSEarlyStopping's defaults, with the monitor that
// finetuning-scheduler gives one that names none.
func DefaultEarlyStopping() EarlyStopping {
	return EarlyStopping{Monitor: "val_loss", Patience: 3, Mode: "min", Strict: true, CheckFinite: true}
}

// Checkpoint is the options of Lightning's ModelCheckpoint and of FTSCheckpoint,
// which also knows the phase of each checkpoint.
type Checkpoint struct {
	Dir                  string     `config:"dirpath" doc:"folder of the checkpoints; unset: the run's"`
	Filename             string     `config:"filename" doc:"pattern of their names, such as {epoch}-{val_loss:.2f}; unset: {epoch}-{step}"`
	Monitor              string     `config:"monitor" doc:"metric that ranks them; unset: val_loss where there are phases, else the latest is kept"`
	Verbose              bool       `config:"verbose" doc:"has no effect: savings are events"`
	SaveLast             bool       `config:"save_last" doc:"keep a moving checkpoint last"`
	SaveTopK             int        `config:"save_top_k" min:"-1" doc:"how many of the best are kept; -1: all, 0: none"`
	SaveOnException      *bool      `config:"save_on_exception" doc:"has no effect: an interrupted run always saves its position"`
	SaveWeightsOnly      bool       `config:"save_weights_only" later:"leave it out: checkpoints hold what resuming needs" doc:"leave out all but the weights"`
	Mode                 string     `config:"mode" enum:"min,max" doc:"whether less or more is better"`
	AutoInsertMetricName *tree.Node `config:"auto_insert_metric_name" doc:"has no effect: names hold name=value"`
	EveryNTrainSteps     int        `config:"every_n_train_steps" min:"0" doc:"steps between checkpoints; 0: off"`
	TrainTimeInterval    *tree.Node `config:"train_time_interval" later:"use every_n_train_steps" doc:"time between checkpoints"`
	EveryNEpochs         int        `config:"every_n_epochs" min:"0" doc:"epochs between checkpoints; 0: every epoch unless every_n_train_steps is set"`
	SaveOnTrainEpochEnd  bool       `config:"save_on_train_epoch_end" doc:"save at the end of the epoch instead of after validation"`
	VersionCounter       *tree.Node `config:"enable_version_counter" doc:"has no effect: files are never overwritten"`
}

// DefaultCheckpoint is FTSCheckpoint's defaults.
func DefaultCheckpoint() Checkpoint { return Checkpoint{SaveTopK: 1, Mode: "min"} }

// LearningRateMonitor is the options of Lightning's callback of that name. Runs
// log learning rates without it.
type LearningRateMonitor struct {
	LoggingInterval string `config:"logging_interval" enum:"step,epoch" doc:"when learning rates are logged; unset: as the LR scheduler steps"`
	LogMomentum     bool   `config:"log_momentum" doc:"log the groups' momentum, or first beta, too"`
	LogWeightDecay  bool   `config:"log_weight_decay" doc:"log the groups' weight decay too"`
}

// Display is a callback that shows something; runs do so without it, and its
// options are not read.
type Display struct{}

// callbackKinds are the callbacks that a configuration can name, by class; each
// entry makes its options with their defaults.
var callbackKinds = []struct {
	class   string
	options func() any
}{
	{"FinetuningScheduler", func() any { v := DefaultFinetuningScheduler(); return &v }},
	{"FTSEarlyStopping", func() any { v := DefaultEarlyStopping(); return &v }},
	{"EarlyStopping", func() any { v := DefaultEarlyStopping(); return &v }},
	{"FTSCheckpoint", func() any { v := DefaultCheckpoint(); return &v }},
	{"ModelCheckpoint", func() any { v := DefaultCheckpoint(); return &v }},
	{"LearningRateMonitor", func() any { return &LearningRateMonitor{} }},
	{"WeightAveraging", func() any { return &WeightAveraging{UseBuffers: true} }},
	{"EMAWeightAveraging", func() any { return &EMAWeightAveraging{UseBuffers: true, Decay: 0.999, EveryNSteps: 1} }},
	{"StochasticWeightAveraging", func() any {
		return &StochasticWeightAveraging{EpochStart: Share{true, 0.8}, AnnealingEpochs: 10, AnnealingStrategy: "cos"}
	}},
	{"RichProgressBar", func() any { return &Display{} }},
	{"TQDMProgressBar", func() any { return &Display{} }},
	{"ModelSummary", func() any { return &Display{} }},
	{"RichModelSummary", func() any { return &Display{} }},
	{"DeviceStatsMonitor", func() any { return &Display{} }},
}

// ReadCallback reads a callback's options: a *FinetuningScheduler,
// *EarlyStopping, *Checkpoint, *LearningRateMonitor, *Display or one of the
// three kinds of weight averaging, and the class
// without its module. Class paths of every package that has the class are taken:
// finetuning_scheduler, lightning.pytorch.callbacks, pytorch_lightning.callbacks.
func ReadCallback(c Component) (class string, options any, err error) {
	class = c.Name[strings.LastIndexByte(c.Name, '.')+1:]
	known := make([]string, len(callbackKinds))
	for i, k := range callbackKinds {
		known[i] = k.class
		if registry.Fold(k.class) != registry.Fold(class) {
			continue
		}
		options = k.options()
		if _, unread := options.(*Display); unread {
			return k.class, options, nil
		}
		return k.class, options, Decode(c.ArgsNode, options)
	}
	hint := "known callbacks: " + strings.Join(known, ", ")
	if near := registry.Nearest(class, known, 2); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return class, nil, c.Node.Errorf(hint, "unknown callback %s", clipped(c.Name))
}
