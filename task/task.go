// Package task says what is trained: a network with its loss, metrics and
// outputs. The built-in tasks are classifiers; a task of one's own implements
// Task, or fills in a Custom.
package task

import (
	"maps"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

// Task is what a trainer trains.
type Task interface {
	// Name is the task's type, which names its generated schedule:
	// <Name>_ft_schedule.yaml.
	Name() string
	// Network is the model, its parameters named "model." and the names of the
	// weight file.
	Network() *nn.Network
	// Step runs the network on a batch. It is called inside Tape.Do, so it
	// needs no error handling of its own.
	Step(t *tensor.Tape, b *data.Batch) Output
	// Metrics makes the accumulators of one evaluation, in the order in which
	// they are logged.
	Metrics() []Metric
	// Optimization says how the task is optimized unless the run says
	// otherwise.
	Optimization() Optimization
}

// Prefix stands before the network's own names in schedules, as a Lightning
// module's attribute does: "model.fc.weight". The built-in tasks give it to
// nn.Config.
const Prefix = "model."

// Output is what a step gives.
type Output struct {
	// Loss is a scalar: the mean over the batch's samples.
	Loss *tensor.Tensor
	// Scores [n, classes] and Targets feed the metrics; nil where there are
	// none.
	Scores  *tensor.Tensor
	Targets []int64
}

// Metric is an accumulator with the name under which it is logged, behind the
// split: accuracy becomes val_accuracy.
type Metric struct {
	Name string
	metric.Metric
}

// Optimization is the optimizer and LR scheduler of a task.
type Optimization struct {
	// Optimizer by name and arguments (optim.Named) or made in Go (optim.Use); the
	// zero value is Adam.
	Optimizer registry.Spec
	// LearningRate, where set, overrides the optimizer's lr, whichever way that
	// was given.
	LearningRate *float64
	// LRScheduler; nil keeps the learning rates constant.
	LRScheduler *lrsched.Choice
}

// Spec is the optimizer with the learning rate that applies.
func (o Optimization) Spec() registry.Spec {
	spec := o.Optimizer
	if spec.Name == "" && spec.Value == nil {
		spec.Name = "adam"
	}
	if o.LearningRate != nil {
		args := maps.Clone(spec.Args)
		if args == nil {
			args = registry.Args{}
		}
		args["lr"] = *o.LearningRate
		spec.Args = args
	}
	return spec
}
