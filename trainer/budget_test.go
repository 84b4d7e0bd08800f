package trainer

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// line is a linear classifier, which takes batches of one too.
func line(e engine.Engine, o task.Optimization) *task.Custom {
	s := nn.NewScope(nn.Config{Engine: e, Seed: 7, Prefix: task.Prefix})
	net := nn.NewNetwork(s)
	net.AddModule("out", nn.NewLinear(s.Sub("out").InBlock(), 6, 3, true))
	return &task.Custom{TypeName: "Line", Net: net, Optimize: o, Run: func(tp *tensor.Tape, b *data.Batch) task.Output {
		y := net.Run(tp, nil, tp.FromF32(engine.Of(b.Size, 6), b.Fields["x"].F32))
		return task.Output{Loss: tp.CrossEntropy(y, tp.FromI64(engine.Of(b.Size), b.Fields["labels"].I64), tensor.CrossEntropyOptions{})}
	}}
}

// TestBudget: whatever bounds a fit, it makes the steps that lrsched.Training
// counts, and a schedule that was not told its length falls over just these: the
// last step is made with one N-th of the learning rate.
func TestBudget(t *testing.T) {
	e := newEngine(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(rt, "samples")
		s := data.Sampler{
			BatchSize: rapid.IntRange(1, 3).Draw(rt, "batch"), World: rapid.IntRange(1, 2).Draw(rt, "world"),
			DropLast: rapid.Bool().Draw(rt, "drop_last"),
		}
		x, y := make([]float32, 6*n), make([]int64, n)
		set, err := data.NewArrays(map[string]data.Array{"x": data.Floats(x, n, 6), "labels": data.Ints(y, n)})
		if err != nil {
			rt.Fatal(err)
		}
		loader, err := data.NewLoader(set, data.LoaderConfig{Sampler: s})
		if err != nil {
			rt.Fatal(err)
		}
		c := DefaultConfig(e)
		c.MaxEpochs, c.MaxSteps, c.LogEveryNSteps = rapid.IntRange(1, 3).Draw(rt, "max_epochs"), rapid.SampledFrom([]int{-1, -1, 1, 2, 5}).Draw(rt, "max_steps"), 1
		c.AccumulateGradBatches = rapid.IntRange(1, 3).Draw(rt, "accumulate")
		counted := lrsched.Training{
			Batches: lrsched.Batches(n, s.BatchSize, s.World, s.DropLast), Accumulate: c.AccumulateGradBatches, MaxEpochs: c.MaxEpochs, MaxSteps: c.MaxSteps,
		}
		switch rapid.IntRange(0, 2).Draw(rt, "limit") {
		case 1:
			k := rapid.IntRange(1, 4).Draw(rt, "batches")
			c.LimitTrainBatches, counted.Limit = Count(k), lrsched.LimitBatches(k)
		case 2:
			c.LimitTrainBatches, counted.Limit = Limit{Share: true, Value: 0.5}, lrsched.LimitFraction(0.5)
		}
		budget, err := counted.Budget()
		if err != nil {
			rt.Fatal(err)
		}
		var rates []float64
		c.Sink = event.SinkFunc(func(ev event.Event) {
			if l, ok := ev.(event.LRs); ok {
				rates = append(rates, l.Values["lr-SGD"])
			}
		})
		tr, err := New(c)
		if err != nil {
			rt.Fatal(err)
		}
		ch := lrsched.Named("linear", lrsched.Args{"num_warmup_steps": 0})
		tk := line(e, task.Optimization{Optimizer: optim.Named("sgd", optim.Args{"lr": 0.25}), LRScheduler: &ch})
		res, err := tr.Fit(context.Background(), tk, Data{Train: loader}, Schedule{})
		if budget.StepsPerEpoch == 0 {
			if err == nil {
				rt.Error("an epoch without a batch was accepted")
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		if res.Steps != budget.TotalSteps || len(rates) != budget.TotalSteps {
			rt.Fatalf("%d steps with %d learning rates, counted %d", res.Steps, len(rates), budget.TotalSteps)
		}
		for i, lr := range rates {
			if want := 0.25 * (1 - float64(i)/float64(budget.TotalSteps)); math.Abs(lr-want) > 1e-12 {
				rt.Errorf("step %d of %d: lr %v, want %v", i, budget.TotalSteps, lr, want)
			}
		}
	})
}
