package trainer

import (
	"context"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// needs are the arguments without which an optimizer cannot be made, and the
// parameters of toy that it can train; nil: all of them.
var needs = map[string]struct {
	args   registry.Args
	params []schedule.Entry
	// table trains a table of logits instead of toy.
	table bool
}{
	"Muon":       {params: []schedule.Entry{{Text: "model.in.weight"}, {Text: "model.out.weight"}}},
	"SGD":        {args: registry.Args{"lr": 0.05}},
	"SparseAdam": {table: true},
}

// table classifies points by which of their first numbers are positive, with a
// table of logits whose gradients are sparse. Its row 8 is never looked up.
func table(t testing.TB, e engine.Engine, o task.Optimization) *task.Custom {
	tk := toy(t, e, o)
	s := nn.NewScope(nn.Config{Engine: e, Seed: 7, Prefix: task.Prefix})
	tk.Net = nn.NewNetwork(s)
	logits := nn.NewEmbedding(s.Sub("logits"), 9, 3, -1)
	logits.Sparse()
	tk.Net.Add(nn.Block{Name: "logits", Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		return logits.Forward(t, x)
	}})
	tk.Run = func(tp *tensor.Tape, b *data.Batch) task.Output {
		x, labels := b.Fields["x"], b.Fields["labels"]
		ids := make([]int64, b.Size)
		for i := range ids {
			for j := range 3 {
				if x.F32[6*i+j] > 0 {
					ids[i] += 1 << j
				}
			}
		}
		y := tk.Net.Run(tp, nil, tp.FromI64(engine.Of(b.Size), ids))
		target := tp.FromI64(engine.Of(labels.Shape...), labels.I64)
		return task.Output{Loss: tp.CrossEntropy(y, target, tensor.CrossEntropyOptions{}), Scores: y, Targets: labels.I64}
	}
	return tk
}

func untrained(t *testing.T, logits bool) string {
	if logits {
		return bits(table(t, newEngine(t), task.Optimization{}))
	}
	return bits(toy(t, newEngine(t), task.Optimization{}))
}

// TestSparseGradients: only rows that are looked up move, also through batches
// that add up and an interruption between them; with Adam's dense updates the
// others would be moved by momentum.
func TestSparseGradients(t *testing.T) {
	fit := func(stop int) *task.Custom {
		dir := t.TempDir()
		for {
			e := newEngine(t)
			lr := 0.1
			tk := table(t, e, task.Optimization{Optimizer: registry.Spec{Name: "sparse_adam"}, LearningRate: &lr})
			c := DefaultConfig(e)
			c.Dir, c.MaxEpochs, c.AccumulateGradBatches, c.GradientClipVal = dir, 2, 2, 1
			c.ValCheckInterval = Count(1) // saves in the middle of a step, too
			ctx, cancel := context.WithCancel(context.Background())
			seen := 0
			c.Sink = event.SinkFunc(func(ev event.Event) {
				if _, ok := ev.(event.Validated); ok {
					if seen++; seen == stop {
						stop = 0
						cancel()
					}
				}
			})
			tr, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			r, err := tr.Fit(ctx, tk, toyData(t, 20, 2, c.Seed), Schedule{Options: phase.DefaultOptions()})
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if !r.Interrupted {
				return tk
			}
		}
	}
	row := func(tk task.Task) []float32 {
		p, _ := tk.Network().Params().Lookup("model.logits.weight")
		return p.Tensor.Float32s()[24:]
	}
	whole := fit(0)
	if !slices.Equal(row(whole), row(table(t, newEngine(t), task.Optimization{}))) {
		t.Error("a row that was never looked up has moved")
	}
	for _, stop := range []int{1, 4, 7} {
		if bits(fit(stop)) != bits(whole) {
			t.Errorf("interrupted at validation %d, the fit ends with other weights", stop)
		}
	}
}

// TestEveryOptimizerResumes: a fit with any optimizer that is cut short ends as
// the same fit that is not, bit for bit: all that an optimizer remembers is in
// the checkpoint.
func TestEveryOptimizerResumes(t *testing.T) {
	for _, entry := range optim.Builtin().Entries() {
		t.Run(entry.Name, func(t *testing.T) {
			need := needs[entry.Name]
			fit := func(stops ...int) string {
				dir := t.TempDir()
				for session := 0; ; session++ {
					e := newEngine(t)
					make := toy
					if need.table {
						make = table
					}
					tk := make(t, e, task.Optimization{Optimizer: registry.Spec{Name: entry.Name, Args: need.args}})
					c := DefaultConfig(e)
					c.Dir, c.MaxEpochs, c.GradientClipVal = dir, 2, 5
					infos := tk.Net.Params().Infos()
					plan := schedule.AllAtOnce(infos)
					if need.params != nil {
						one := &schedule.Schedule{Phases: []schedule.PhaseSpec{{Params: need.params}}}
						var found diag.List
						if plan, found = one.Resolve(infos, schedule.Options{}); found.Err() != nil {
							t.Fatal(found.Err())
						}
					}
					ctx, cancel := context.WithCancel(context.Background())
					seen := 0
					c.Sink = event.SinkFunc(func(ev event.Event) {
						if _, ok := ev.(event.StepDone); ok {
							if seen++; session < len(stops) && seen == stops[session] {
								cancel()
							}
						}
					})
					tr, err := New(c)
					if err != nil {
						t.Fatal(err)
					}
					res, err := tr.Fit(ctx, tk, toyData(t, 24, 4, c.Seed), Schedule{Plan: plan, Options: phase.DefaultOptions()})
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					if !res.Interrupted {
						if session != len(stops) {
							t.Fatalf("%d interruptions, wanted %d", session, len(stops))
						}
						return bits(tk)
					}
				}
			}
			whole := fit()
			if whole == untrained(t, need.table) {
				t.Error("nothing was trained")
			}
			if got := fit(1, 4, 3); got != whole {
				t.Error("the interrupted fit ends with other weights")
			}
		})
	}
}
