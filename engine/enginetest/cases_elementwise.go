package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// vectors are shapes for elementwise operators: empty, scalar, odd, and long
// enough for several threads.
func (g *gen) vectors() []engine.Shape {
	return []engine.Shape{engine.Of(0), engine.Of(), engine.Of(1), g.shape(1, 40), g.shape(2, 300), g.shape(3, 500), engine.Of(3, 0, 2), engine.Of(40003)}
}

func fillCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		v := g.normal(1)[0]
		want := make([]float64, s.Len())
		whole := make([]int64, s.Len())
		for i := range want {
			want[i], whole[i] = v, 3
		}
		x = append(x, &example{op: engine.OpFill, attr: engine.Attr{Alpha: v}, out: []operand{exact(s, want)}})
		for _, dt := range []engine.DType{engine.I32, engine.I64, engine.U8} {
			x = append(x, &example{
				op: engine.OpFill, attr: engine.Attr{Alpha: 3.99}, lookupAs: engine.F32,
				out: []operand{{dt: dt, shape: s, wantInt: whole}},
			})
		}
	}
	return x
}

func copyCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		v, i := g.normal(s.Len()), g.below(s.Len(), 200)
		x = append(x, &example{op: engine.OpCopy, in: []operand{given(s, v)}, out: []operand{exact(s, v)}, inPlace: []int{0}})
		for _, dt := range []engine.DType{engine.I32, engine.I64, engine.U8} {
			x = append(x, &example{
				op: engine.OpCopy, lookupAs: engine.F32,
				in: []operand{{dt: dt, shape: s, i: i}}, out: []operand{{dt: dt, shape: s, wantInt: i}},
			})
		}
	}
	return x
}

func castCases(g *gen) (x []*example) {
	types := []engine.DType{engine.F32, engine.F64, engine.BF16}
	for _, s := range g.vectors() {
		for _, from := range types {
			for _, to := range types {
				v := g.normal(s.Len())
				coarse := make([]float64, len(v))
				for i := range v { // eight bits, which every type holds
					f, e := math.Frexp(v[i])
					v[i] = math.Ldexp(math.Round(f*256)/256, e)
					coarse[i] = v[i]
				}
				in, out := given(s, v), exact(s, coarse)
				in.dt, out.dt = from, to
				x = append(x, &example{op: engine.OpCast, in: []operand{in}, out: []operand{out}, lookupAs: from})
			}
		}
	}
	fine := given(engine.Of(2), []float64{1 + 0x1p-9, -1 - 0x1.8p-8})
	fine.dt = engine.F32
	even := exact(engine.Of(2), []float64{1, -1 - 0x1p-7}) // to nearest, ties to even
	even.dt = engine.BF16
	return append(x, &example{op: engine.OpCast, in: []operand{fine}, out: []operand{even}, lookupAs: engine.F32})
}

func scaleCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		a, b, v := g.normal(1)[0], g.normal(1)[0], g.normal(s.Len())
		t, in, _ := formula(func(*tape, [][]num) [][]num { return nil }).run(v)
		for i, n := range in[0] {
			in[0][i] = t.affine(n, a, b)
		}
		x = append(x, &example{op: engine.OpScale, attr: engine.Attr{Alpha: a, Beta: b}, in: []operand{given(s, v)}, out: []operand{t.wanted(s, in[0])}, inPlace: []int{0}})
	}
	return x
}

func axpyCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		a, v, old := g.normal(1)[0], g.normal(s.Len()), g.normal(s.Len())
		t, _, y := formula(func(t *tape, in [][]num) [][]num {
			y := make([]num, len(in[0]))
			for i, n := range in[0] {
				y[i] = t.add(in[1][i], t.affine(n, a, 0))
			}
			return [][]num{y}
		}).run(v, old)
		x = append(x, &example{op: engine.OpAxpy, attr: engine.Attr{Alpha: a}, in: []operand{given(s, v)}, out: []operand{t.wanted(s, y[0]).over(old)}})
	}
	return x
}

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

func binaryCases(g *gen) (x []*example) {
	type shapes struct{ a, b, y engine.Shape }
	of := engine.Of
	all := []shapes{
		{of(), of(), of()},
		{of(0), of(0), of(0)},
		{of(0, 3), of(3), of(0, 3)},
		{of(7), of(), of(7)},
		{of(), of(7), of(7)},
		{of(5, 9), of(9), of(5, 9)},
		{of(9), of(5, 9), of(5, 9)},
		{of(5, 1), of(1, 9), of(5, 9)},
		{of(5, 1), of(), of(5, 9)},
		{of(2, 3, 4, 5), of(3, 1, 1), of(2, 3, 4, 5)},
		{of(2, 1, 4, 1), of(1, 3, 1, 5), of(2, 3, 4, 5)},
		{of(2, 1, 2, 1, 2, 1), of(1, 2, 1, 2, 1, 2), of(2, 2, 2, 2, 2, 2)},
		{of(40003), of(40003), of(40003)},
		{of(130, 300), of(300), of(130, 300)},
		{of(130, 1), of(130, 300), of(130, 300)},
	}
	for range 4 {
		y := g.shape(g.between(1, 4), 200)
		a, b := y, y
		for i := range y.Rank() {
			if g.flip() {
				a = a.With(i, 1)
			} else if g.flip() {
				b = b.With(i, 1)
			}
		}
		y, _ = a.Broadcast(b)
		all = append(all, shapes{a, b, y})
	}
	for _, s := range all {
		for fn := engine.FnAdd; fn <= engine.FnMin; fn++ {
			a, b := g.normal(s.a.Len()), g.positive(s.b.Len())
			t, _, y := broadcasting(s.a, s.b, s.y, func(t *tape, a, b num) num { return pair(t, fn, a, b) }).run(a, b)
			e := &example{op: engine.OpBinary, attr: engine.Attr{Fn: fn}, in: []operand{given(s.a, a), given(s.b, b)}, out: []operand{t.wanted(s.y, y[0])}}
			if s.a == s.y {
				e.inPlace = append(e.inPlace, 0)
			}
			if s.b == s.y {
				e.inPlace = append(e.inPlace, 1)
			}
			x = append(x, e)
		}
	}
	return x
}

func pair(t *tape, fn engine.Fn, a, b num) num {
	switch fn {
	case engine.FnAdd:
		return t.add(a, b)
	case engine.FnSub:
		return t.sub(a, b)
	case engine.FnMul:
		return t.mul(a, b)
	case engine.FnDiv:
		return t.div(a, b)
	case engine.FnMax:
		if t.v[a] < t.v[b] {
			return t.pick(b)
		}
		return t.pick(a)
	default:
		if t.v[a] > t.v[b] {
			return t.pick(b)
		}
		return t.pick(a)
	}
}

// broadcasting applies f to two operands along y.
func broadcasting(sa, sb, sy engine.Shape, f func(t *tape, a, b num) num) formula {
	return func(t *tape, in [][]num) [][]num {
		y := make([]num, sy.Len())
		for i := range y {
			at := unravel(i, sy)
			y[i] = f(t, in[0][project(at, sy, sa)], in[1][project(at, sy, sb)])
		}
		return [][]num{y}
	}
}

// unravel is the place of the i-th element of a shape.
func unravel(i int, s engine.Shape) (at [engine.MaxRank]int) {
	for d := s.Rank() - 1; d >= 0; d-- {
		at[d] = i % s.Dim(d)
		i /= s.Dim(d)
	}
	return at
}

// project is the index in a shape that broadcasts to y of a place in y.
func project(at [engine.MaxRank]int, y, s engine.Shape) int {
	i := 0
	for d := range s.Rank() {
		p := at[y.Rank()-s.Rank()+d]
		if s.Dim(d) == 1 {
			p = 0
		}
		i = i*s.Dim(d) + p
	}
	return i
}
