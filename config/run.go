package config

import "github.com/thaw-go/thaw/tree"

// Run is the configuration of one run: every top-level key, with its default
// in DefaultRun and its meaning in the doc tag. It is data; what it asks for is
// done elsewhere.
type Run struct {
	Name         string     `config:"name" doc:"names the run's folder: <log_dir>/<name>/version_N"`
	LogDir       string     `config:"log_dir" doc:"where runs are kept"`
	Seed         uint64     `config:"seed" doc:"keys every random number of the run"`
	Task         *tree.Node `config:"task" doc:"what is trained: {image_classification: {…}}"`
	Data         *tree.Node `config:"data" doc:"what it is trained on; its keys depend on the task"`
	Model        *tree.Node `config:"model" doc:"Lightning's section for a Python class; not read: task says what is trained"`
	Optimizer    Component  `config:"optimizer" doc:"name, [name, arguments] or {class_path, init_args}"`
	LRScheduler  *tree.Node `config:"lr_scheduler" doc:"name, [name, arguments], [name, arguments, config] or {class_path, init_args}"`
	LearningRate *float64   `config:"learning_rate" min:"0" doc:"overrides lr in the optimizer's arguments; unset: the optimizer's default"`
	Recipes      *tree.Node `config:"recipes" doc:"optimizers and LR schedulers composed of others, under names of their own"`
	Schedule     *tree.Node `config:"schedule" doc:"the fine-tuning schedule: a file, a mapping of phases, or default"`
	ParamGroups  *tree.Node `config:"param_groups" doc:"the optimizer's first groups: a list of {params: [names and patterns], lr: …, weight_decay: …}"`
	LayerDecay   *float64   `config:"layer_decay" min:"0" doc:"factor of the learning rate from each block to the one before it, towards the input, in (0,1]"`
	NoDecay      []string   `config:"no_decay" doc:"parameters whose name contains one of these are trained without weight decay"`
	Callbacks    Components `config:"callbacks" doc:"FinetuningScheduler, FTSEarlyStopping, EarlyStopping, FTSCheckpoint, ModelCheckpoint, WeightAveraging, EMAWeightAveraging, StochasticWeightAveraging, LearningRateMonitor by name or class path"`
	Trainer      Trainer    `config:"trainer" doc:"how long and how it is trained"`
	MemoryLimit  int64      `config:"memory_limit" min:"0" doc:"bytes that tensors may take; 0: no limit"`
	CkptPath     *tree.Node `config:"ckpt_path" later:"runs continue by themselves: give the same command again" doc:"Lightning's way to resume"`
}

// DefaultRun is the defaults of a run.
func DefaultRun() Run {
	return Run{Name: "thaw", LogDir: "runs", Seed: 42, Trainer: DefaultTrainer()}
}

// DecodeTree implements Decoder; it reads Lightning's names too.
func (r *Run) DecodeTree(n *tree.Node) error {
	type plain Run
	n, err := lightning(n)
	if err != nil {
		return err
	}
	return Decode(n, (*plain)(r))
}
