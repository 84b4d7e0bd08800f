package plan

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
	"github.com/thaw-go/thaw/trainer"
)

// Cost is the work and memory of a training step on one batch.
type Cost struct {
	// ForwardFLOPs and BackwardFLOPs count a product with its addition as two;
	// the optimizer's update is not among them.
	ForwardFLOPs  int64 `json:"forward_flops"`
	BackwardFLOPs int64 `json:"backward_flops"`
	// PeakBytes is the most memory that parameters, activations and gradients
	// take together with the optimizer's state. What a kernel keeps to itself for
	// a call is not among it; that does not grow with the batch.
	PeakBytes int64 `json:"peak_bytes"`
}

// FLOPs of both passes.
func (c Cost) FLOPs() int64 { return c.ForwardFLOPs + c.BackwardFLOPs }

// meter counts the work of a tape's kernels.
type meter struct {
	forward, backward int64
	blocks            map[string]int64 // of the forward pass
}

// Observe implements tensor.Observer.
func (m *meter) Observe(s tensor.Span) {
	flops, _ := engine.Cost(s.Call)
	if s.Backward {
		m.backward += flops
		return
	}
	m.forward += flops
	m.blocks[s.Block] += flops
}

// measure runs a training step of each phase on the engine that computes
// nothing.
func (p *Preview) measure() error {
	n := p.fit.Network
	if n == nil {
		return nil
	}
	p.BatchSize = n.Batch.Size
	for i := range p.Phases {
		m, peak, err := p.fit.step(i)
		if err != nil {
			return fmt.Errorf("previewing phase %d: %w", i, err)
		}
		p.Phases[i].Cost = &Cost{m.forward, m.backward, peak + p.Phases[i].StateBytes}
		for k := range p.Blocks {
			p.Blocks[k].ForwardFLOPs = m.blocks[p.Blocks[k].Name]
		}
	}
	return nil
}

// step is a training step of phase i as the trainer makes it.
func (f Fit) step(i int) (*meter, int64, error) {
	n := f.Network
	freeze(n.Task, f.Config, i)
	tape := tensor.NewTape(n.Engine)
	defer tape.Close()
	tape.SetTraining(true)
	params := n.Task.Network().Params()
	params.ZeroGrad()
	defer params.ZeroGrad()
	n.Engine.ResetPeak()
	passes := 1
	if n.Accumulates { // the second batch's activations meet the first one's gradients
		passes = 2
	}
	var m *meter
	for range passes {
		m = &meter{blocks: map[string]int64{}}
		tape.SetObserver(m)
		err := tape.Do(func() {
			out := n.Task.Step(tape, n.Batch)
			tape.Backward(out.Loss, nil)
		})
		tape.Reset()
		if err != nil {
			return nil, 0, err
		}
	}
	return m, n.Engine.Memory().Peak, nil
}

// freeze sets what trains in phase i.
func freeze(t task.Task, c phase.Config, i int) {
	trained := map[string]bool{}
	for _, n := range c.Trained(i) {
		trained[n] = true
	}
	params := t.Network().Params()
	for _, p := range params.All() {
		if !p.Buffer && p.SharedWith == "" {
			p.Tensor.SetRequiresGrad(trained[p.Name])
		}
	}
	trainer.FreezeBatchNorm(params, c.FrozenBatchNorm)
}
