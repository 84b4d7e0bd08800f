package config

import (
	"strings"
	"time"

	"github.com/thaw-go/thaw/tree"
)

// Trainer is the trainer's section, by Lightning's names.
type Trainer struct {
	MaxEpochs             int           `config:"max_epochs" min:"-1" doc:"epochs at most; -1: no limit"`
	MinEpochs             int           `config:"min_epochs" min:"0" doc:"epochs before early stopping may end the fit"`
	MaxSteps              int           `config:"max_steps" min:"-1" doc:"optimizer steps at most; -1: no limit"`
	MinSteps              *int          `config:"min_steps" later:"use min_epochs" doc:"optimizer steps at least"`
	MaxTime               time.Duration `config:"max_time" doc:"training time at most: 90m, DD:HH:MM:SS or {hours: 1}"`
	LimitTrainBatches     Share         `config:"limit_train_batches" doc:"batches of an epoch: a number, or a share in [0,1]"`
	LimitValBatches       Share         `config:"limit_val_batches" doc:"batches of a validation: a number, or a share in [0,1]"`
	LimitTestBatches      Share         `config:"limit_test_batches" doc:"batches of a test: a number, or a share in [0,1]"`
	LimitPredictBatches   Share         `config:"limit_predict_batches" doc:"batches of a prediction: a number, or a share in [0,1]"`
	OverfitBatches        Share         `config:"overfit_batches" doc:"train and validate on the same few batches: a number, or a share; 0: off"`
	ValCheckInterval      Share         `config:"val_check_interval" doc:"training batches between validations: a number, or a share of the epoch"`
	CheckValEveryNEpoch   int           `config:"check_val_every_n_epoch" min:"1" doc:"validate after every n-th epoch only"`
	AccumulateGradBatches int           `config:"accumulate_grad_batches" min:"1" doc:"batches whose gradients make one optimizer step"`
	GradientClipVal       float64       `config:"gradient_clip_val" min:"0" doc:"bound of the gradients; 0: none"`
	GradientClipAlgorithm string        `config:"gradient_clip_algorithm" enum:"norm,value" doc:"bound the norm of all gradients, or each value"`
	LogEveryNSteps        int           `config:"log_every_n_steps" min:"0" doc:"steps between entries of the event log; 0: none"`
	FastDevRun            FastDevRun    `config:"fast_dev_run" doc:"a trial: that many batches of each kind, one epoch, nothing kept"`
	Precision             string        `config:"precision" doc:"32-true; others are not supported yet"`
	Accelerator           string        `config:"accelerator" doc:"auto or cpu"`
	Devices               Devices       `config:"devices" doc:"auto or 1: one process"`
	NumNodes              int           `config:"num_nodes" min:"1" doc:"1: one process"`
	Strategy              string        `config:"strategy" doc:"auto, single_device or ddp, which runs as one process"`
	Deterministic         *tree.Node    `config:"deterministic" doc:"has no effect: runs always are"`
	Benchmark             *tree.Node    `config:"benchmark" doc:"has no effect"`
	EnableProgressBar     bool          `config:"enable_progress_bar" doc:"show the live line on a terminal"`
	EnableCheckpointing   bool          `config:"enable_checkpointing" doc:"keep checkpoints on disk; without them nothing can be resumed or restored"`
	EnableModelSummary    *tree.Node    `config:"enable_model_summary" doc:"has no effect"`
	NumSanityValSteps     *tree.Node    `config:"num_sanity_val_steps" doc:"has no effect: configurations are checked before training"`
	DefaultRootDir        string        `config:"default_root_dir" doc:"Lightning's name of log_dir"`
	Logger                *tree.Node    `config:"logger" doc:"has no effect: the run folder holds the event log"`
	Callbacks             Components    `config:"callbacks" doc:"as the top-level callbacks; Lightning's place for them"`
	SyncBatchNorm         bool          `config:"sync_batchnorm" later:"leave it out: there is one process" doc:"one set of statistics over all processes"`
	Profiler              *tree.Node    `config:"profiler" later:"leave it out" doc:"where the time goes"`
	DetectAnomaly         bool          `config:"detect_anomaly" doc:"has no effect: a loss that is not finite always ends the run"`
	ReloadDataloaders     *int          `config:"reload_dataloaders_every_n_epochs" later:"leave it out: the data are read once" doc:"epochs after which the data are read again"`
	UseDistributedSampler *bool         `config:"use_distributed_sampler" doc:"has no effect: there is one process"`
	InferenceMode         *bool         `config:"inference_mode" doc:"has no effect"`
	Plugins               *tree.Node    `config:"plugins" later:"leave it out" doc:"Python classes"`
	Barebones             bool          `config:"barebones" later:"leave it out" doc:"training without anything around it, to time it"`
	ModelRegistry         *tree.Node    `config:"model_registry" later:"leave it out" doc:"a model registry on the network"`
	Autolog               *bool         `config:"enable_autolog_hparams" doc:"has no effect: the run folder holds the configuration"`
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

// Devices is auto, a number of devices, or a list of their indices, as written.
type Devices string

// DecodeTree implements Decoder.
func (d *Devices) DecodeTree(n *tree.Node) error {
	items := []*tree.Node{n}
	if n.Kind == tree.List {
		items = n.Items
	}
	var parts []string
	for _, it := range items {
		if _, whole := Integer(it); !whole && it.Kind != tree.String {
			return it.Errorf("write auto or 1", "devices is auto, a number or a list of numbers, this is %s", described(it))
		}
		parts = append(parts, it.Text)
	}
	*d = Devices(strings.Join(parts, ","))
	if n.Kind == tree.List {
		*d = "[" + *d + "]"
	}
	return nil
}

// EncodeTree implements Encoder.
func (d Devices) EncodeTree() *tree.Node {
	n := &tree.Node{}
	resolve(n, string(d))
	return n
}
