package tensor

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
)

// TestWhatIsHeldForTheBackwardPass counts the activations that stay in memory
// after an operator beside its result. x is an activation through which a
// gradient flows, c one without, w a parameter.
func TestWhatIsHeldForTheBackwardPass(t *testing.T) {
	const n = 128 // [n,n] in f32: 64 KiB
	type operands struct{ x, c, w *Tensor }
	for _, c := range []struct {
		name    string
		run     func(t *Tape, o operands) *Tensor
		trained bool // w has a gradient
		held    int
	}{
		{"relu", func(t *Tape, o operands) *Tensor { return t.Relu(o.x) }, false, 0},
		{"gelu", func(t *Tape, o operands) *Tensor { return t.Gelu(o.x) }, false, 1},
		{"gelu of a constant", func(t *Tape, o operands) *Tensor { return t.Gelu(o.c) }, false, 0},
		{"add", func(t *Tape, o operands) *Tensor { return t.Add(o.x, o.c) }, false, 0},
		{"mul by a constant", func(t *Tape, o operands) *Tensor { return t.Mul(o.x, o.c) }, false, 1},
		{"mul by itself", func(t *Tape, o operands) *Tensor { return t.Mul(o.x, o.x) }, false, 1},
		{"mul by a trained weight", func(t *Tape, o operands) *Tensor { return t.Mul(o.x, o.w) }, true, 1},
		{"linear, frozen", func(t *Tape, o operands) *Tensor { return t.Linear(o.x, o.w, nil) }, false, 0},
		{"linear, trained", func(t *Tape, o operands) *Tensor { return t.Linear(o.x, o.w, nil) }, true, 1},
		{"linear of a constant, frozen", func(t *Tape, o operands) *Tensor { return t.Linear(o.c, o.w, nil) }, false, 0},
		{"linear and relu, frozen", func(t *Tape, o operands) *Tensor { return t.LinearAct(o.x, o.w, nil, engine.FnRelu) }, false, 0},
		{"linear and gelu, frozen", func(t *Tape, o operands) *Tensor { return t.LinearAct(o.x, o.w, nil, engine.FnGeluErf) }, false, 1},
		{"matmul by a constant", func(t *Tape, o operands) *Tensor { return t.MatMul(o.x, o.c) }, false, 1},
		{"conv, frozen", func(t *Tape, o operands) *Tensor {
			y := t.Conv2D(t.Reshape(o.x, n, n, 1, 1), t.Reshape(o.w, n, n, 1, 1), nil, ConvOptions{})
			return t.Reshape(y, n, n)
		}, false, 0},
		{"conv, trained", func(t *Tape, o operands) *Tensor {
			y := t.Conv2D(t.Reshape(o.x, n, n, 1, 1), t.Reshape(o.w, n, n, 1, 1), nil, ConvOptions{})
			return t.Reshape(y, n, n)
		}, true, 1},
		{"batch_norm", func(t *Tape, o operands) *Tensor { return t.BatchNorm(o.x, BatchNormOptions{Eps: 1e-5}) }, false, 1},
		{"batch_norm, stored", func(t *Tape, o operands) *Tensor {
			m, v := t.Keep(t.Full(engine.Of(n), 0)), t.Keep(t.Full(engine.Of(n), 1))
			return t.BatchNorm(o.x, BatchNormOptions{Eps: 1e-5, Mean: m, Var: v, Stored: true})
		}, false, 0},
		{"layer_norm", func(t *Tape, o operands) *Tensor { return t.LayerNorm(o.x, nil, nil, 1, 1e-5) }, false, 1},
		{"softmax", func(t *Tape, o operands) *Tensor { return t.Softmax(o.x, -1) }, false, 0},
		{"softmax on the first axis", func(t *Tape, o operands) *Tensor { return t.Softmax(o.x, 0) }, false, 1},
		{"transpose", func(t *Tape, o operands) *Tensor { return t.Transpose(o.x, 0, 1) }, false, 0},
		{"dropout", func(t *Tape, o operands) *Tensor {
			t.SetSamples(make([]int64, n))
			return t.Dropout(o.x, .5, "m")
		}, false, 0},
		{"slice", func(t *Tape, o operands) *Tensor { return t.Pad(t.Slice(o.x, From(0, 1)), 0, 1, 0) }, false, 0},
		{"expand", func(t *Tape, o operands) *Tensor { return t.Sub(o.x, t.Expand(t.Take(o.x, 0, 0), n, n)) }, false, 0},
	} {
		e := reference.New(reference.Options{Threads: 1})
		tape := NewTape(e)
		tape.SetTraining(true)
		leaf, err := NewLeaf(e, engine.F32, engine.Of(n, n))
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewLeaf(e, engine.F32, engine.Of(n, n))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []*Tensor{leaf, w} {
			if err := x.Set(make([]float32, n*n)); err != nil {
				t.Fatal(err)
			}
		}
		leaf.SetRequiresGrad(true)
		w.SetRequiresGrad(c.trained)
		do(t, tape, func() {
			before := e.Memory().Live
			tape.Block("", func() *Tensor {
				// Scale saves nothing, so that x itself is held by nobody else.
				return c.run(tape, operands{x: tape.Scale(leaf, 2, 0), c: tape.Full(engine.Of(n, n), 1), w: w})
			})
			// The result is one; statistics and ids are far below half of one.
			if got := int((e.Memory().Live-before+2*n*n)/(4*n*n)) - 1; got != c.held {
				t.Errorf("%s holds %d activations, want %d", c.name, got, c.held)
			}
		})
		tape.Close()
		leaf.Release()
		w.Release()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
