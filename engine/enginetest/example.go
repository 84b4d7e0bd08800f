package enginetest

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
)

// float stands for the float type under test.
const float = engine.DType(0)

// operand is an input or an output of an example. Floats that were drawn are
// numbers that float32 holds exactly, so that one oracle serves both types.
type operand struct {
	dt      engine.DType
	shape   engine.Shape
	f       []float64 // floats: what an input, or an output before the call, holds
	i       []int64   // integers: as f
	want    []float64 // of an output
	scale   []float64 // what the error of want is measured by
	wantInt []int64
	updated bool // the output is an input too
	absent  bool
	free    bool // any content is right
}

// example is one call and what must come of it.
type example struct {
	op       engine.Op
	attr     engine.Attr
	in, out  []operand
	inPlace  []int // inputs that output 0 may lie over
	fails    string
	slopes   *slopes
	lookupAs engine.DType // the type to look up, where not the one under test
}

func (x *example) String() string {
	s := x.op.String()
	for _, o := range x.in {
		s += " " + o.String()
	}
	s += " ="
	for _, o := range x.out {
		s += " " + o.String()
	}
	return s + fmt.Sprintf(" %+v", x.attr)
}

func (o operand) String() string {
	if o.absent {
		return "-"
	}
	if o.dt != float {
		return o.dt.String() + o.shape.String()
	}
	return o.shape.String()
}

// given is an input of floats.
func given(shape engine.Shape, f []float64) operand { return operand{shape: shape, f: f} }

// none is an operand that is left out.
func none() operand { return operand{absent: true} }

func ids(shape engine.Shape, i []int64) operand {
	return operand{dt: engine.I64, shape: shape, i: i}
}

// wanted is an output of floats with the oracle's values.
func (t *tape) wanted(shape engine.Shape, n []num) operand {
	return operand{shape: shape, want: pluck(t.v, n), scale: pluck(t.m, n)}
}

// exact is an output whose every bit is known.
func exact(shape engine.Shape, want []float64) operand {
	return operand{shape: shape, want: want, scale: make([]float64, len(want))}
}

// over says what an output that is updated holds before.
func (o operand) over(f []float64) operand {
	o.f, o.updated = f, true
	return o
}

// formula computes outputs from operands on the tape.
type formula func(t *tape, in [][]num) [][]num

// run computes values only.
func (f formula) run(in ...[]float64) (t *tape, x, y [][]num) { return f.on(&tape{plain: true}, in) }

func (f formula) on(t *tape, in [][]float64) (_ *tape, x, y [][]num) {
	for _, v := range in {
		x = append(x, t.leaves(v))
	}
	return t, x, f(t, x)
}

// solved are a formula's values and the gradients of its first output.
type solved struct {
	out   []operand // values, as flat outputs
	grads []operand // with respect to each operand, likewise
	slopes
}

// slopes is what finite differences need: the formula at a point.
type slopes struct {
	f    formula
	at   [][]float64
	seed []float64
	out  []int // the example's output that is the gradient of operand i; −1: none
}

// solve runs the formula at a point and back from the gradient gy of its first
// output.
func (f formula) solve(gy []float64, at ...[]float64) *solved {
	t, x, y := f.on(&tape{}, at)
	s := &solved{slopes: slopes{f: f, at: at, seed: gy}}
	for _, n := range y {
		s.out = append(s.out, t.wanted(engine.Of(len(n)), n))
	}
	g, m := t.backward(y[0], gy)
	for _, n := range x {
		s.grads = append(s.grads, operand{shape: engine.Of(len(n)), want: pluck(g, n), scale: pluck(m, n)})
	}
	return s
}

// grad is the gradient of operand i as an output.
func (s *solved) grad(i int, shape engine.Shape) operand {
	o := s.grads[i]
	o.shape = shape
	return o
}

// value is output i as an input. In float32 it is rounded on its way in.
func (s *solved) value(i int, shape engine.Shape) operand { return given(shape, s.out[i].want) }

// by tells which output of the example is the gradient of each operand.
func (s *solved) by(out ...int) *slopes {
	s.slopes.out = out
	return &s.slopes
}

// loss is Σ seed·f at a point.
func (s *slopes) loss(at [][]float64) float64 {
	t, _, y := s.f.run(at...)
	l := 0.0
	for i, n := range y[0] {
		l += s.seed[i] * t.v[n]
	}
	return l
}

// along compares a gradient's component along a direction with the central
// difference of the loss: both are returned, and what their error is measured by.
func (s *slopes) along(dir [][]float64, grads []operand, got [][]float64) (component, difference, scale float64) {
	const h = 1e-4
	moved := func(by float64) float64 {
		at := make([][]float64, len(s.at))
		for i, v := range s.at {
			at[i] = v
			if dir[i] != nil {
				at[i] = make([]float64, len(v))
				for j := range v {
					at[i][j] = v[j] + by*dir[i][j]
				}
			}
		}
		return s.loss(at)
	}
	difference = (moved(h) - moved(-h)) / (2 * h)
	for i, d := range dir {
		for j := range d {
			component += got[i][j] * d[j]
			scale += math.Abs(grads[i].scale[j] * d[j])
		}
	}
	return component, difference, scale
}
