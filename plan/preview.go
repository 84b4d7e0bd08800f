package plan

import (
	"fmt"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine/shape"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/task"
)

// Fit is a fit to be previewed.
type Fit struct {
	// Config is what the fit's machine is made of.
	Config phase.Config
	// Optimizers are those that it names.
	Optimizers *optim.Catalog
	// Params are all of the model's, buffers and tied names included.
	Params []param.Info
	// Network runs the model; nil where only its names and shapes are known.
	Network *Network
}

// Network is a model that can be run without memory.
type Network struct {
	// Task is built on Engine.
	Task   task.Task
	Engine *shape.Engine
	// Batch is a training batch; only its shapes count.
	Batch *data.Batch
	// Accumulates tells that gradients of several batches make one step.
	Accumulates bool
}

// Preview is what a fit will do.
type Preview struct {
	Phases []Phase `json:"phases"`
	// Blocks of the model from the input to the output.
	Blocks []Block `json:"blocks"`
	// Unscheduled are the parameters that no phase trains.
	Unscheduled []string `json:"unscheduled"`
	// Parameters counts elements, buffers left out.
	Parameters int `json:"parameters"`
	// BatchSize is what work and memory are for; 0 where they are unknown.
	BatchSize int `json:"batch_size,omitempty"`
	// StepsPerEpoch is 0 where unknown.
	StepsPerEpoch int `json:"steps_per_epoch,omitempty"`
	// FrozenBatchNorm is how frozen BatchNorm layers behave.
	FrozenBatchNorm phase.BatchNorm `json:"frozen_batch_norm"`

	fit Fit
}

// Phase is one phase of a preview.
type Phase struct {
	Phase int `json:"phase"`
	// Thaws are the names that train from here on, in registration order.
	Thaws []string `json:"thaws"`
	// Thawed counts their elements, Trainable those of all that train.
	Thawed    int `json:"thawed"`
	Trainable int `json:"trainable"`
	// Until is the epoch at which the phase ends at the latest; -1: none.
	Until int `json:"max_transition_epoch"`
	// Reached tells a phase that max_depth lets begin.
	Reached bool `json:"reached"`
	// LR are the learning rates that the phase sees.
	LR Range `json:"lr"`
	// NewOptimizer and NewLRScheduler name what is made anew.
	NewOptimizer   string `json:"new_optimizer,omitempty"`
	NewLRScheduler string `json:"new_lr_scheduler,omitempty"`
	// StateBytes is what the optimizer remembers.
	StateBytes int64 `json:"optimizer_state_bytes"`
	// Cost is nil where the network is unknown.
	Cost *Cost `json:"cost,omitempty"`
	// Frontier is the first block that a backward pass reaches, FrozenBlocks
	// how many lie below it.
	Frontier     string `json:"frontier,omitempty"`
	FrozenBlocks int    `json:"frozen_blocks"`
}

// Block is a part of the model.
type Block struct {
	Name string `json:"name"`
	// Parameters counts elements, ByPhase those that thaw in each phase, with
	// those that never do last.
	Parameters int   `json:"parameters"`
	ByPhase    []int `json:"by_phase"`
	// ForwardFLOPs of a batch; 0 where unknown.
	ForwardFLOPs int64 `json:"forward_flops,omitempty"`
}

// New previews a fit. What is wrong with it is left to Check and the linter.
func New(f Fit) (*Preview, error) {
	if f.Config.FrozenBatchNorm == "" {
		f.Config.FrozenBatchNorm = phase.BatchNormEval
	}
	c := f.Config
	p := &Preview{
		Unscheduled: append([]string{}, c.Plan.Unscheduled()...), StepsPerEpoch: c.StepsPerEpoch,
		FrozenBatchNorm: c.FrozenBatchNorm, fit: f,
	}
	sizes := map[string]int{}
	for _, i := range c.Plan.Params() {
		sizes[i.Name] = i.Len()
		p.Parameters += i.Len()
	}
	p.Blocks = blocksOf(c)
	rates := ratesOf(c)
	trained := map[string]bool{}
	trainable := 0
	for i := range c.Plan.Len() {
		ph := Phase{Phase: i, Thaws: []string{}, Until: c.Plan.Phase(i).MaxTransitionEpoch, Reached: i <= c.LastPhase(), LR: rates[i]}
		names := c.Trained(i)
		for _, n := range names {
			if !trained[n] {
				trained[n] = true
				ph.Thaws = append(ph.Thaws, n)
				ph.Thawed += sizes[n]
			}
		}
		trainable += ph.Thawed
		ph.Trainable = trainable
		if s := c.NewOptimizer(i); s != nil {
			ph.NewOptimizer = s.Name
		}
		if r := c.NewLRScheduler(i); r != nil {
			ph.NewLRScheduler = r.LRScheduler.String()
		}
		var err error
		if ph.StateBytes, err = stateBytes(f, i, names); err != nil {
			return nil, fmt.Errorf("phase %d: %w", i, err)
		}
		ph.Frontier, ph.FrozenBlocks = frontier(c.Plan.Params(), p.Blocks, trained)
		p.Phases = append(p.Phases, ph)
	}
	return p, p.measure()
}

// stateBytes is what the optimizer of phase i keeps for the names.
func stateBytes(f Fit, i int, names []string) (int64, error) {
	o, err := optim.Make(f.Optimizers, f.Config.OptimizerIn(i))
	if err != nil {
		return 0, err
	}
	in := map[string]param.Info{}
	for _, p := range f.Config.Plan.Params() {
		in[p.Name] = p
	}
	var bytes int64
	for _, n := range names {
		bytes += int64(o.Rule().Layout(in[n].Shape).Len(in[n].Shape)) * 4
	}
	return bytes, nil
}
