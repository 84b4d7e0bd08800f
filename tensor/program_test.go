package tensor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
	"pgregory.net/rapid"
)

// program is a random composition of operators over values of shape [2,3,4].
type program struct {
	steps []step
}

type step struct{ op, a, b, p int }

// weights are the leaves that the operators of a program use besides values.
type weights struct{ w, bias, kernel, gain *Tensor }

// smooth are operators of values of shape [2,3,4] that have no kinks.
var smooth = []struct {
	name string
	run  func(t *Tape, l weights, a, b *Tensor, p int) *Tensor
}{
	{"tanh", func(t *Tape, _ weights, a, _ *Tensor, _ int) *Tensor { return t.Tanh(a) }},
	{"gelu", func(t *Tape, _ weights, a, _ *Tensor, _ int) *Tensor { return t.Gelu(a) }},
	{"silu", func(t *Tape, _ weights, a, _ *Tensor, _ int) *Tensor { return t.SiLU(a) }},
	{"add", func(t *Tape, _ weights, a, b *Tensor, _ int) *Tensor { return t.Add(a, b) }},
	{"mul", func(t *Tape, _ weights, a, b *Tensor, _ int) *Tensor { return t.Mul(a, t.Tanh(b)) }},
	{"div", func(t *Tape, _ weights, a, b *Tensor, _ int) *Tensor { return t.Div(a, t.Scale(t.Square(b), 1, 1)) }},
	{"centre", func(t *Tape, _ weights, a, b *Tensor, p int) *Tensor {
		m := t.Mean(b, p%3)
		dims := a.Shape().Dims()
		dims[p%3] = 1
		return t.Sub(a, t.Reshape(m, dims...))
	}},
	{"matmul", func(t *Tape, _ weights, a, b *Tensor, p int) *Tensor {
		s := t.MatMulWith(t.Tanh(a), t.Tanh(b), MatMulOptions{TransB: true, Scale: .5})
		return t.MatMulWith(s, b, MatMulOptions{TransA: p%2 == 0})
	}},
	{"softmax", func(t *Tape, _ weights, a, b *Tensor, p int) *Tensor {
		return t.Mul(b, t.Softmax(a, p%3))
	}},
	{"log_softmax", func(t *Tape, _ weights, a, _ *Tensor, p int) *Tensor { return t.LogSoftmax(a, p%3) }},
	{"layer_norm", func(t *Tape, l weights, a, _ *Tensor, _ int) *Tensor { return t.LayerNorm(a, l.gain, l.bias, 1, .1) }},
	{"rms_norm", func(t *Tape, l weights, a, _ *Tensor, _ int) *Tensor { return t.RMSNorm(a, l.gain, 1, .1) }},
	{"batch_norm", func(t *Tape, l weights, a, _ *Tensor, _ int) *Tensor {
		x := t.Reshape(a, 6, 4)
		return t.Reshape(t.BatchNorm(x, BatchNormOptions{Weight: l.gain, Bias: l.bias, Eps: .1}), 2, 3, 4)
	}},
	{"permute", func(t *Tape, _ weights, a, _ *Tensor, p int) *Tensor {
		i, j := p%3, (p+1)%3
		return t.Transpose(t.Tanh(t.Transpose(a, i, j)), i, j)
	}},
	{"shift", func(t *Tape, _ weights, a, b *Tensor, p int) *Tensor {
		return t.Concat(p%3, t.Slice(a, From(p%3, 1)), t.Slice(b, Between(p%3, 0, 1)))
	}},
	{"thin", func(t *Tape, _ weights, a, _ *Tensor, p int) *Tensor {
		return t.Pad(t.Slice(a, Every(2, 2), From(1, 1)), 2, p%3, 2-p%3).padRows(t)
	}},
	{"linear", func(t *Tape, l weights, a, _ *Tensor, p int) *Tensor {
		return t.LinearAct(a, l.w, l.bias, []engine.Fn{engine.FnNone, engine.FnTanh, engine.FnGeluErf}[p%3])
	}},
	{"conv", func(t *Tape, l weights, a, _ *Tensor, _ int) *Tensor {
		y := t.Conv2D(t.Reshape(a, 1, 2, 3, 4), l.kernel, nil, ConvOptions{Pad: [2]int{1, 1}})
		return t.Reshape(y, 2, 3, 4)
	}},
	{"attention", func(t *Tape, _ weights, a, b *Tensor, p int) *Tensor {
		q, k := t.Reshape(a, 2, 1, 3, 4), t.Reshape(b, 2, 1, 3, 4)
		return t.Reshape(t.Attention(q, k, q, AttentionOptions{Causal: p%2 == 0}), 2, 3, 4)
	}},
	{"dropout", func(t *Tape, _ weights, a, _ *Tensor, _ int) *Tensor { return t.Dropout(a, .3, "drop") }},
	{"same", func(_ *Tape, _ weights, a, _ *Tensor, _ int) *Tensor { return a }},
}

// padRows brings [2,2,4] back to [2,3,4].
func (x *Tensor) padRows(t *Tape) *Tensor { return t.Pad(x, 1, 1, 0) }

func drawProgram(t *rapid.T) program {
	return program{rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			rapid.IntRange(0, len(smooth)-1).Draw(t, "op"), rapid.IntRange(0, 9).Draw(t, "a"),
			rapid.IntRange(0, 9).Draw(t, "b"), rapid.IntRange(0, 5).Draw(t, "p"),
		}
	}), 1, 8).Draw(t, "steps")}
}

func (p program) String() string {
	s := ""
	for _, st := range p.steps {
		s += fmt.Sprintf("%s(%d,%d;%d) ", smooth[st.op].name, st.a, st.b, st.p)
	}
	return s
}

// form is how a program is run: each form must give the same gradients.
type form int

const (
	flat form = iota
	blocks
	checkpoints
)

// run computes the program's loss from two values, in the given form.
func (p program) run(t *Tape, l weights, x, y *Tensor, f form) *Tensor {
	vals := []*Tensor{x, y}
	for _, st := range p.steps {
		a, b := vals[len(vals)-1-st.a%len(vals)], vals[len(vals)-1-st.b%len(vals)]
		op := smooth[st.op].run
		switch {
		case f == checkpoints && a == b:
			vals = append(vals, t.Checkpoint("", func(a *Tensor) *Tensor { return op(t, l, a, a, st.p) }, a))
		case f != flat:
			vals = append(vals, t.Block("", func() *Tensor { return op(t, l, a, b, st.p) }))
		default:
			vals = append(vals, op(t, l, a, b, st.p))
		}
	}
	return weighted(t, vals[len(vals)-1])
}

// bench is a tape with the leaves of a program.
type bench struct {
	tape   *Tape
	x, y   *Tensor
	l      weights
	leaves []*Tensor
}

func newBench(t testing.TB) *bench {
	b := &bench{tape: newTape(t)}
	s := rng.New(7)
	e := b.tape.Engine()
	b.x, b.y = leafOf(t, e, &s, 2, 3, 4), leafOf(t, e, &s, 2, 3, 4)
	b.l = weights{leafOf(t, e, &s, 4, 4), leafOf(t, e, &s, 4), leafOf(t, e, &s, 2, 2, 3, 3), leafOf(t, e, &s, 4)}
	b.leaves = []*Tensor{b.x, b.y, b.l.w, b.l.bias, b.l.kernel, b.l.gain}
	return b
}

func (b *bench) loss(p program, f form) *Tensor {
	b.tape.SetRandom(3, 1)
	b.tape.SetSamples([]int64{11, 12})
	return p.run(b.tape, b.l, b.x, b.y, f)
}

// grads runs forward and backward and gives all leaves' gradients, nil where a
// leaf got none.
func (b *bench) grads(t rapid.TB, p program, f form) [][]float64 {
	t.Helper()
	for _, x := range b.leaves {
		x.ZeroGrad()
	}
	do(t, b.tape, func() {
		if l := b.loss(p, f); l.RequiresGrad() {
			b.tape.Backward(l, nil)
		}
	})
	b.tape.Reset()
	var out [][]float64
	for _, x := range b.leaves {
		if g := x.Grad(); g != nil {
			out = append(out, g.Float64s())
		} else {
			out = append(out, nil)
		}
	}
	return out
}

func TestProgramsAgainstDifferences(t *testing.T) {
	b := newBench(t)
	rapid.Check(t, func(r *rapid.T) {
		p := drawProgram(r)
		checkGrads(r, b.tape, b.leaves, func() *Tensor { return b.loss(p, flat) })
	})
}

// TestFormsAgree: scopes and checkpointing change memory, not results. A
// checkpointed block adds up gradients in another order.
func TestFormsAgree(t *testing.T) {
	b := newBench(t)
	rapid.Check(t, func(r *rapid.T) {
		p := drawProgram(r)
		want := b.grads(r, p, flat)
		if got := b.grads(r, p, blocks); !slices.EqualFunc(got, want, slices.Equal) {
			r.Fatalf("in blocks: %v, flat: %v", got, want)
		}
		got := b.grads(r, p, checkpoints)
		for k := range want {
			for i, w := range want[k] {
				if d := got[k][i] - w; d > 1e-12*(1+abs(w)) || d < -1e-12*(1+abs(w)) {
					r.Fatalf("checkpointed: leaf %d, element %d: %v, flat: %v", k, i, got[k][i], w)
				}
			}
		}
	})
}

func abs(v float64) float64 { return max(v, -v) }

// TestFreezingChangesNothingElse: what is trained gets the same gradients to the
// last bit, whatever else is frozen.
func TestFreezingChangesNothingElse(t *testing.T) {
	b := newBench(t)
	rapid.Check(t, func(r *rapid.T) {
		p := drawProgram(r)
		for _, x := range b.leaves {
			x.SetRequiresGrad(true)
		}
		want := b.grads(r, p, flat)
		for k, x := range b.leaves {
			if rapid.Bool().Draw(r, fmt.Sprintf("freeze %d", k)) {
				x.SetRequiresGrad(false)
				want[k] = nil
			}
		}
		if got := b.grads(r, p, flat); !slices.EqualFunc(got, want, slices.Equal) {
			r.Fatalf("partly frozen: %v, want %v", got, want)
		}
	})
}
