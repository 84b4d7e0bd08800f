package trainer

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// toy is a small classifier with batch norm and dropout, so that everything
// that must survive an interruption is there.
func toy(t testing.TB, e engine.Engine, o task.Optimization) *task.Custom {
	t.Helper()
	s := nn.NewScope(nn.Config{Engine: e, Seed: 7, Prefix: task.Prefix})
	net := nn.NewNetwork(s)
	in := nn.NewLinear(s.Sub("in"), 6, 12, true)
	bn := nn.NewBatchNorm1d(s.Sub("bn"), 12)
	out := nn.NewLinear(s.Sub("out"), 12, 3, true)
	net.Add(nn.Block{Name: "body", Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		return t.Dropout(t.Relu(bn.Forward(t, in.Forward(t, x))), 0.2, "body")
	}})
	net.Add(nn.Block{Name: "head", Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor { return out.Forward(t, x) }})
	if err := net.Err(); err != nil {
		t.Fatal(err)
	}
	return &task.Custom{
		TypeName: "Toy", Net: net, Optimize: o,
		Run: func(tp *tensor.Tape, b *data.Batch) task.Output {
			ids := make([]int64, len(b.Indices))
			for i, v := range b.Indices {
				ids[i] = int64(v)
			}
			tp.SetSamples(ids)
			x := b.Fields["x"]
			y := net.Run(tp, nil, tp.FromF32(engine.Of(x.Shape...), x.F32))
			labels := b.Fields["labels"]
			target := tp.FromI64(engine.Of(labels.Shape...), labels.I64)
			return task.Output{Loss: tp.CrossEntropy(y, target, tensor.CrossEntropyOptions{}), Scores: y, Targets: labels.I64}
		},
		NewMetrics: func() []task.Metric {
			e, _ := metric.Builtin().Find("accuracy")
			m, err := e.Value(metric.Config{Classes: 3})
			if err != nil {
				panic(err)
			}
			return []task.Metric{{Name: "accuracy", Metric: m}}
		},
	}
}

// toyData are points whose class is the largest of three sums.
func toyData(t testing.TB, n, batch int, seed uint64) Data {
	t.Helper()
	make := func(n int, key string, shuffle bool) *data.Loader {
		r := rng.New(rng.Name(key))
		x, y := make([]float32, 0, 6*n), make([]int64, 0, n)
		for range n {
			var s [3]float64
			for j := range 6 {
				v := r.Normal()
				x = append(x, float32(v))
				s[j/2] += v
			}
			best := 0
			for j := range s {
				if s[j] > s[best] {
					best = j
				}
			}
			y = append(y, int64(best))
		}
		set, err := data.NewArrays(map[string]data.Array{"x": data.Floats(x, n, 6), "labels": data.Ints(y, n)})
		if err != nil {
			t.Fatal(err)
		}
		l, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: batch, Shuffle: shuffle, Seed: seed}, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	return Data{Train: make(n, "train", true), Val: make(30, "val", false)}
}

// scenario is a fit with phases, schedulers and restores.
func scenario(t testing.TB, e engine.Engine) (task.Task, Schedule, Config) {
	t.Helper()
	lr := 0.05
	ch := lrsched.Named("cosineannealinglr", lrsched.Args{"T_max": 40}, lrsched.Config{Interval: lrsched.ByStep})
	tk := toy(t, e, task.Optimization{Optimizer: registry.Spec{Name: "adamw"}, LearningRate: &lr, LRScheduler: &ch})
	two := 2
	sched := &schedule.Schedule{Name: "test", Phases: []schedule.PhaseSpec{
		{Key: 0, Params: []schedule.Entry{{Text: "model.out.*"}}, MaxTransitionEpoch: &two},
		{Key: 1, Params: []schedule.Entry{{Text: "model.bn.*"}, {Text: "model.in.*"}}, LR: &lr},
	}}
	plan, found := sched.Resolve(tk.Net.Params().Infos(), schedule.Options{BaseMaxLR: 1e-3})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	es, ck := phase.DefaultEarlyStopping(), phase.DefaultCheckpoint()
	es.Patience = 2
	c := DefaultConfig(e)
	c.MaxEpochs, c.AccumulateGradBatches, c.GradientClipVal = 5, 2, 1
	return tk, Schedule{Plan: plan, Options: phase.DefaultOptions(), EarlyStopping: &es, Checkpoint: &ck}, c
}

// bits are all parameters and buffers, to compare.
func bits(t task.Task) string {
	var b strings.Builder
	for _, p := range t.Network().Params().All() {
		if p.DType == "i64" {
			fmt.Fprintln(&b, p.Name, p.Tensor.Int64s())
			continue
		}
		fmt.Fprint(&b, p.Name)
		for _, v := range p.Tensor.Float32s() {
			fmt.Fprintf(&b, " %08x", math.Float32bits(v))
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

func newEngine(t testing.TB) engine.Engine {
	e := reference.New(host.Options{Threads: 2})
	t.Cleanup(func() { e.Close() })
	return e
}

// run fits the scenario until it is done, cancelling it after each number of
// events in stops in turn.
func run(t *testing.T, dir string, stops ...int) (string, []string) {
	t.Helper()
	var log []string
	for session := 0; ; session++ {
		e := newEngine(t)
		tk, s, c := scenario(t, e)
		c.Dir = dir
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		c.Sink = event.SinkFunc(func(ev event.Event) {
			if st, ok := ev.(event.StepDone); ok {
				log = append(log, fmt.Sprintf("step %d loss %v lrs %v", st.Step, st.Loss, st.LRs))
			}
			if v, ok := ev.(event.Validated); ok {
				log = append(log, fmt.Sprintf("validated %d %v wait %d", v.Epoch, v.Metrics, v.Wait))
			}
			if seen++; session < len(stops) && seen == stops[session] {
				cancel()
			}
		})
		tr, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		res, err := tr.Fit(ctx, tk, toyData(t, 44, 4, c.Seed), s)
		cancel()
		if err != nil {
			t.Fatalf("session %d: %v", session, err)
		}
		if !res.Interrupted {
			return bits(tk), log
		}
	}
}

func TestResumeIsBitEqual(t *testing.T) {
	want, wantLog := run(t, t.TempDir())
	r := rng.New(rng.Name("where the fits are interrupted"))
	for range 12 {
		stops := []int{1 + r.IntN(60), 1 + r.IntN(30), 1 + r.IntN(20)}
		got, log := run(t, t.TempDir(), stops...)
		if got != want {
			t.Fatalf("interrupted after %v events, the fit ends with other weights", stops)
		}
		// Events may repeat where a validation was cut short, and not differ.
		if log := slices.Compact(log); !slices.Equal(log, wantLog) {
			t.Fatalf("interrupted after %v events:\n%s\nuninterrupted:\n%s", stops, strings.Join(log, "\n"), strings.Join(wantLog, "\n"))
		}
	}
}

func TestFrozenParametersStay(t *testing.T) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	c.MaxEpochs = 2 // phase 0 only
	before := map[string]string{}
	for _, p := range tk.Network().Params().All() {
		if p.DType == "f32" {
			before[p.Name] = fmt.Sprint(p.Tensor.Float32s())
		}
	}
	c.Dir = t.TempDir()
	tr, _ := New(c)
	if _, err := tr.Fit(context.Background(), tk, toyData(t, 44, 4, 1), s); err != nil {
		t.Fatal(err)
	}
	for _, p := range tk.Network().Params().All() {
		if p.DType != "f32" {
			continue
		}
		moved := before[p.Name] != fmt.Sprint(p.Tensor.Float32s())
		if want := strings.HasPrefix(p.Name, "model.out") || p.Buffer; moved != want {
			t.Errorf("%s moved: %v", p.Name, moved)
		}
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	var want string
	for _, threads := range []int{1, 2, 5} {
		e := reference.New(host.Options{Threads: threads})
		tk, s, c := scenario(t, e)
		c.Dir = t.TempDir()
		tr, _ := New(c)
		if _, err := tr.Fit(context.Background(), tk, toyData(t, 44, 4, 1), s); err != nil {
			t.Fatal(err)
		}
		got := bits(tk)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%d threads give other weights than 1", threads)
		}
		e.Close()
	}
}

func TestErrors(t *testing.T) {
	e := newEngine(t)
	for _, c := range []struct {
		name, want string
		change     func(tk *task.Custom, d *Data, s *Schedule, c *Config)
	}{
		{"a loss that is not finite", "the training loss is NaN", func(tk *task.Custom, _ *Data, _ *Schedule, _ *Config) {
			run := tk.Run
			tk.Run = func(t *tensor.Tape, b *data.Batch) task.Output {
				o := run(t, b)
				o.Loss = t.Scale(o.Loss, math.NaN(), 0)
				return o
			}
		}},
		{"no training data", "no training data", func(_ *task.Custom, d *Data, _ *Schedule, _ *Config) { d.Train = nil }},
		{"an empty validation set", "the validation set is empty", func(_ *task.Custom, d *Data, _ *Schedule, _ *Config) {
			set, _ := data.NewArrays(map[string]data.Array{"x": data.Floats([]float32{}, 0, 6), "labels": data.Ints([]int64{}, 0)})
			d.Val, _ = data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 2}})
		}},
		{"an unknown optimizer", `unknown optimizer "adamm"; did you mean Adam`, func(tk *task.Custom, _ *Data, _ *Schedule, _ *Config) {
			tk.Optimize.Optimizer.Name = "adamm"
		}},
		{"a monitor that nothing logs", "val_lss", func(_ *task.Custom, _ *Data, s *Schedule, _ *Config) { s.EarlyStopping.Monitor = "val_lss" }},
	} {
		tk, s, cfg := scenario(t, e)
		d := toyData(t, 44, 4, 1)
		cfg.Dir = t.TempDir()
		c.change(tk.(*task.Custom), &d, &s, &cfg)
		tr, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tr.Fit(context.Background(), tk, d, s)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestDamagedCheckpointIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	run2 := func(stop int) (Result, []string) {
		e := newEngine(t)
		tk, s, c := scenario(t, e)
		c.Dir = dir
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var warnings []string
		steps := 0
		c.Sink = event.SinkFunc(func(ev event.Event) {
			switch ev := ev.(type) {
			case event.Warning:
				warnings = append(warnings, ev.Text)
			case event.StepDone:
				if steps++; steps == stop {
					cancel()
				}
			}
		})
		tr, _ := New(c)
		res, err := tr.Fit(ctx, tk, toyData(t, 44, 4, 1), s)
		if err != nil && stop > 0 {
			t.Fatal(err)
		}
		return res, warnings
	}
	run2(15)
	all, err := filepath.Glob(filepath.Join(CheckpointDir(dir), "*", WeightsFile))
	if err != nil || len(all) < 2 {
		t.Fatalf("checkpoints: %v, %v", all, err)
	}
	for _, f := range all {
		if strings.Contains(f, "last-") {
			if err := os.Truncate(f, 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, warnings := run2(3)
	if !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "is damaged") }) {
		t.Errorf("no warning names the damage: %v", warnings)
	}
}

// TestGuardFindsAFrozenParameterThatMoves moves one behind the trainer's back.
func TestGuardFindsAFrozenParameterThatMoves(t *testing.T) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	c.Dir = t.TempDir()
	run := tk.(*task.Custom).Run
	tk.(*task.Custom).Run = func(tp *tensor.Tape, b *data.Batch) task.Output {
		p, _ := tk.Network().Params().Lookup("model.in.weight")
		v := p.Tensor.Float32s()
		v[3] = math.Nextafter32(v[3], 9)
		if err := p.Tensor.Set(v); err != nil {
			t.Error(err)
		}
		return run(tp, b)
	}
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Fit(context.Background(), tk, toyData(t, 44, 4, 1), s)
	if err == nil || !strings.Contains(err.Error(), "the frozen parameter model.in.weight has changed") {
		t.Errorf("got %v", err)
	}
}
