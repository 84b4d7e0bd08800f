package thaw_test

import (
	"context"
	"fmt"
	"math"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
	"github.com/thaw-go/thaw/trainer"
)

// newCurve is a model of one's own: two layers that learn a curve, with a
// Huber loss and the root of the mean squared error as metric.
func newCurve(e engine.Engine) *task.Custom {
	s := nn.NewScope(nn.Config{Engine: e, Seed: 1, Prefix: task.Prefix})
	hidden := nn.NewLinear(s.Sub("hidden").InBlock(), 1, 16, true)
	out := nn.NewLinear(s.Sub("out").InBlock(), 16, 1, true)
	net := nn.NewNetwork(s)
	net.AddModule("hidden", nn.Func(func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return t.Tanh(hidden.Forward(t, x)) }))
	net.AddModule("out", out)
	return &task.Custom{
		TypeName: "Curve", Net: net,
		Run: func(t *tensor.Tape, b *data.Batch) task.Output {
			x, y := b.Fields["x"], b.Fields["y"]
			guess := net.Run(t, nil, t.FromF32(engine.Of(b.Size, 1), x.F32))
			want := t.FromF32(engine.Of(b.Size, 1), y.F32)
			off := t.Sub(guess, want)
			return task.Output{Loss: t.Huber(guess, want, 1, tensor.Mean), Scores: off, Targets: make([]int64, b.Size)}
		},
		NewMetrics: func() []task.Metric { return []task.Metric{{Name: "rmse", Metric: &rmse{}}} },
	}
}

// rmse is a metric of one's own; it is fed with the errors.
type rmse struct{ sum, n float64 }

func (m *rmse) Update(off []float64, _ []int64) {
	for _, d := range off {
		m.sum += d * d
	}
	m.n += float64(len(off))
}
func (m *rmse) Merge(o metric.Metric) { m.sum += o.(*rmse).sum; m.n += o.(*rmse).n }
func (m *rmse) Value() float64        { return math.Sqrt(m.sum / m.n) }
func (m *rmse) Reset()                { *m = rmse{} }

// A model, a loss and a metric of one's own, trained by the generated schedule.
func Example_ownModel() {
	e := reference.New(host.Options{})
	defer e.Close()
	curve := newCurve(e)
	x, y := make([]float32, 64), make([]float32, 64)
	for i := range x {
		x[i] = float32(i)/32 - 1
		y[i] = float32(math.Sin(3 * float64(x[i])))
	}
	set, err := data.NewArrays(map[string]data.Array{"x": data.Floats(x, 64, 1), "y": data.Floats(y, 64, 1)})
	check(err)
	loader, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 8, Shuffle: true}})
	check(err)

	plan, found := schedule.ByBlock(curve.Net.Params().Infos()).Resolve(curve.Net.Params().Infos(), schedule.Options{BaseMaxLR: 1e-2})
	check(found.Err())
	fmt.Println(plan.Len(), "phases; the first trains", plan.Phase(0).Params)

	c := trainer.DefaultConfig(e)
	c.MaxEpochs = 60
	tr, err := trainer.New(c)
	check(err)
	o := phase.DefaultOptions()
	o.RestoreBest = false // nothing is kept on disk here
	es := phase.DefaultEarlyStopping()
	res, err := tr.Fit(context.Background(), curve, trainer.Data{Train: loader, Val: loader}, trainer.Schedule{Plan: plan, Options: o, EarlyStopping: &es})
	check(err)
	fmt.Println("learned:", res.Metrics["val_rmse"] < 0.6)
	// Output:
	// 2 phases; the first trains [model.out.weight model.out.bias]
	// learned: true
}
