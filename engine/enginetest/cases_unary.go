package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// unaries are the functions of one operand with the parameters to try.
var unaries = []engine.Attr{
	{Fn: engine.FnRelu},
	{Fn: engine.FnLeakyRelu, Alpha: 0.0625},
	{Fn: engine.FnRelu6},
	{Fn: engine.FnElu, Alpha: 0.75},
	{Fn: engine.FnGeluErf},
	{Fn: engine.FnGeluTanh},
	{Fn: engine.FnTanh},
	{Fn: engine.FnSigmoid},
	{Fn: engine.FnSiLU},
	{Fn: engine.FnSoftplus},
	{Fn: engine.FnSoftplus, Alpha: 2, Beta: 5},
	{Fn: engine.FnMish},
	{Fn: engine.FnHardSwish},
	{Fn: engine.FnHardSigmoid},
	{Fn: engine.FnExp},
	{Fn: engine.FnLog},
	{Fn: engine.FnSqrt},
	{Fn: engine.FnAbs},
	{Fn: engine.FnSquare},
}

// domain draws arguments that a function of one operand is defined for.
func (g *gen) domain(fn engine.Fn, n int) []float64 {
	v := g.spread(n)
	for i := range v {
		switch fn {
		case engine.FnLog, engine.FnSqrt:
			v[i] = float64(float32(0.25 + math.Abs(v[i])))
		case engine.FnExp:
		default:
			v[i] = float64(float32(4 * v[i])) // both ends of the saturating ones
		}
	}
	return v
}

// function is a function of one number on the tape.
func function(t *tape, x num, a *engine.Attr) num {
	v := t.v[x]
	sigmoid := func(x num) num { return t.div(t.leaf(1), t.affine(t.exp(t.affine(x, -1, 0)), 1, 1)) }
	softplus := func(x num) num { return t.log(t.affine(t.exp(x), 1, 1)) }
	bend := func(lo, hi float64) num { // what relu6 does
		switch {
		case v <= lo:
			return t.leaf(0)
		case v >= hi:
			return t.leaf(hi - lo)
		}
		return t.affine(x, 1, -lo)
	}
	switch a.Fn {
	case engine.FnRelu:
		return bend(0, math.Inf(1))
	case engine.FnRelu6:
		return bend(0, 6)
	case engine.FnLeakyRelu:
		if v > 0 {
			return t.pick(x)
		}
		return t.affine(x, a.Alpha, 0)
	case engine.FnElu:
		if v > 0 {
			return t.pick(x)
		}
		return t.affine(t.exp(x), a.Alpha, -a.Alpha)
	case engine.FnGeluErf:
		cdf := t.fn(x, 0.5*math.Erfc(-v/math.Sqrt2), math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
		t.m[cdf]++ // an engine may compute (1+erf)/2
		return t.mul(x, cdf)
	case engine.FnGeluTanh:
		u := t.affine(t.add(x, t.affine(t.mul(x, t.square(x)), 0.044715, 0)), math.Sqrt(2/math.Pi), 0)
		return t.mul(t.affine(x, 0.5, 0), t.affine(t.tanh(u), 1, 1))
	case engine.FnTanh:
		return t.tanh(x)
	case engine.FnSigmoid:
		return sigmoid(x)
	case engine.FnSiLU:
		return t.mul(x, sigmoid(x))
	case engine.FnSoftplus:
		beta, limit := a.Alpha, a.Beta
		if beta == 0 {
			beta, limit = 1, 20
		}
		if beta*v > limit {
			return t.pick(x)
		}
		return t.affine(softplus(t.affine(x, beta, 0)), 1/beta, 0)
	case engine.FnMish:
		return t.mul(x, t.tanh(softplus(x)))
	case engine.FnHardSwish:
		return t.affine(t.mul(x, bend(-3, 3)), 1./6, 0)
	case engine.FnHardSigmoid:
		// In torch the derivative is 1/6 in single precision, for doubles too.
		n := bend(-3, 3)
		return t.op(t.v[n]/6, edge{to: n, d: float64(float32(1) / 6)})
	case engine.FnExp:
		return t.exp(x)
	case engine.FnLog:
		return t.log(x)
	case engine.FnSqrt:
		return t.sqrt(x)
	case engine.FnAbs:
		return t.affine(x, math.Copysign(1, v), 0)
	case engine.FnSquare:
		return t.square(x)
	}
	return t.pick(x)
}

// each applies a function of one number.
func each(f func(t *tape, x num) num) formula {
	return func(t *tape, in [][]num) [][]num {
		y := make([]num, len(in[0]))
		for i, n := range in[0] {
			y[i] = f(t, n)
		}
		return [][]num{y}
	}
}

func unaryCases(g *gen) (x []*example) {
	for _, a := range unaries {
		f := each(func(t *tape, n num) num { return function(t, n, &a) })
		for _, s := range []engine.Shape{engine.Of(0), engine.Of(1), g.shape(2, 300), engine.Of(5003)} {
			v := g.domain(a.Fn, s.Len())
			t, _, y := f.run(v)
			x = append(x, &example{op: engine.OpUnary, attr: a, in: []operand{given(s, v)}, out: []operand{t.wanted(s, y[0])}, inPlace: []int{0}})
		}
		if v := extremes(a.Fn); v != nil {
			t, _, y := f.run(v)
			x = append(x, &example{op: engine.OpUnary, attr: a, in: []operand{given(engine.Of(len(v)), v)}, out: []operand{t.wanted(engine.Of(len(v)), y[0])}})
		}
		nan := []float64{math.NaN()}
		x = append(x, &example{op: engine.OpUnary, attr: a, in: []operand{given(engine.Of(1), nan)}, out: []operand{exact(engine.Of(1), nan)}})
	}
	return x
}

// extremes are arguments at which a careless formula overflows in float32.
func extremes(fn engine.Fn) []float64 {
	switch fn {
	case engine.FnExp:
		return []float64{-110, -104, -90, 0, 88, 90, 300}
	case engine.FnLog, engine.FnSqrt:
		return []float64{1e-38, 1e-30, 1, 1e30, math.Inf(1)}
	}
	return []float64{-100, -90, -40, 0, 40, 90, 100}
}

func unaryGradCases(g *gen) (x []*example) {
	for _, a := range unaries {
		f := each(func(t *tape, n num) num { return function(t, n, &a) })
		for _, s := range []engine.Shape{engine.Of(0), engine.Of(1), g.shape(2, 300), engine.Of(5003)} {
			n := s.Len()
			v, gy := g.domain(a.Fn, n), g.normal(n)
			sol := f.solve(gy, v)
			saved := given(s, v)
			gx := sol.grad(0, s)
			if a.Fn.SavesOutput() {
				saved = sol.value(0, s)
				for i := range gx.scale { // the saved output is rounded
					gx.scale[i] += math.Abs(gy[i])
				}
			}
			e := &example{op: engine.OpUnaryGrad, attr: a, in: []operand{saved, given(s, gy)}, out: []operand{gx}, inPlace: []int{0, 1}}
			if !a.Fn.SavesOutput() || a.Fn == engine.FnRelu {
				e.slopes = sol.by(0)
			}
			x = append(x, e)
		}
	}
	return append(x, kinks()...)
}

// kinks are torch's derivatives where there is none.
func kinks() (x []*example) {
	add := func(a engine.Attr, at, slope []float64) {
		s := engine.Of(len(at))
		ones := make([]float64, len(at))
		for i := range ones {
			ones[i] = 1
		}
		out := exact(s, slope)
		out.scale = ones
		x = append(x, &example{op: engine.OpUnaryGrad, attr: a, in: []operand{given(s, at), given(s, ones)}, out: []operand{out}})
	}
	add(engine.Attr{Fn: engine.FnRelu}, []float64{0}, []float64{0})
	add(engine.Attr{Fn: engine.FnLeakyRelu, Alpha: 0.25}, []float64{0}, []float64{0.25})
	add(engine.Attr{Fn: engine.FnRelu6}, []float64{0, 6}, []float64{0, 0})
	add(engine.Attr{Fn: engine.FnElu, Alpha: 0.5}, []float64{0}, []float64{0.5})
	add(engine.Attr{Fn: engine.FnHardSwish}, []float64{-3, 3}, []float64{0, 1})
	add(engine.Attr{Fn: engine.FnHardSigmoid}, []float64{-3, 3}, []float64{0, 0})
	add(engine.Attr{Fn: engine.FnAbs}, []float64{0}, []float64{0})
	inf := math.Inf(1)
	return append(x, &example{ // a closed gate stops even infinity
		op: engine.OpUnaryGrad, attr: engine.Attr{Fn: engine.FnRelu},
		in:  []operand{given(engine.Of(2), []float64{0, 1}), given(engine.Of(2), []float64{inf, inf})},
		out: []operand{exact(engine.Of(2), []float64{0, inf})},
	})
}
