package enginetest

import "github.com/thaw-go/thaw/engine"

// convolution is one geometry.
type convolution struct {
	n, c, h, w, o, kh, kw int
	a                     engine.Attr
}

func (c *convolution) x() engine.Shape { return engine.Of(c.n, c.c, c.h, c.w) }
func (c *convolution) k() engine.Shape { return engine.Of(c.o, c.c/c.a.Groups, c.kh, c.kw) }

func (c *convolution) y() engine.Shape {
	size := func(i, x, k int) int { return (x+2*c.a.Pad[i]-c.a.Dilation[i]*(k-1)-1)/c.a.Stride[i] + 1 }
	return engine.Of(c.n, c.o, size(0, c.h, c.kh), size(1, c.w, c.kw))
}

func conv(n, c, h, w, o, kh, kw, stride, pad, dilation, groups int) convolution {
	return convolution{n, c, h, w, o, kh, kw, engine.Attr{
		Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation}, Groups: groups,
	}}
}

// convolutions to try, big ones only where asked for: products of the oracle
// are recorded one by one.
func (g *gen) convolutions() []convolution {
	all := []convolution{
		conv(1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1),
		conv(0, 2, 4, 4, 3, 3, 3, 1, 1, 1, 1),
		conv(2, 3, 6, 6, 4, 3, 3, 1, 1, 1, 1),
		conv(2, 4, 7, 7, 3, 3, 3, 2, 1, 1, 1),
		conv(2, 3, 6, 5, 4, 1, 1, 1, 0, 1, 1),
		conv(2, 3, 7, 7, 4, 1, 1, 2, 0, 1, 1),
		conv(1, 3, 12, 11, 2, 7, 7, 2, 3, 1, 1),
		conv(1, 2, 9, 8, 3, 3, 3, 1, 2, 2, 1),
		conv(1, 2, 9, 9, 3, 3, 3, 2, 2, 2, 1),
		conv(1, 2, 11, 13, 3, 3, 2, 3, 1, 2, 1),
		conv(1, 2, 2, 2, 1, 3, 3, 1, 3, 1, 1), // padding larger than the kernel reaches
		conv(1, 2, 6, 6, 2, 3, 3, 2, 0, 1, 1), // the last row and column are not met
		conv(1, 2, 5, 5, 2, 2, 2, 3, 0, 1, 1), // between the windows lie gaps
		conv(1, 2, 3, 3, 2, 3, 3, 5, 1, 1, 1), // a stride larger than the plane
		conv(2, 4, 5, 5, 6, 3, 3, 1, 1, 1, 2),
		conv(1, 6, 5, 5, 4, 3, 3, 2, 1, 1, 2),
		conv(2, 4, 6, 5, 4, 3, 3, 1, 1, 1, 4), // depthwise
		conv(2, 3, 7, 7, 6, 3, 3, 2, 1, 1, 3), // depthwise, two filters each
		conv(1, 3, 9, 9, 3, 3, 3, 2, 2, 2, 3),
		conv(2, 1, 6, 6, 4, 5, 5, 1, 2, 1, 1), // one input channel
		conv(1, 2, 1, 17, 3, 1, 3, 1, 0, 1, 1),
		conv(1, 15, 26, 26, 2, 3, 3, 1, 1, 1, 1), // over the edges of blocks
		conv(1, 2, 26, 25, 3, 2, 2, 1, 0, 1, 1),
		conv(3, 17, 4, 4, 33, 3, 3, 1, 1, 1, 1),
		conv(20, 2, 3, 3, 70, 1, 1, 1, 0, 1, 1),
	}
	for i := range all {
		if i%5 == 4 { // different by axis
			all[i].a.Pad[1]++
			all[i].a.Stride[0]++
		}
	}
	for range 6 {
		groups := g.between(1, 2)
		c := conv(g.between(1, 2), groups*g.between(1, 4), g.between(4, 9), g.between(4, 9), groups*g.between(1, 4), g.between(1, 3), g.between(1, 3), 1, 0, 1, groups)
		for i := range 2 {
			c.a.Stride[i], c.a.Pad[i], c.a.Dilation[i] = g.between(1, 3), g.between(0, 2), g.between(1, 2)
		}
		if s := c.y(); s.Dim(2) > 0 && s.Dim(3) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// formula's operands are x, w and the bias or nothing.
func (c *convolution) formula() formula {
	return func(t *tape, in [][]num) [][]num {
		s := c.y()
		cg, og := c.c/c.a.Groups, c.o/c.a.Groups
		var y []num
		for i := range s.Len() {
			at := unravel(i, s)
			n, o, r, q := at[0], at[1], at[2], at[3]
			sum := t.total()
			for ch := range cg {
				for kr := range c.kh {
					for kq := range c.kw {
						h := r*c.a.Stride[0] - c.a.Pad[0] + kr*c.a.Dilation[0]
						w := q*c.a.Stride[1] - c.a.Pad[1] + kq*c.a.Dilation[1]
						if h < 0 || h >= c.h || w < 0 || w >= c.w {
							continue
						}
						sum.addProduct(in[0][((n*c.c+o/og*cg+ch)*c.h+h)*c.w+w], in[1][((o*cg+ch)*c.kh+kr)*c.kw+kq])
					}
				}
			}
			v := sum.end(1)
			if len(in) > 2 && len(in[2]) > 0 {
				v = t.add(v, in[2][o])
			}
			y = append(y, v)
		}
		return [][]num{y}
	}
}

func convCases(g *gen) (x []*example) {
	for _, c := range g.convolutions() {
		vx, vw, vb := g.normal(c.x().Len()), g.normal(c.k().Len()), []float64{}
		e := &example{op: engine.OpConv2D, attr: c.a, in: []operand{given(c.x(), vx), given(c.k(), vw)}}
		if g.flip() {
			vb = g.normal(c.o)
			e.in = append(e.in, given(engine.Of(c.o), vb))
		}
		t, _, y := c.formula().run(vx, vw, vb)
		e.out = []operand{t.wanted(c.y(), y[0])}
		x = append(x, e)
	}
	return x
}

func convGradInputCases(g *gen) (x []*example) {
	for _, c := range g.convolutions() {
		vx, vw, gy := g.normal(c.x().Len()), g.normal(c.k().Len()), g.normal(c.y().Len())
		sol := c.formula().solve(gy, vx, vw)
		x = append(x, &example{
			op: engine.OpConv2DGradInput, attr: c.a, in: []operand{given(c.y(), gy), given(c.k(), vw)},
			out: []operand{sol.grad(0, c.x())}, slopes: sol.by(0, -1),
		})
	}
	return x
}

func convGradWeightCases(g *gen) (x []*example) {
	for _, c := range g.convolutions() {
		vx, vw, gy := g.normal(c.x().Len()), g.normal(c.k().Len()), g.normal(c.y().Len())
		sol := c.formula().solve(gy, vx, vw)
		x = append(x, &example{
			op: engine.OpConv2DGradWeight, attr: c.a, in: []operand{given(c.x(), vx), given(c.y(), gy)},
			out: []operand{sol.grad(1, c.k())}, slopes: sol.by(-1, 0),
		})
	}
	return x
}
