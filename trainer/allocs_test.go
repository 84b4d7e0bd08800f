package trainer

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// deep is a classifier of points with as many hidden layers as wanted.
func deep(t *testing.T, e engine.Engine, layers int) *task.Custom {
	t.Helper()
	s := nn.NewScope(nn.Config{Engine: e, Seed: 7, Prefix: task.Prefix})
	net := nn.NewNetwork(s)
	for i := range layers {
		name, width := fmt.Sprintf("layer%d", i), 6
		if i == layers-1 {
			width = 3
		}
		lin := nn.NewLinear(s.Sub(name).InBlock(), 6, width, true)
		norm := nn.NewLayerNorm(s.Sub(name).Sub("norm"), 1e-5, width)
		net.AddModule(name, nn.Func(func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
			return norm.Forward(t, t.Dropout(t.Gelu(lin.Forward(t, x)), 0.1, name))
		}))
	}
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	lr, ids := 1e-3, make([]int64, 4)
	return &task.Custom{
		TypeName: "Deep", Net: net,
		Optimize: task.Optimization{Optimizer: registry.Spec{Name: "adamw"}, LearningRate: &lr},
		Run: func(tp *tensor.Tape, b *data.Batch) task.Output {
			for i, v := range b.Indices {
				ids[i] = int64(v)
			}
			tp.SetSamples(ids)
			x, labels := b.Fields["x"], b.Fields["labels"]
			y := net.Run(tp, nil, tp.FromF32(engine.Of(x.Shape...), x.F32))
			loss := tp.CrossEntropy(y, tp.FromI64(engine.Of(labels.Shape...), labels.I64), tensor.CrossEntropyOptions{})
			return task.Output{Loss: loss, Scores: y, Targets: labels.I64}
		},
	}
}

// TestSteadyStepAllocatesLittle: what a step of a fit takes from the Go heap,
// data, clipping, optimizer and events included, does not grow with the depth.
func TestSteadyStepAllocatesLittle(t *testing.T) {
	const from, to = 40, 240
	perStep := func(layers int) float64 {
		e, err := native.New(native.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		tk := deep(t, e, layers)
		infos := tk.Net.Params().Infos()
		all := &schedule.Schedule{Name: "all", Phases: []schedule.PhaseSpec{{Params: []schedule.Entry{{Text: "rest"}}}}}
		plan, found := all.Resolve(infos, schedule.Options{BaseMaxLR: 1e-3})
		if err := found.Err(); err != nil {
			t.Fatal(err)
		}
		c := DefaultConfig(e)
		c.MaxEpochs, c.GradientClipVal = 1, 1
		var before, after runtime.MemStats
		c.Sink = event.SinkFunc(func(ev event.Event) {
			if s, ok := ev.(event.StepDone); ok && s.Step == from {
				runtime.ReadMemStats(&before)
			} else if ok && s.Step == to {
				runtime.ReadMemStats(&after)
			}
		})
		tr, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		d := toyData(t, 4*(to+1), 4, 1)
		d.Val = nil
		if _, err := tr.Fit(context.Background(), tk, d, Schedule{Plan: plan, Options: phase.DefaultOptions()}); err != nil {
			t.Fatal(err)
		}
		return float64(after.Mallocs-before.Mallocs) / (to - from)
	}
	a, b := perStep(2), perStep(60)
	t.Logf("%.1f allocations a step with 2 layers, %.1f with 60", a, b)
	if a > 64 || b > 64 {
		t.Errorf("%.1f allocations a step with 2 layers, %.1f with 60; at most 64 are wanted", a, b)
	}
}
