package enginetest

import "github.com/thaw-go/thaw/engine"

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
