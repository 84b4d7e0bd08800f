package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// pooling is one geometry; adaptive where it has no window.
type pooling struct {
	n, c, h, w, oh, ow int
	a                  engine.Attr
	adaptive           bool
}

func (p *pooling) x() engine.Shape { return engine.Of(p.n, p.c, p.h, p.w) }
func (p *pooling) y() engine.Shape { return engine.Of(p.n, p.c, p.oh, p.ow) }

func pool(n, c, h, w, window, stride, pad, dilation int, ceil bool) pooling {
	p := pooling{n: n, c: c, h: h, w: w, a: engine.Attr{
		Window: [2]int{window, window}, Stride: [2]int{stride, stride}, Pad: [2]int{pad, pad}, Dilation: [2]int{dilation, dilation},
	}}
	size := func(in int) int {
		span := in + 2*pad - dilation*(window-1) - 1
		if !ceil {
			return span/stride + 1
		}
		out := (span+stride-1)/stride + 1
		if (out-1)*stride >= in+pad { // the last window would begin in the padding
			out--
		}
		return out
	}
	p.oh, p.ow = size(h), size(w)
	return p
}

func (g *gen) poolings() []pooling {
	all := []pooling{
		pool(1, 1, 1, 1, 1, 1, 0, 1, false),
		pool(0, 2, 4, 4, 2, 2, 0, 1, false),
		pool(2, 2, 7, 6, 3, 2, 1, 1, false),
		pool(2, 3, 7, 6, 2, 2, 0, 1, false),
		pool(1, 2, 7, 6, 3, 1, 0, 1, false),
		pool(1, 2, 6, 7, 3, 2, 0, 1, true),
		pool(1, 2, 7, 8, 3, 2, 1, 1, true),
		pool(1, 1, 5, 5, 2, 3, 0, 1, false),
		pool(2, 17, 17, 19, 3, 2, 1, 1, false),
		pool(40, 3, 8, 8, 2, 2, 0, 1, false),
	}
	for range 4 {
		window := g.between(1, 4)
		all = append(all, pool(g.between(1, 2), g.between(1, 3), g.between(5, 12), g.between(5, 12), window, g.between(1, 3), g.between(0, window/2), 1, g.flip()))
	}
	return all
}

func (g *gen) adaptives() []pooling {
	var all []pooling
	for _, s := range [][4]int{{7, 5, 1, 1}, {7, 5, 2, 2}, {7, 5, 3, 2}, {4, 7, 1, 3}, {7, 7, 7, 7}, {3, 2, 5, 5}, {g.size(17), g.size(17), g.between(1, 6), g.between(1, 6)}} {
		all = append(all, pooling{n: g.between(1, 2), c: g.between(1, 3), h: s[0], w: s[1], oh: s[2], ow: s[3], adaptive: true})
	}
	return append(all, pooling{n: 0, c: 2, h: 3, w: 3, oh: 1, ow: 1, adaptive: true})
}

// window lists the places of output (r, q) that lie inside, row by row, and
// counts those in the padding too.
func (p *pooling) window(r, q int) (at []int, padded int) {
	if p.adaptive {
		for h := r * p.h / p.oh; h*p.oh < (r+1)*p.h; h++ {
			for w := q * p.w / p.ow; w*p.ow < (q+1)*p.w; w++ {
				at = append(at, h*p.w+w)
			}
		}
		return at, len(at)
	}
	for i := range p.a.Window[0] {
		for j := range p.a.Window[1] {
			h := r*p.a.Stride[0] - p.a.Pad[0] + i*p.a.Dilation[0]
			w := q*p.a.Stride[1] - p.a.Pad[1] + j*p.a.Dilation[1]
			if h < p.h+p.a.Pad[0] && w < p.w+p.a.Pad[1] {
				padded++
			}
			if h >= 0 && h < p.h && w >= 0 && w < p.w {
				at = append(at, h*p.w+w)
			}
		}
	}
	return at, padded
}

// formula is the maximum or the mean of each window; places, where not nil,
// gets the maxima's.
func (p *pooling) formula(highest bool, places *[]int64) formula {
	return func(t *tape, in [][]num) [][]num {
		var y []num
		for plane := range p.n * p.c {
			x := in[0][plane*p.h*p.w:]
			for i := range p.oh * p.ow {
				at, padded := p.window(i/p.ow, i%p.ow)
				if highest {
					best := at[0]
					for _, a := range at {
						if t.v[x[a]] > t.v[x[best]] || math.IsNaN(t.v[x[a]]) {
							best = a
						}
					}
					if places != nil {
						*places = append(*places, int64(best))
					}
					y = append(y, t.pick(x[best]))
					continue
				}
				n := len(at)
				switch {
				case p.a.DivisorOverride > 0:
					n = p.a.DivisorOverride
				case p.a.CountPad:
					n = padded
				}
				s := t.total()
				for _, a := range at {
					s.add(x[a], 1)
				}
				y = append(y, s.end(1/float64(n)))
			}
		}
		return [][]num{y}
	}
}

func (p *pooling) maxExamples(g *gen, op engine.Op, v []float64) []*example {
	var places []int64
	t, _, y := p.formula(true, &places).run(v)
	gy := g.normal(p.y().Len())
	sol := p.formula(true, nil).solve(gy, v)
	pos := operand{dt: engine.I32, shape: p.y(), i: places, wantInt: places}
	return []*example{
		{op: op, attr: p.a, in: []operand{given(p.x(), v)}, out: []operand{t.wanted(p.y(), y[0]), pos}},
		{op: engine.OpMaxPool2DGrad, attr: p.a, in: []operand{given(p.y(), gy), pos}, out: []operand{sol.grad(0, p.x())}, slopes: sol.by(0)},
	}
}

func maxPoolCases(g *gen) (x []*example) {
	for _, p := range append(g.poolings(), pool(1, 2, 7, 7, 2, 1, 0, 2, false), pool(1, 2, 9, 8, 3, 2, 1, 2, false)) {
		x = append(x, p.maxExamples(g, engine.OpMaxPool2D, g.spread(p.x().Len()))[0])
	}
	ties := pool(1, 1, 4, 4, 2, 2, 0, 1, false)
	x = append(x, ties.maxExamples(g, engine.OpMaxPool2D, make([]float64, 16))[0])
	lost := pool(1, 1, 4, 4, 3, 1, 1, 1, false)
	v := g.spread(16)
	v[5], v[6] = math.NaN(), math.Inf(-1)
	x = append(x, lost.maxExamples(g, engine.OpMaxPool2D, v)[0])
	below := pool(1, 1, 3, 3, 3, 2, 1, 1, false) // padding is no zero that wins
	return append(x, below.maxExamples(g, engine.OpMaxPool2D, []float64{-1, -2, -3, -4, -5, -6, -7, -8, -9})[0])
}

func maxPoolGradCases(g *gen) (x []*example) {
	for _, p := range append(g.poolings(), g.adaptives()...) {
		x = append(x, p.maxExamples(g, engine.OpMaxPool2D, g.spread(p.x().Len()))[1])
	}
	return x
}

func adaptiveMaxPoolCases(g *gen) (x []*example) {
	for _, p := range g.adaptives() {
		x = append(x, p.maxExamples(g, engine.OpAdaptiveMaxPool2D, g.spread(p.x().Len()))[0])
	}
	return x
}

// averages gives the forward and the gradient's example of a geometry.
func (p *pooling) averages(g *gen, op, grad engine.Op) (forward, backward *example) {
	v, gy := g.normal(p.x().Len()), g.normal(p.y().Len())
	t, _, y := p.formula(false, nil).run(v)
	sol := p.formula(false, nil).solve(gy, v)
	return &example{op: op, attr: p.a, in: []operand{given(p.x(), v)}, out: []operand{t.wanted(p.y(), y[0])}},
		&example{op: grad, attr: p.a, in: []operand{given(p.y(), gy)}, out: []operand{sol.grad(0, p.x())}, slopes: sol.by(0)}
}

func (g *gen) averaged() (forward, backward []*example) {
	for i, p := range g.poolings() {
		p.a.CountPad = i%2 == 0
		if i%5 == 3 {
			p.a.DivisorOverride = 3
		}
		f, b := p.averages(g, engine.OpAvgPool2D, engine.OpAvgPool2DGrad)
		forward, backward = append(forward, f), append(backward, b)
	}
	return forward, backward
}

func (g *gen) adaptivelyAveraged() (forward, backward []*example) {
	for _, p := range g.adaptives() {
		f, b := p.averages(g, engine.OpAdaptiveAvgPool2D, engine.OpAdaptiveAvgPool2DGrad)
		forward, backward = append(forward, f), append(backward, b)
	}
	return forward, backward
}

func avgPoolCases(g *gen) []*example             { x, _ := g.averaged(); return x }
func avgPoolGradCases(g *gen) []*example         { _, x := g.averaged(); return x }
func adaptiveAvgPoolCases(g *gen) []*example     { x, _ := g.adaptivelyAveraged(); return x }
func adaptiveAvgPoolGradCases(g *gen) []*example { _, x := g.adaptivelyAveraged(); return x }
