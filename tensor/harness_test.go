package tensor

import (
	"math"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/rng"
	"pgregory.net/rapid"
)

// newEngine is a reference engine whose memory is poisoned and watched.
func newEngine(t testing.TB) *reference.Engine {
	e := reference.New(reference.Options{Debug: true})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// newTape is a tape of float64 in training.
func newTape(t testing.TB) *Tape {
	tape := NewTape(newEngine(t))
	tape.SetDType(engine.F64)
	tape.SetTraining(true)
	t.Cleanup(tape.Close)
	return tape
}

// leafOf is a trainable leaf of normal numbers, made of the stream.
func leafOf(t testing.TB, e engine.Engine, s *rng.Stream, dims ...int) *Tensor {
	t.Helper()
	values := make([]float64, engine.Of(dims...).Len())
	for i := range values {
		values[i] = s.Normal()
	}
	return leafWith(t, e, engine.F64, values, dims...)
}

func leafWith(t testing.TB, e engine.Engine, dt engine.DType, values []float64, dims ...int) *Tensor {
	t.Helper()
	x, err := NewLeaf(e, dt, engine.Of(dims...))
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Set(values); err != nil {
		t.Fatal(err)
	}
	x.SetRequiresGrad(true)
	t.Cleanup(x.Release)
	return x
}

// do runs fn on the tape and fails on its error.
func do(t rapid.TB, tape *Tape, fn func()) {
	t.Helper()
	if err := tape.Do(fn); err != nil {
		t.Fatal(err)
	}
}

// checkGrads compares the gradients of loss, a scalar, with central differences
// in every element of the leaves.
func checkGrads(t rapid.TB, tape *Tape, leaves []*Tensor, loss func() *Tensor) {
	t.Helper()
	value := func() (v float64) {
		do(t, tape, func() { tape.NoGrad(func() { v = loss().Item() }) })
		tape.Reset()
		return v
	}
	for _, x := range leaves {
		x.ZeroGrad()
	}
	do(t, tape, func() {
		if l := loss(); l.RequiresGrad() {
			tape.Backward(l, nil)
		}
	})
	tape.Reset()
	const h = 1e-5
	for k, x := range leaves {
		if !x.RequiresGrad() {
			continue
		}
		got := make([]float64, x.Len())
		if g := x.Grad(); g != nil {
			g.CopyTo(got)
		}
		at := x.Float64s()
		for i, v := range at {
			move := func(to float64) float64 {
				at[i] = to
				if err := x.Set(at); err != nil {
					t.Fatal(err)
				}
				return value()
			}
			want := (move(v+h) - move(v-h)) / (2 * h)
			move(v)
			if math.Abs(got[i]-want) > 1e-7+2e-6*math.Abs(want) {
				t.Errorf("leaf %d %v, element %d: gradient %v, by differences %v", k, x.Shape(), i, got[i], want)
				return
			}
		}
	}
}

// weighted is Σ c·y with fixed uneven numbers c, so that no element's gradient
// hides behind another's.
func weighted(tape *Tape, y *Tensor) *Tensor {
	c := make([]float64, y.Len())
	for i := range c {
		c[i] = math.Sin(1.3*float64(i) + .4)
	}
	return tape.Sum(tape.Mul(y, tape.FromF64(y.Shape(), c)))
}
