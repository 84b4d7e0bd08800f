package enginetest

import "github.com/thaw-go/thaw/engine"

// product is one matrix product: sizes, and what operands are like.
type product struct {
	batch, m, n, k int
	transA, transB bool
	oneA, oneB     bool // serves the whole batch
	rank2          bool // what serves the whole batch has rank 2
}

func matMulCases(g *gen) (x []*example) {
	var all []product
	for _, t := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		for _, s := range [][3]int{{1, 1, 1}, {0, 3, 2}, {3, 0, 2}, {3, 2, 0}, {2, 3, 4}, {7, 5, 3}, {17, 33, 9}, {g.size(40), g.size(40), g.size(40)}, {g.size(40), g.size(40), g.size(40)}} {
			all = append(all, product{0, s[0], s[1], s[2], t[0], t[1], false, false, false})
		}
		// Over the edges of blocks.
		all = append(all, product{0, 3, 530, 131, t[0], t[1], false, false, false}, product{0, 140, 6, 140, t[0], t[1], false, false, false})
		for _, one := range [][2]bool{{false, false}, {true, false}, {false, true}} {
			all = append(all, product{3, g.size(20), g.size(20), g.size(20), t[0], t[1], one[0], one[1], g.flip()})
		}
		all = append(all, product{0, g.between(1, 60), g.between(1, 60), g.between(1, 60), t[0], t[1], false, false, false})
	}
	all = append(all, product{0, 300, 40, 3, false, false, false, false, false}, product{40, 9, 8, 7, false, true, false, false, false}, product{0, 2, 2, 2, false, false, false, false, false})
	for i, p := range all {
		x = append(x, p.example(g, engine.Attr{Alpha: 1}, false))
		switch i % 4 {
		case 0:
			x = append(x, p.example(g, engine.Attr{Alpha: g.normal(1)[0], Beta: g.normal(1)[0]}, false))
		case 1:
			x = append(x, p.example(g, engine.Attr{Alpha: g.normal(1)[0]}, true))
		case 2:
			fns := []engine.Fn{engine.FnRelu, engine.FnGeluErf, engine.FnGeluTanh, engine.FnTanh}
			x = append(x, p.example(g, engine.Attr{Alpha: 1, Fn: fns[i/4%len(fns)]}, g.flip()))
		}
	}
	return x
}

func (p product) example(g *gen, a engine.Attr, withBias bool) *example {
	a.TransA, a.TransB = p.transA, p.transB
	sa, sb, sy := p.side(p.m, p.k, p.transA, p.oneA), p.side(p.k, p.n, p.transB, p.oneB), p.side(p.m, p.n, false, false)
	va, vb, old := g.normal(sa.Len()), g.normal(sb.Len()), g.normal(sy.Len())
	bias := []float64{}
	e := &example{op: engine.OpMatMul, attr: a, in: []operand{given(sa, va), given(sb, vb)}}
	switch {
	case withBias:
		bias = g.normal(p.n)
		e.in = append(e.in, given(engine.Of(p.n), bias))
	case g.flip():
		e.in = append(e.in, none())
	}
	t, _, y := p.formula(a).run(va, vb, bias, old)
	o := t.wanted(sy, y[0])
	if a.Beta != 0 {
		o = o.over(old)
	}
	e.out = []operand{o}
	return e
}

func (p product) side(rows, cols int, trans, one bool) engine.Shape {
	if trans {
		rows, cols = cols, rows
	}
	switch {
	case p.batch == 0 || one && p.rank2:
		return engine.Of(rows, cols)
	case one:
		return engine.Of(1, rows, cols)
	}
	return engine.Of(p.batch, rows, cols)
}

// formula's operands are a, b, the bias or nothing, and the old y.
func (p product) formula(attr engine.Attr) formula {
	return func(t *tape, in [][]num) [][]num {
		at := func(v []num, batch, i, j, rows, cols int, trans, one bool) num {
			if one {
				batch = 0
			}
			if trans {
				i, j, rows, cols = j, i, cols, rows
			}
			return v[(batch*rows+i)*cols+j]
		}
		var y []num
		for b := range max(p.batch, 1) {
			for i := range p.m {
				for j := range p.n {
					s := t.total()
					for l := range p.k {
						s.addProduct(at(in[0], b, i, l, p.m, p.k, p.transA, p.oneA), at(in[1], b, l, j, p.k, p.n, p.transB, p.oneB))
					}
					v := s.end(attr.Alpha)
					if len(in[2]) > 0 {
						v = t.add(v, in[2][j])
					}
					if attr.Beta != 0 {
						v = t.add(v, t.affine(in[3][len(y)], attr.Beta, 0))
					}
					if attr.Fn != engine.FnNone {
						v = function(t, v, &engine.Attr{Fn: attr.Fn})
					}
					y = append(y, v)
				}
			}
		}
		return [][]num{y}
	}
}
