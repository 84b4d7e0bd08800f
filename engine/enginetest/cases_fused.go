package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
)

// heads is one attention: q[b,h,s,d], k[b,h,t,d], v[b,h,t,e].
type heads struct {
	b, h, s, t, d, e int
	mask             engine.Shape
	masked           bool
	scale            float64
}

func (a *heads) q() engine.Shape      { return engine.Of(a.b, a.h, a.s, a.d) }
func (a *heads) k() engine.Shape      { return engine.Of(a.b, a.h, a.t, a.d) }
func (a *heads) v() engine.Shape      { return engine.Of(a.b, a.h, a.t, a.e) }
func (a *heads) y() engine.Shape      { return engine.Of(a.b, a.h, a.s, a.e) }
func (a *heads) lse() engine.Shape    { return engine.Of(a.b, a.h, a.s) }
func (a *heads) scores() engine.Shape { return engine.Of(a.b, a.h, a.s, a.t) }

func (g *gen) attentions() []*heads {
	all := []*heads{
		{b: 1, h: 1, s: 1, t: 1, d: 1, e: 1},
		{b: 0, h: 2, s: 3, t: 3, d: 2, e: 2},
		{b: 2, h: 2, s: 4, t: 4, d: 3, e: 3},
		{b: 1, h: 2, s: 3, t: 5, d: 4, e: 2},
		{b: 2, h: 3, s: g.size(17), t: g.size(33), d: g.size(17), e: g.size(17)},
		{b: 1, h: 1, s: 70, t: 130, d: 5, e: 4},
	}
	for i, a := range all {
		a.scale = 1 / math.Sqrt(float64(a.d))
		if i%2 == 0 {
			a.masked = true
			a.mask = []engine.Shape{engine.Of(a.b, 1, 1, a.t), engine.Of(a.s, a.t), a.scores()}[i/2%3]
		}
	}
	return all
}

// formula's operands are q, k, v and the mask; its outputs y and the logarithm
// of each row's sum of exponentials.
func (a *heads) formula() formula {
	return func(t *tape, in [][]num) [][]num {
		var y, lse []num
		for i := range a.b * a.h * a.s {
			head := i / a.s
			row := make([]num, a.t)
			for j := range row {
				dot := t.total()
				for l := range a.d {
					dot.addProduct(in[0][i*a.d+l], in[1][(head*a.t+j)*a.d+l])
				}
				row[j] = dot.end(a.scale)
				if !a.masked {
					continue
				}
				m := in[3][project(unravel(i*a.t+j, a.scores()), a.scores(), a.mask)]
				if math.IsInf(t.v[m], -1) {
					row[j] = m
				} else {
					row[j] = t.add(row[j], m)
				}
			}
			w := softmaxRow(t, row)
			for l := range a.e {
				sum := t.total()
				for j := range w {
					sum.addProduct(w[j], in[2][(head*a.t+j)*a.e+l])
				}
				y = append(y, sum.end(1))
			}
			lse = append(lse, logSumExp(t, row))
		}
		return [][]num{y, lse}
	}
}

func logSumExp(t *tape, row []num) num {
	top := highest(t, row)
	var e []num
	for _, n := range row {
		if !math.IsInf(t.v[n], -1) {
			e = append(e, t.exp(t.affine(n, 1, -top)))
		}
	}
	if len(e) == 0 {
		return t.leaf(math.Inf(-1))
	}
	return t.affine(t.log(t.sum(e)), 1, top)
}

// draw gives q, k, v and the mask, and the operands of the call.
func (a *heads) draw(g *gen) (at [][]float64, in []operand) {
	at = [][]float64{g.normal(a.q().Len()), g.normal(a.k().Len()), g.normal(a.v().Len()), nil}
	in = []operand{given(a.q(), at[0]), given(a.k(), at[1]), given(a.v(), at[2]), none()}
	if a.masked {
		at[3] = g.normal(a.mask.Len())
		for i := range at[3] {
			if g.IntN(3) == 0 {
				at[3][i] = math.Inf(-1)
			}
		}
		in[3] = given(a.mask, at[3])
	}
	return at, in
}

func attentionCases(g *gen) (x []*example) {
	for _, a := range g.attentions() {
		at, in := a.draw(g)
		t, _, y := a.formula().run(at...)
		lse := t.wanted(a.lse(), y[1])
		lse.free = a.masked // of rows that attend to nothing
		x = append(x, &example{
			op: engine.OpAttention, attr: engine.Attr{Alpha: a.scale}, in: in,
			out: []operand{t.wanted(a.y(), y[0]), lse},
		})
	}
	return x
}

func attentionGradCases(g *gen) (x []*example) {
	for _, a := range g.attentions() {
		at, in := a.draw(g)
		gy := g.normal(a.y().Len())
		sol := a.formula().solve(gy, at...)
		x = append(x, &example{
			op: engine.OpAttentionGrad, attr: engine.Attr{Alpha: a.scale},
			in:  append(in, sol.value(0, a.y()), sol.value(1, a.lse()), given(a.y(), gy)),
			out: []operand{sol.grad(0, a.q()), sol.grad(1, a.k()), sol.grad(2, a.v())}, slopes: sol.by(0, 1, 2, -1),
		})
	}
	return x
}

// activated is a batch normalisation with a residual and a function behind it:
// operands x, w, b, residual.
func (m *norm) activated(fn engine.Fn) formula { return behind(m.formula(), fn, 3) }

// behind adds a residual, the operand of that number, and applies a function.
func behind(plain formula, fn engine.Fn, residual int) formula {
	return func(t *tape, in [][]num) [][]num {
		y := plain(t, in)
		for i, n := range y[0] {
			if len(in[residual]) > 0 {
				n = t.add(n, in[residual][i])
			}
			y[0][i] = function(t, n, &engine.Attr{Fn: fn})
		}
		return y
	}
}

func (g *gen) activations(do func(m *norm, fn engine.Fn, v, w, b, residual []float64)) {
	for i, m := range append(g.batches(), g.batches()...) {
		w, b := g.affine(m.channels)
		var residual []float64
		if g.flip() {
			residual = g.normal(m.shape.Len())
		}
		do(m, []engine.Fn{engine.FnRelu, engine.FnNone}[i/9%2], g.normal(m.shape.Len()), w, b, residual)
	}
}

func batchNormActCases(g *gen) (x []*example) {
	g.activations(func(m *norm, fn engine.Fn, v, w, b, residual []float64) {
		t, _, y := m.activated(fn).run(v, w, b, residual)
		c := engine.Of(m.channels)
		x = append(x, &example{
			op: engine.OpBatchNormAct, attr: engine.Attr{Eps: m.eps, Momentum: 0.1, Fn: fn},
			in:  []operand{given(m.shape, v), maybe(w), maybe(b), none(), none(), given(m.shape, residual).orNone()},
			out: []operand{t.wanted(m.shape, y[0]), t.wanted(c, y[1]), t.wanted(c, y[2])},
		})
	})
	return x
}

func batchNormEvalActCases(g *gen) (x []*example) {
	g.activations(func(m *norm, fn engine.Fn, v, w, b, residual []float64) {
		mean, variance := g.normal(m.channels), g.positive(m.channels)
		t, _, y := behind(m.stored(), fn, 5).run(v, w, b, mean, variance, residual)
		x = append(x, &example{
			op: engine.OpBatchNormEvalAct, attr: engine.Attr{Eps: m.eps, Fn: fn},
			in:  []operand{given(m.shape, v), maybe(w), maybe(b), maybe(mean), maybe(variance), given(m.shape, residual).orNone()},
			out: []operand{t.wanted(m.shape, y[0])},
		})
	})
	return x
}

func batchNormActGradCases(g *gen) (x []*example) {
	g.activations(func(m *norm, fn engine.Fn, v, w, b, residual []float64) {
		gy, c := g.normal(m.shape.Len()), engine.Of(m.channels)
		sol := m.activated(fn).solve(gy, v, w, b, residual)
		out := []operand{sol.grad(0, m.shape), none(), none(), none()}
		by := []int{0, -1, -1, -1}
		for i, drawn := range [][]float64{w, b, residual} {
			if drawn != nil {
				out[1+i], by[1+i] = sol.grad(1+i, []engine.Shape{c, c, m.shape}[i]), 1+i
			}
		}
		e := &example{
			op: engine.OpBatchNormActGrad, attr: engine.Attr{Eps: m.eps, Fn: fn},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), sol.value(1, c), sol.value(2, c), sol.value(0, m.shape)},
			out: out,
		}
		if fn == engine.FnNone { // ReLU's bend lies wherever it falls
			e.slopes = sol.by(by...)
		}
		x = append(x, e)
	})
	return x
}

// addLayerNormCases: sum = residual + dropout(x + bias), y its LayerNorm.
func addLayerNormCases(g *gen) (x []*example) {
	for i, m := range g.layers(true) {
		rows, d := m.shape.Dim(0), m.channels
		v, residual := g.normal(m.shape.Len()), g.normal(m.shape.Len())
		w, b := g.affine(d)
		bias, _ := g.affine(d)
		a := engine.Attr{Eps: m.eps, P: []float64{0, 0.5}[i%2], Key: g.Uint64()}
		e := &example{op: engine.OpAddLayerNorm, attr: a, in: []operand{given(m.shape, v), given(m.shape, residual), maybe(bias), maybe(w), maybe(b)}}
		samples := make([]int64, rows)
		for j := range samples {
			samples[j] = int64(j)
		}
		if rows%2 == 0 && rows > 0 && a.P > 0 { // two rows a sample
			samples = g.below(rows/2, 1<<40)
			e.in = append(e.in, ids(engine.Of(rows/2), samples))
		}
		size := 1
		if rows > 0 {
			size = rows / len(samples) * d
		}
		plain := m.formula()
		t, _, y := formula(func(t *tape, in [][]num) [][]num {
			sum := make([]num, len(in[0]))
			for j, n := range in[0] {
				if len(in[2]) > 0 {
					n = t.add(n, in[2][j%d])
				}
				if float64(rng.At(a.Key, uint64(samples[j/size]), uint64(j%size))) < a.P*(1<<32) {
					sum[j] = in[1][j]
				} else {
					sum[j] = t.add(in[1][j], t.affine(n, 1/(1-a.P), 0))
				}
			}
			return append([][]num{sum}, plain(t, [][]num{sum, in[3], in[4]})...)
		}).run(v, residual, bias, w, b)
		r := engine.Of(m.sets)
		e.out = []operand{t.wanted(m.shape, y[0]), t.wanted(m.shape, y[1]), t.wanted(r, y[2]), t.wanted(r, y[3])}
		x = append(x, e)
	}
	return x
}
