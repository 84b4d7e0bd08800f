package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// entropy is one cross entropy: its classes, targets and constants.
type entropy struct {
	n, c   int
	target []int64
	w      []float64
	a      engine.Attr
}

func (g *gen) entropies() []*entropy {
	var all []*entropy
	for i, s := range [][2]int{{1, 1}, {5, 3}, {5, 3}, {4, 10}, {1, 7}, {g.between(2, 9), g.size(33)}, {g.between(2, 9), g.size(33)}, {500, 11}, {3, 1000}, {0, 4}} {
		for _, r := range []engine.Reduction{engine.ReduceMean, engine.ReduceSum, engine.ReduceNone} {
			e := &entropy{n: s[0], c: s[1], target: g.below(s[0], s[1]), a: engine.Attr{IgnoreIndex: -100, Reduction: r}}
			if i%2 == 1 {
				e.a.Smoothing = []float64{0.1, 0.25, 1}[g.IntN(3)]
			}
			if g.flip() {
				e.w = g.positive(s[1])
			}
			if i%3 > 0 && s[1] > 1 {
				e.a.IgnoreIndex = []int64{-100, 1}[g.IntN(2)]
				for j := range e.target {
					if g.IntN(4) == 0 {
						e.target[j] = e.a.IgnoreIndex
					}
				}
			}
			all = append(all, e)
		}
	}
	return append(all, &entropy{n: 2, c: 3, target: []int64{-100, -100}, a: engine.Attr{IgnoreIndex: -100}}) // nothing counts: NaN
}

// formula's operands are the logits and the weights; its outputs the loss, the
// log-probabilities and the divisor.
func (e *entropy) formula() formula {
	return func(t *tape, in [][]num) [][]num {
		var logp, each, weights []num
		weight := func(j int) num {
			if len(in[1]) == 0 {
				return t.leaf(1)
			}
			return in[1][j]
		}
		for i := range e.n {
			row := logSoftmaxRow(t, in[0][i*e.c:(i+1)*e.c])
			logp = append(logp, row...)
			y := int(e.target[i])
			if int64(y) == e.a.IgnoreIndex {
				each = append(each, t.leaf(0))
				continue
			}
			hit := t.affine(t.mul(weight(y), row[y]), e.a.Smoothing-1, 0)
			var all []num
			for j, n := range row {
				all = append(all, t.mul(weight(j), n))
			}
			each = append(each, t.add(hit, t.affine(t.sum(all), -e.a.Smoothing/float64(e.c), 0)))
			weights = append(weights, weight(y))
		}
		switch e.a.Reduction {
		case engine.ReduceNone:
			return [][]num{each, logp, {t.leaf(1)}}
		case engine.ReduceSum:
			return [][]num{{t.sum(each)}, logp, {t.leaf(1)}}
		}
		denom := t.sum(weights)
		return [][]num{{t.div(t.sum(each), denom)}, logp, {denom}}
	}
}

func (e *entropy) shapes() (x, target, loss engine.Shape) {
	x, target = engine.Of(e.n, e.c), engine.Of(e.n)
	if e.a.Reduction == engine.ReduceNone {
		return x, target, target
	}
	return x, target, engine.Of()
}

func crossEntropyCases(g *gen) (x []*example) {
	for _, e := range g.entropies() {
		sx, st, sl := e.shapes()
		v := g.normal(sx.Len())
		t, _, y := e.formula().run(v, e.w)
		x = append(x, &example{
			op: engine.OpCrossEntropy, attr: e.a, in: []operand{given(sx, v), ids(st, e.target), maybe(e.w)},
			out: []operand{t.wanted(sl, y[0]), t.wanted(sx, y[1]), t.wanted(engine.Of(), y[2])},
		})
	}
	for _, bad := range []int64{3, -1, math.MaxInt64, math.MinInt64} {
		x = append(x, &example{
			op: engine.OpCrossEntropy, attr: engine.Attr{IgnoreIndex: -100},
			in:    []operand{g.floats(engine.Of(2, 3)), ids(engine.Of(2), []int64{0, bad})},
			out:   []operand{given(engine.Of(), nil), given(engine.Of(2, 3), nil), given(engine.Of(), nil)},
			fails: "is out of bounds.",
		})
	}
	return x
}

func crossEntropyGradCases(g *gen) (x []*example) {
	for _, e := range g.entropies() {
		sx, st, sl := e.shapes()
		v, gloss := g.normal(sx.Len()), g.normal(sl.Len())
		sol := e.formula().solve(gloss, v, e.w)
		ex := &example{
			op: engine.OpCrossEntropyGrad, attr: e.a,
			in:  []operand{sol.value(1, sx), ids(st, e.target), maybe(e.w), given(sl, gloss), sol.value(2, engine.Of())},
			out: []operand{sol.grad(0, sx)}, slopes: sol.by(0, -1),
		}
		if d := sol.out[2].want[0]; d == 0 { // all rows ignored: the gradient is zero, the loss NaN
			ex.out[0], ex.slopes = exact(sx, make([]float64, sx.Len())), nil
		}
		x = append(x, ex)
	}
	return x
}

// bceFormula's operands are x, t and the weights of positive targets.
func bceFormula(s, weights engine.Shape) formula {
	return func(t *tape, in [][]num) [][]num {
		y := make([]num, len(in[0]))
		for i, x := range in[0] {
			// −p·t·ln σ(x) − (1−t)·ln(1−σ(x)), where −ln σ(x) = ln(1+e⁻ˣ)
			// and −ln(1−σ(x)) = ln(1+eˣ)
			soft := func(x num) num {
				if t.v[x] > 30 {
					return t.add(x, t.exp(t.affine(x, -1, 0)))
				}
				return t.log(t.affine(t.exp(x), 1, 1))
			}
			yes, no := in[1][i], t.affine(in[1][i], -1, 1)
			if len(in[2]) > 0 {
				yes = t.mul(yes, in[2][project(unravel(i, s), s, weights)])
			}
			y[i] = t.add(t.mul(yes, soft(t.affine(x, -1, 0))), t.mul(no, soft(x)))
		}
		return [][]num{y}
	}
}

func (g *gen) bces(do func(s, weights engine.Shape, x, t, p []float64)) {
	of := engine.Of
	for i, s := range []engine.Shape{of(0), of(1), of(3, 2), g.shape(2, 300), of(3, 4, 5), of(5003)} {
		x, t := g.normal(s.Len()), g.positive(s.Len())
		for j := range x {
			x[j] *= 4
			t[j] = []float64{0, 1, 0.25, 0.75}[g.IntN(4)]
		}
		var p []float64
		weights := of()
		if i%2 == 0 && s.Len() > 0 {
			weights = of(s.Dim(-1))
			p = g.positive(weights.Len())
		}
		do(s, weights, x, t, p)
	}
	do(of(4), of(), []float64{-100, 100, -100, 100}, []float64{0, 1, 1, 0}, nil)
}

func (o operand) orNone() operand {
	if o.f == nil {
		return none()
	}
	return o
}

func bceCases(g *gen) (all []*example) {
	g.bces(func(s, weights engine.Shape, x, target, p []float64) {
		t, _, y := bceFormula(s, weights).run(x, target, p)
		all = append(all, &example{
			op: engine.OpBCEWithLogits, in: []operand{given(s, x), given(s, target), given(weights, p).orNone()},
			out: []operand{t.wanted(s, y[0])},
		})
	})
	return all
}

func bceGradCases(g *gen) (all []*example) {
	g.bces(func(s, weights engine.Shape, x, target, p []float64) {
		gy := g.normal(s.Len())
		sol := bceFormula(s, weights).solve(gy, x, target, p)
		gx := sol.grad(0, s)
		for i := range gx.scale { // σ is known to a unit of 1
			gx.scale[i] += math.Abs(gy[i])
		}
		all = append(all, &example{
			op: engine.OpBCEWithLogitsGrad, in: []operand{given(s, x), given(s, target), given(weights, p).orNone(), given(s, gy)},
			out: []operand{gx}, slopes: sol.by(0, -1, -1),
		})
	})
	return all
}

var elementLosses = []engine.Attr{
	{Fn: engine.FnSquaredError},
	{Fn: engine.FnAbsError},
	{Fn: engine.FnSmoothL1, Alpha: 1},
	{Fn: engine.FnSmoothL1, Alpha: 0.5},
	{Fn: engine.FnHuber, Alpha: 1},
	{Fn: engine.FnHuber, Alpha: 0.5},
	{Fn: engine.FnKLDiv},
}

// elementFormula's operands are x and t.
func elementFormula(a engine.Attr) formula {
	return func(t *tape, in [][]num) [][]num {
		y := make([]num, len(in[0]))
		for i, x := range in[0] {
			target := in[1][i]
			d := t.sub(x, target)
			far := t.affine(d, math.Copysign(1, t.v[d]), 0)
			switch a.Fn {
			case engine.FnSquaredError:
				y[i] = t.square(d)
			case engine.FnAbsError:
				y[i] = far
			case engine.FnSmoothL1:
				if t.v[far] < a.Alpha {
					y[i] = t.affine(t.square(d), 0.5/a.Alpha, 0)
				} else {
					y[i] = t.affine(far, 1, -0.5*a.Alpha)
				}
			case engine.FnHuber:
				if t.v[far] < a.Alpha {
					y[i] = t.affine(t.square(d), 0.5, 0)
				} else {
					y[i] = t.affine(far, a.Alpha, -0.5*a.Alpha*a.Alpha)
				}
			case engine.FnKLDiv:
				y[i] = t.affine(t.mul(target, x), -1, 0)
				if t.v[target] > 0 {
					y[i] = t.add(y[i], t.mul(target, t.log(target)))
				}
			}
		}
		return [][]num{y}
	}
}

func (g *gen) elements(do func(a engine.Attr, s engine.Shape, x, t []float64)) {
	for _, a := range elementLosses {
		for _, s := range []engine.Shape{engine.Of(0), engine.Of(1), g.shape(2, 300), engine.Of(5003)} {
			// Differences stay clear of 0 and of the bends at 1/2 and 1.
			x, t := g.spread(s.Len()), make([]float64, s.Len())
			for i := range t {
				t[i] = float64(g.IntN(5)-2) / 2
				if a.Fn == engine.FnKLDiv {
					t[i] = float64(g.IntN(5)) / 4
				}
			}
			do(a, s, x, t)
		}
	}
}

func elementLossCases(g *gen) (all []*example) {
	g.elements(func(a engine.Attr, s engine.Shape, x, target []float64) {
		t, _, y := elementFormula(a).run(x, target)
		all = append(all, &example{op: engine.OpElementLoss, attr: a, in: []operand{given(s, x), given(s, target)}, out: []operand{t.wanted(s, y[0])}})
	})
	return all
}

func elementLossGradCases(g *gen) (all []*example) {
	g.elements(func(a engine.Attr, s engine.Shape, x, target []float64) {
		gy := g.normal(s.Len())
		sol := elementFormula(a).solve(gy, x, target)
		all = append(all, &example{
			op: engine.OpElementLossGrad, attr: a, in: []operand{given(s, x), given(s, target), given(s, gy)},
			out: []operand{sol.grad(0, s)}, slopes: sol.by(0, -1),
		})
	})
	zero := func(fn engine.Fn, alpha, x, t, slope float64) {
		one := engine.Of(1)
		want := exact(one, []float64{slope})
		want.scale[0] = 1
		all = append(all, &example{
			op: engine.OpElementLossGrad, attr: engine.Attr{Fn: fn, Alpha: alpha},
			in: []operand{given(one, []float64{x}), given(one, []float64{t}), given(one, []float64{1})}, out: []operand{want},
		})
	}
	zero(engine.FnAbsError, 0, 2, 2, 0)
	zero(engine.FnSmoothL1, 0, 2, 1, 1) // beta 0 is the absolute error
	zero(engine.FnSmoothL1, 0, 2, 2, 0)
	return all
}
