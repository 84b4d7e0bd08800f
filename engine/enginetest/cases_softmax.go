package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// softmaxRow is the softmax of a row on the tape; −∞ throughout gives zeros.
func softmaxRow(t *tape, row []num) []num {
	top := highest(t, row)
	e, y := make([]num, len(row)), make([]num, len(row))
	for i, n := range row {
		e[i] = t.leaf(0)
		if !math.IsInf(t.v[n], -1) {
			e[i] = t.exp(t.affine(n, 1, -top))
		}
	}
	s := t.sum(e)
	for i, n := range e {
		y[i] = n
		if t.v[s] > 0 {
			y[i] = t.div(n, s)
		}
	}
	return y
}

func logSoftmaxRow(t *tape, row []num) []num {
	top := highest(t, row)
	var e []num
	for _, n := range row {
		e = append(e, t.exp(t.affine(n, 1, -top)))
	}
	s := t.affine(t.log(t.sum(e)), 1, top)
	y := make([]num, len(row))
	for i, n := range row {
		y[i] = t.sub(n, s)
	}
	return y
}

func highest(t *tape, row []num) float64 {
	top := math.Inf(-1)
	for _, n := range row {
		top = max(top, t.v[n])
	}
	return top
}

// byRows applies f to each row of d of the first operand.
func byRows(d int, f func(t *tape, row []num) []num) formula {
	return func(t *tape, in [][]num) [][]num {
		var y []num
		for lo := 0; lo < len(in[0]); lo += d {
			y = append(y, f(t, in[0][lo:lo+d])...)
		}
		return [][]num{y}
	}
}

func (g *gen) rowShapes() []engine.Shape {
	of := engine.Of
	return []engine.Shape{of(1), of(0, 3), of(3, 1), of(7), of(2, 3, 4), g.shape(2, 300), g.shape(3, 300), of(2, 2, 5, 17), of(3, 2001), of(300, 20)}
}

func softmaxCases(g *gen) (x []*example) {
	inf := math.Inf(-1)
	for i, s := range append(g.rowShapes(), g.rowShapes()...) {
		v, alpha := g.normal(s.Len()), 0.5+g.Float64()
		e := &example{op: engine.OpSoftmax, attr: engine.Attr{Alpha: alpha}, in: []operand{given(s, v)}, inPlace: []int{0}}
		sm, mask := engine.Of(), []float64{0}
		if i%3 > 0 {
			sm, mask = g.mask(s)
			e.in = append(e.in, given(sm, mask))
		}
		t, _, y := masked(s, sm, alpha).run(v, mask)
		e.out = []operand{t.wanted(s, y[0])}
		x = append(x, e)
	}
	rows, v := engine.Of(3, 3), []float64{inf, inf, inf, inf, 1, 2, 0.5, inf, 0.5}
	t, _, y := byRows(3, softmaxRow).run(v)
	return append(x, &example{op: engine.OpSoftmax, attr: engine.Attr{Alpha: 1}, in: []operand{given(rows, v)}, out: []operand{t.wanted(rows, y[0])}})
}

// mask draws what is added to logits of a shape; it broadcasts to it.
func (g *gen) mask(s engine.Shape) (engine.Shape, []float64) {
	sm := s
	for a := range s.Rank() {
		if g.IntN(3) == 0 {
			sm = sm.With(a, 1)
		}
	}
	mask := g.normal(sm.Len())
	for j := range mask {
		switch g.IntN(5) {
		case 0:
			mask[j] = math.Inf(-1)
		case 1:
			mask[j] = -1e9
		}
	}
	return sm, mask
}

// masked is the softmax of alpha·x + mask over the last axis.
func masked(s, mask engine.Shape, alpha float64) formula {
	logits := broadcasting(s, mask, s, func(t *tape, a, b num) num {
		if math.IsInf(t.v[b], -1) {
			return b
		}
		return t.add(t.affine(a, alpha, 0), b)
	})
	return func(t *tape, in [][]num) [][]num { return byRows(s.Dim(-1), softmaxRow)(t, logits(t, in)) }
}

func softmaxGradCases(g *gen) (x []*example) {
	for i, s := range g.rowShapes() {
		v, gy, alpha, mask := g.normal(s.Len()), g.normal(s.Len()), 0.5+g.Float64(), []float64{0}
		if i%2 == 0 {
			alpha = 1
		}
		sol := masked(s, engine.Of(), alpha).solve(gy, v, mask)
		x = append(x, &example{
			op: engine.OpSoftmaxGrad, attr: engine.Attr{Alpha: alpha}, in: []operand{sol.value(0, s), given(s, gy)},
			out: []operand{sol.grad(0, s)}, slopes: sol.by(0, -1), inPlace: []int{0, 1},
		})
	}
	return x
}

func logSoftmaxCases(g *gen) (x []*example) {
	for i, s := range g.rowShapes() {
		v := g.off(s.Len(), float64(i%3)*50)
		t, _, y := byRows(s.Dim(-1), logSoftmaxRow).run(v)
		x = append(x, &example{op: engine.OpLogSoftmax, in: []operand{given(s, v)}, out: []operand{t.wanted(s, y[0])}, inPlace: []int{0}})
	}
	return x
}

func logSoftmaxGradCases(g *gen) (x []*example) {
	for _, s := range g.rowShapes() {
		v, gy := g.normal(s.Len()), g.normal(s.Len())
		sol := byRows(s.Dim(-1), logSoftmaxRow).solve(gy, v)
		x = append(x, &example{
			op: engine.OpLogSoftmaxGrad, in: []operand{sol.value(0, s), given(s, gy)},
			out: []operand{sol.grad(0, s)}, slopes: sol.by(0), inPlace: []int{0, 1},
		})
	}
	return x
}
