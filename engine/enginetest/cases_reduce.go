package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

func sumToCases(g *gen) (x []*example) {
	of := engine.Of
	type shapes struct{ x, y engine.Shape }
	all := []shapes{
		{of(), of()},
		{of(7), of()},
		{of(0), of()},
		{of(0, 3), of(3)},
		{of(3, 0), of(3, 1)},
		{of(4, 5), of(4, 5)},
		{of(4, 5), of(5)},
		{of(4, 5), of(4, 1)},
		{of(4, 5), of(1, 1)},
		{of(2, 3, 4, 5), of(1, 3, 1, 1)},
		{of(2, 3, 4, 5), of(2, 1, 4, 1)},
		{of(2, 3, 4, 5), of(3, 1, 5)},
		{of(2, 2, 2, 2, 2, 2), of(1, 2, 1, 2, 1, 2)},
		{of(40003), of()},
		{of(3001, 33), of(33)},
		{of(3, 20011), of(3, 1)},
		{of(5, 3, 4001), of(3, 1)},
		{of(35, 1100), of(1100)},
	}
	for range 4 {
		s := g.shape(g.between(1, 4), 300)
		y := s
		for i := range s.Rank() {
			if g.flip() {
				y = y.With(i, 1)
			}
		}
		all = append(all, shapes{s, y})
	}
	for _, s := range all {
		v, alpha := g.normal(s.x.Len()), g.normal(1)[0]
		t, _, y := summing(s.x, s.y, alpha).run(v)
		x = append(x, &example{op: engine.OpSumTo, attr: engine.Attr{Alpha: alpha}, in: []operand{given(s.x, v)}, out: []operand{t.wanted(s.y, y[0])}})
	}
	return x
}

func summing(sx, sy engine.Shape, alpha float64) formula {
	return func(t *tape, in [][]num) [][]num {
		terms := make([][]num, sy.Len())
		for i, n := range in[0] {
			j := project(unravel(i, sx), sx, sy)
			terms[j] = append(terms[j], n)
		}
		y := make([]num, len(terms))
		for j, n := range terms {
			y[j] = t.affine(t.sum(n), alpha, 0)
		}
		return [][]num{y}
	}
}

func sumSquaresCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		v := g.normal(s.Len())
		t, _, y := formula(func(t *tape, in [][]num) [][]num {
			sum := t.total()
			for _, n := range in[0] {
				sum.addProduct(n, n)
			}
			return [][]num{{sum.end(1)}}
		}).run(v)
		x = append(x, &example{op: engine.OpSumSquares, in: []operand{given(s, v)}, out: []operand{t.wanted(engine.Of(), y[0])}})
	}
	return x
}

func argMaxCases(g *gen) (x []*example) {
	nan, inf := math.NaN(), math.Inf(1)
	add := func(s engine.Shape, v []float64, want []int64) {
		x = append(x, &example{
			op: engine.OpArgMax, in: []operand{given(s, v)},
			out: []operand{{dt: engine.I64, shape: engine.Of(len(want)), wantInt: want}},
		})
	}
	add(engine.Of(2, 3), []float64{1, 2, 2, 5, 5, 1}, []int64{1, 0})
	add(engine.Of(2, 3), []float64{1, nan, inf, nan, 5, nan}, []int64{1, 0})
	add(engine.Of(1, 3), []float64{-inf, -inf, -inf}, []int64{0})
	add(engine.Of(0, 3), nil, nil)
	add(engine.Of(3), []float64{-3, -1, -2}, []int64{1})
	for _, s := range []engine.Shape{g.shape(2, 300), g.shape(3, 300), engine.Of(300, 133)} {
		v, d := g.normal(s.Len()), s.Dim(-1)
		want := make([]int64, s.Len()/d)
		for r := range want {
			for i := range d {
				if v[r*d+i] > v[r*d+int(want[r])] {
					want[r] = int64(i)
				}
			}
		}
		add(s, v, want)
	}
	return x
}
