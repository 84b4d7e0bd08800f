package plan_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/engine/shape"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// metered counts the work of an engine's kernels.
type metered struct {
	engine.Engine
	flops int64
}

func (m *metered) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	k, ok := m.Engine.Lookup(op, dt)
	if !ok {
		return nil, false
	}
	return func(c *engine.Call) error {
		f, _ := engine.Cost(c)
		m.flops += f
		return k(c)
	}, true
}

const (
	side    = 24
	classes = 3
)

func classifier(t *testing.T, e engine.Engine) *task.ImageClassifier {
	t.Helper()
	lr := 1e-3
	c, err := task.NewImageClassifier(task.ImageClassifierConfig{
		Engine: e, Backbone: "cifar_resnet8", Classes: classes, Seed: 1,
		Optimization: task.Optimization{Optimizer: registry.Spec{Name: "adamw"}, LearningRate: &lr},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stages thaws the head, the last stage, then everything, an epoch each.
func stages(t *testing.T, c task.Task) *schedule.Plan {
	t.Helper()
	one, two, lr := 1, 2, 1e-3
	s := &schedule.Schedule{Phases: []schedule.PhaseSpec{
		{Key: 0, Params: []schedule.Entry{{Text: "model.linear"}}, MaxTransitionEpoch: &one},
		{Key: 1, Params: []schedule.Entry{{Text: "model.layer3"}}, LR: &lr, MaxTransitionEpoch: &two},
		{Key: 2, Params: []schedule.Entry{{Text: "rest"}}, LR: &lr, NewOptimizer: &registry.Spec{Name: "sgd", Args: registry.Args{"lr": 0.01, "momentum": 0.9}}},
	}}
	p, found := s.Resolve(c.Network().Params().Infos(), schedule.Options{})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func loader(t *testing.T, n, size int) *data.Loader {
	t.Helper()
	x, y := make([]float32, n*3*side*side), make([]int64, n)
	for i := range x {
		x[i] = float32(i%17) / 17
	}
	for i := range y {
		y[i] = int64(i % classes)
	}
	set, err := data.NewArrays(map[string]data.Array{"pixel_values": data.Floats(x, n, 3, side, side), "labels": data.Ints(y, n)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: size}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// measured is what a phase of a real fit takes.
type measured struct {
	flops       int64 // of a step
	peak, state int64
}

// TestPreviewAgreesWithARun compares work, memory and the optimizer's state with
// what a fit of the same network takes, phase by phase. What kernels keep to
// themselves for a call is not previewed, and does not grow with the batch: the
// faster engine, which packs more, gets a larger one.
func TestPreviewAgreesWithARun(t *testing.T) {
	for _, accumulate := range []int{1, 2} {
		for name, x := range map[string]struct {
			make  func() (engine.Engine, error)
			batch int
		}{
			"reference": {func() (engine.Engine, error) { return reference.New(host.Options{Threads: 2}), nil }, 24},
			"native":    {func() (engine.Engine, error) { return native.New(native.Options{Threads: 2}) }, 160},
		} {
			t.Run(fmt.Sprintf("%s accumulating %d", name, accumulate), func(t *testing.T) {
				e, err := x.make()
				if err != nil {
					t.Skip(err)
				}
				defer e.Close()
				got := previewed(t, e, x.batch, accumulate)
				for i, want := range run(t, e, x.batch, accumulate) {
					ph := got.Phases[i]
					within(t, "work", i, ph.Cost.FLOPs(), want.flops, 0.01)
					within(t, "state", i, ph.StateBytes, want.state, 0)
					within(t, "memory", i, ph.Cost.PeakBytes, want.peak, 0.10)
				}
			})
		}
	}
}

func within(t *testing.T, what string, phase int, got, want int64, share float64) {
	t.Helper()
	t.Logf("%s of phase %d: previewed %d, measured %d (%+.1f %%)", what, phase, got, want, 100*(float64(got)/float64(want)-1))
	if math.Abs(float64(got-want)) > share*float64(want) {
		t.Errorf("%s of phase %d: previewed %d, measured %d", what, phase, got, want)
	}
}

func previewed(t *testing.T, like engine.Engine, batch, accumulate int) *plan.Preview {
	t.Helper()
	e := shape.New(shape.Options{Like: like})
	clf := classifier(t, e)
	p, err := plan.New(plan.Fit{
		Config: phase.Config{
			Plan: stages(t, clf), Options: phase.Options{MaxDepth: -1}, MaxEpochs: 3,
			Optimizer: clf.Optimization().Spec(), Optimizers: trainer.Describe(optim.Builtin()), LRSchedulers: lrsched.Builtin(), StepsPerEpoch: 2,
		},
		Optimizers: optim.Builtin(), Params: clf.Network().Params().Infos(),
		Network: &plan.Network{Task: clf, Engine: e, Batch: plan.Pictures(batch, 3, side), Accumulates: accumulate > 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, e engine.Engine, batch, accumulate int) []measured {
	t.Helper()
	m := &metered{Engine: e}
	clf := classifier(t, m)
	defer clf.Network().Params().Release()
	c := trainer.DefaultConfig(m)
	c.MaxEpochs, c.Dir, c.AccumulateGradBatches = 3, t.TempDir(), accumulate
	var out []measured
	began := int64(0)
	c.Sink = event.SinkFunc(func(ev event.Event) {
		switch ev := ev.(type) {
		case event.PhaseStarted:
			e.ResetPeak()
			began = m.flops
		case event.EpochDone:
			out = append(out, measured{flops: (m.flops - began) / int64(ev.Samples/batch), peak: e.Memory().Peak})
		case event.CheckpointSaved:
			f, err := safetensors.Open(filepath.Join(trainer.CheckpointDir(c.Dir), ev.Name, "optimizer.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			last := &out[len(out)-1]
			for _, n := range f.Names() {
				x, err := f.Tensor(n)
				if err != nil {
					t.Fatal(err)
				}
				last.state += int64(x.Len()) * 4
			}
			last.peak += last.state
		}
	})
	tr, err := trainer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background(), clf, trainer.Data{Train: loader(t, 2*batch, batch)}, trainer.Schedule{Plan: stages(t, clf), Options: phase.Options{MaxDepth: -1}}); err != nil {
		t.Fatal(err)
	}
	if len(out) != 3 {
		t.Fatalf("%d phases were measured", len(out))
	}
	return out
}
