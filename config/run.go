package config

import (
	"time"

	"github.com/thaw-go/thaw/tree"
)

// Run is the configuration of one run: every top-level key, with its default
// in DefaultRun and its meaning in the doc tag.
type Run struct {
	Name         string      `config:"name" doc:"names the run's folder: <log_dir>/<name>/version_N"`
	LogDir       string      `config:"log_dir" doc:"where runs are kept"`
	Seed         uint64      `config:"seed" doc:"keys every random number of the run"`
	SeedAll      *tree.Node  `config:"seed_everything" doc:"Lightning's name of seed"`
	Task         *tree.Node  `config:"task" doc:"what is trained: {image_classification: {…}}"`
	Data         *tree.Node  `config:"data" doc:"what it is trained on; its keys depend on the task"`
	Optimizer    Component   `config:"optimizer" doc:"name, [name, arguments] or {class_path, init_args}"`
	LRScheduler  *tree.Node  `config:"lr_scheduler" doc:"name, [name, arguments], [name, arguments, config] or {class_path, init_args}"`
	LearningRate *float64    `config:"learning_rate" doc:"overrides lr in the optimizer's arguments; unset: the optimizer's default"`
	Schedule     *tree.Node  `config:"schedule" doc:"the fine-tuning schedule: a file, a mapping of phases, or default"`
	NoDecay      []string    `config:"no_decay" doc:"parameters whose name contains one of these are trained without weight decay"`
	Callbacks    []Component `config:"callbacks" doc:"FinetuningScheduler, FTSEarlyStopping, EarlyStopping, FTSCheckpoint, ModelCheckpoint, LearningRateMonitor by name or class path"`
	Trainer      Trainer     `config:"trainer" doc:"how long and how it is trained"`
	MemoryLimit  int64       `config:"memory_limit" doc:"bytes that tensors may take; 0: no limit"`
	CkptPath     *tree.Node  `config:"ckpt_path" later:"runs continue by themselves: give the same command again" doc:"Lightning's way to resume"`
}

// DefaultRun is the defaults of a run.
func DefaultRun() Run {
	return Run{Name: "thaw", LogDir: "runs", Seed: 42, Trainer: DefaultTrainer()}
}

// Trainer is the trainer's section, by Lightning's names.
type Trainer struct {
	MaxEpochs             int           `config:"max_epochs" doc:"epochs at most; -1: no limit"`
	MinEpochs             int           `config:"min_epochs" doc:"epochs before early stopping may end the fit"`
	MaxSteps              int           `config:"max_steps" doc:"optimizer steps at most; -1: no limit"`
	MinSteps              *int          `config:"min_steps" later:"use min_epochs" doc:"optimizer steps at least"`
	MaxTime               time.Duration `config:"max_time" doc:"training time at most: 90m, DD:HH:MM:SS or {hours: 1}"`
	LimitTrainBatches     Share         `config:"limit_train_batches" doc:"batches of an epoch: a number, or a share in [0,1]"`
	LimitValBatches       Share         `config:"limit_val_batches" doc:"batches of a validation: a number, or a share in [0,1]"`
	LimitTestBatches      Share         `config:"limit_test_batches" doc:"batches of a test: a number, or a share in [0,1]"`
	LimitPredictBatches   Share         `config:"limit_predict_batches" doc:"batches of a prediction: a number, or a share in [0,1]"`
	OverfitBatches        Share         `config:"overfit_batches" doc:"train and validate on the same few batches: a number, or a share; 0: off"`
	ValCheckInterval      Share         `config:"val_check_interval" doc:"training batches between validations: a number, or a share of the epoch"`
	CheckValEveryNEpoch   int           `config:"check_val_every_n_epoch" doc:"validate after every n-th epoch only"`
	AccumulateGradBatches int           `config:"accumulate_grad_batches" doc:"batches whose gradients make one optimizer step"`
	GradientClipVal       float64       `config:"gradient_clip_val" doc:"bound of the gradients; 0: none"`
	GradientClipAlgorithm string        `config:"gradient_clip_algorithm" enum:"norm,value" doc:"bound the norm of all gradients, or each value"`
	LogEveryNSteps        int           `config:"log_every_n_steps" doc:"steps between entries of the event log; 0: none"`
	FastDevRun            FastDevRun    `config:"fast_dev_run" doc:"a trial: that many batches of each kind, one epoch, nothing kept"`
	Precision             string        `config:"precision" doc:"32-true; others are not supported yet"`
	Accelerator           string        `config:"accelerator" doc:"auto or cpu"`
	Devices               string        `config:"devices" doc:"auto or 1: one process"`
	NumNodes              int           `config:"num_nodes" doc:"1: one process"`
	Strategy              string        `config:"strategy" doc:"auto, single_device or ddp, which runs as one process"`
	Deterministic         *tree.Node    `config:"deterministic" doc:"has no effect: runs always are"`
	Benchmark             *tree.Node    `config:"benchmark" doc:"has no effect"`
	EnableProgressBar     bool          `config:"enable_progress_bar" doc:"show the live line on a terminal"`
	EnableCheckpointing   bool          `config:"enable_checkpointing" doc:"keep checkpoints on disk; without them nothing can be resumed or restored"`
	EnableModelSummary    *tree.Node    `config:"enable_model_summary" doc:"has no effect"`
	NumSanityValSteps     *tree.Node    `config:"num_sanity_val_steps" doc:"has no effect: configurations are checked before training"`
	DefaultRootDir        string        `config:"default_root_dir" doc:"Lightning's name of log_dir"`
	Logger                *tree.Node    `config:"logger" doc:"has no effect: the run folder holds the event log"`
	Callbacks             []Component   `config:"callbacks" doc:"as the top-level callbacks; Lightning's place for them"`
	SyncBatchNorm         bool          `config:"sync_batchnorm" later:"there is one process" doc:"not supported"`
	Profiler              *tree.Node    `config:"profiler" later:"use the flag --profile" doc:"not supported"`
	DetectAnomaly         bool          `config:"detect_anomaly" doc:"has no effect: a loss that is not finite always ends the run"`
	ReloadDataloaders     *int          `config:"reload_dataloaders_every_n_epochs" later:"the data are read once" doc:"not supported"`
	UseDistributedSampler *bool         `config:"use_distributed_sampler" doc:"has no effect: there is one process"`
	InferenceMode         *bool         `config:"inference_mode" doc:"has no effect"`
	Plugins               *tree.Node    `config:"plugins" later:"leave it out" doc:"not supported"`
	Barebones             bool          `config:"barebones" later:"leave it out" doc:"not supported"`
	ModelRegistry         *tree.Node    `config:"model_registry" later:"leave it out" doc:"not supported"`
}

// DefaultTrainer is Lightning's defaults, with its 1000 epochs at most.
func DefaultTrainer() Trainer {
	all := Share{Fraction: true, Value: 1}
	return Trainer{
		MaxEpochs: 1000, MaxSteps: -1, LimitTrainBatches: all, LimitValBatches: all, LimitTestBatches: all, LimitPredictBatches: all,
		ValCheckInterval: all, CheckValEveryNEpoch: 1, AccumulateGradBatches: 1, GradientClipAlgorithm: "norm", LogEveryNSteps: 50,
		Precision: "32-true", Accelerator: "auto", Devices: "auto", NumNodes: 1, Strategy: "auto", EnableProgressBar: true, EnableCheckpointing: true,
	}
}

// Share is a number of batches, written as an integer, or a share of them,
// written with a point: 1 is one batch, 1.0 is all.
type Share struct {
	Fraction bool
	Value    float64
}

// DecodeTree implements Decoder.
func (s *Share) DecodeTree(n *tree.Node) error {
	v, ok := Number(n)
	if !ok || v < 0 {
		return n.Errorf("write a number of batches (10) or a share of them (0.5)", "wants a number from 0 on, this is %s", described(n))
	}
	*s = Share{n.Kind != tree.Int, v}
	if s.Fraction && v > 1 {
		return n.Errorf("write a number of batches without a point, or a share up to 1.0", "%v is no share", v)
	}
	return nil
}

// FastDevRun is a number of batches, or true for one.
type FastDevRun int

// DecodeTree implements Decoder.
func (f *FastDevRun) DecodeTree(n *tree.Node) error {
	if n.Kind == tree.Bool {
		*f = 0
		if n.Bool {
			*f = 1
		}
		return nil
	}
	i, ok := Integer(n)
	if !ok || i < 0 {
		return n.Errorf("", "fast_dev_run is true, false or a number of batches, not %s", described(n))
	}
	*f = FastDevRun(i)
	return nil
}
