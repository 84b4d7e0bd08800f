package trainer

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/task"
)

// averagings are the three kinds that configurations ask for.
func averagings(t *testing.T) map[string]Averaging {
	ema, err := optim.ExponentialAveraging(0.8)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]Averaging{
		"exponential":   {How: ema, Buffers: true, EverySteps: 2, FromStep: 3, FromEpoch: -1},
		"every step":    {How: optim.EqualAveraging(), Buffers: true, EverySteps: 1, FromEpoch: -1},
		"end of epochs": {How: optim.EqualAveraging(), FromEpoch: 1, AtEnd: true},
	}
}

// averaged fits the scenario with averages, cancelling it after each number of
// steps in turn, and calls look after each step with the network as trained.
func averaged(t *testing.T, a Averaging, dir string, look func(step int, tk task.Task), stops ...int) (task.Task, Result) {
	t.Helper()
	for session := 0; ; session++ {
		tk, s, c := scenario(t, newEngine(t))
		c.Dir, c.Averaging = dir, &a
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		c.Sink = event.SinkFunc(func(ev event.Event) {
			st, ok := ev.(event.StepDone)
			if !ok {
				return
			}
			if look != nil {
				look(st.Step, tk)
			}
			if seen++; session < len(stops) && seen == stops[session] {
				cancel()
			}
		})
		tr, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := tr.Fit(ctx, tk, toyData(t, 44, 4, c.Seed), s)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if !r.Interrupted {
			return tk, r
		}
	}
}

// TestAveragesResume: averages survive interruptions and restores to the bit.
func TestAveragesResume(t *testing.T) {
	r := rng.New(rng.Name("where averaging is interrupted"))
	for name, a := range averagings(t) {
		t.Run(name, func(t *testing.T) {
			whole, _ := averaged(t, a, t.TempDir(), nil)
			for range 4 {
				stops := []int{1 + r.IntN(12), 1 + r.IntN(8)}
				if got, _ := averaged(t, a, t.TempDir(), nil, stops...); bits(got) != bits(whole) {
					t.Errorf("interrupted after %v steps, the averages are others", stops)
				}
			}
		})
	}
}

// TestWhatIsAveraged: a fit without restores leaves the averages that its steps
// define, and those are what its checkpoints hold and its validations saw.
func TestWhatIsAveraged(t *testing.T) {
	const weight = "model.out.weight"
	value := func(tk task.Task) []float32 {
		p, _ := tk.Network().Params().Lookup(weight)
		return p.Tensor.Float32s()
	}
	for name, a := range averagings(t) {
		t.Run(name, func(t *testing.T) {
			steps := map[int][]float32{}
			dir := t.TempDir()
			tk, s, c := scenario(t, newEngine(t))
			c.Dir, c.Averaging, c.MaxEpochs = dir, &a, 3
			s = Schedule{Options: phase.DefaultOptions(), Checkpoint: s.Checkpoint}
			s.Checkpoint.Monitor = "val_loss"
			c.Sink = event.SinkFunc(func(ev event.Event) {
				if st, ok := ev.(event.StepDone); ok {
					steps[st.Step-1] = value(tk)
				}
			})
			tr, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			d := toyData(t, 44, 4, c.Seed)
			r, err := tr.Fit(context.Background(), tk, d, s)
			if err != nil {
				t.Fatal(err)
			}
			want := expected(a, steps, r.Steps/c.MaxEpochs)
			if got := value(tk); !slices.Equal(got, want) {
				t.Errorf("%s is %v, its average is %v", weight, got, want)
			}
			checkBest(t, tr, dir, r, d)
		})
	}
}

// expected averages by the definition, in float32.
func expected(a Averaging, steps map[int][]float32, perEpoch int) []float32 {
	var avg []float32
	n := 0
	for i := range len(steps) {
		byStep := a.EverySteps > 0 && i >= a.FromStep && i%a.EverySteps == 0
		byEpoch := a.FromEpoch >= 0 && (i+1)%perEpoch == 0 && i/perEpoch >= a.FromEpoch
		if !byStep && !byEpoch {
			continue
		}
		if n == 0 {
			avg = slices.Clone(steps[i])
		} else {
			a.How.Follow(optim.Slice{F32: avg}, optim.Slice{F32: steps[i]}, n)
		}
		n++
	}
	return avg
}

// checkBest loads the best checkpoint and measures again what was measured.
func checkBest(t *testing.T, tr *Trainer, dir string, r Result, d Data) {
	t.Helper()
	store, err := checkpoint.Open(checkpoint.OS{}, CheckpointDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	best, err := Best(store)
	if err != nil || best != r.Best {
		t.Fatalf("the best checkpoint is %q, %v, the fit said %q", best, err, r.Best)
	}
	file, err := safetensors.Open(store.Path(best, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fresh, _, _ := scenario(t, tr.cfg.Engine)
	if err := nn.Load(fresh.Network().Params().All(), file, nn.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	m, err := tr.Evaluate(context.Background(), fresh, d.Val, "val")
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(m["val_loss"]-r.BestScore) > 1e-6 {
		t.Errorf("checkpoint %s has val_loss %v, the fit said %v", best, m["val_loss"], r.BestScore)
	}
}
