package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

func (g *gen) parameters() []engine.Shape {
	return []engine.Shape{engine.Of(0), engine.Of(1), g.shape(2, 300), engine.Of(20011)}
}

// sgdStep is torch.optim.SGD's documented algorithm on the tape: operands g, w,
// buf; outputs w, buf.
func sgdStep(a engine.Attr, momentum bool) formula {
	return func(t *tape, in [][]num) [][]num {
		var w, buf []num
		for i, old := range in[1] {
			d := in[0][i]
			if a.Maximize {
				d = t.affine(d, -1, 0)
			}
			d = t.add(d, t.affine(old, a.WeightDecay, 0))
			if momentum {
				b := d
				if a.StepCount > 1 {
					b = t.add(t.affine(in[2][i], a.Momentum, 0), t.affine(d, 1-a.Dampening, 0))
				}
				buf = append(buf, b)
				if a.Nesterov {
					d = t.add(d, t.affine(b, a.Momentum, 0))
				} else {
					d = b
				}
			}
			w = append(w, t.sub(old, t.affine(d, a.LR, 0)))
		}
		return [][]num{w, buf}
	}
}

func sgdCases(g *gen) (x []*example) {
	attrs := []engine.Attr{
		{LR: 0.1, StepCount: 1},
		{LR: 0.1, WeightDecay: 0.01, Maximize: true, StepCount: 3},
		{LR: 0.1, Momentum: 0.9, StepCount: 1},
		{LR: 0.1, Momentum: 0.9, Dampening: 0.5, WeightDecay: 0.1, StepCount: 2},
		{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 0.1, StepCount: 1},
		{LR: 0.1, Momentum: 0.9, Nesterov: true, Maximize: true, StepCount: 5},
	}
	for _, a := range attrs {
		for _, s := range g.parameters() {
			grad, w, buf := g.normal(s.Len()), g.normal(s.Len()), g.normal(s.Len())
			t, _, y := sgdStep(a, a.Momentum != 0).run(grad, w, buf)
			e := &example{op: engine.OpSGDUpdate, attr: a, in: []operand{given(s, grad)}, out: []operand{t.wanted(s, y[0]).over(w)}}
			if a.Momentum != 0 {
				e.out = append(e.out, t.wanted(s, y[1]).over(buf))
			}
			x = append(x, e)
		}
	}
	return x
}

// adamStep is torch.optim.Adam's and AdamW's documented algorithm: operands g,
// w, m, v, vmax; outputs w, m, v, vmax.
func adamStep(a engine.Attr) formula {
	return func(t *tape, in [][]num) [][]num {
		var w, m, v, top []num
		n := float64(a.StepCount)
		c1, c2 := 1-math.Pow(a.Beta1, n), 1-math.Pow(a.Beta2, n)
		for i, old := range in[1] {
			d := in[0][i]
			if a.Maximize {
				d = t.affine(d, -1, 0)
			}
			if a.Decoupled {
				old = t.affine(old, 1-a.LR*a.WeightDecay, 0)
			} else {
				d = t.add(d, t.affine(old, a.WeightDecay, 0))
			}
			m = append(m, t.add(t.affine(in[2][i], a.Beta1, 0), t.affine(d, 1-a.Beta1, 0)))
			v = append(v, t.add(t.affine(in[3][i], a.Beta2, 0), t.affine(t.square(d), 1-a.Beta2, 0)))
			second := v[i]
			if a.AMSGrad {
				if t.v[in[4][i]] > t.v[second] {
					second = in[4][i]
				}
				top = append(top, second)
			}
			hat := t.affine(t.sqrt(t.affine(second, 1/c2, 0)), 1, a.Eps)
			w = append(w, t.sub(old, t.affine(t.div(m[i], hat), a.LR/c1, 0)))
		}
		return [][]num{w, m, v, top}
	}
}

func adamCases(g *gen) (x []*example) {
	base := engine.Attr{LR: 0.01, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, StepCount: 1}
	attrs := []engine.Attr{base, base, base, base, base}
	attrs[1].WeightDecay, attrs[1].StepCount = 0.1, 7
	attrs[2].WeightDecay, attrs[2].Decoupled, attrs[2].StepCount = 0.1, true, 2
	attrs[3].AMSGrad, attrs[3].StepCount, attrs[3].Maximize = true, 100, true
	attrs[4].AMSGrad, attrs[4].Decoupled, attrs[4].WeightDecay, attrs[4].StepCount, attrs[4].Beta1 = true, true, 0.5, 100000, 0.25
	for _, a := range attrs {
		for _, s := range g.parameters() {
			n := s.Len()
			grad, w, m, v, top := g.normal(n), g.normal(n), g.normal(n), g.positive(n), g.positive(n)
			t, _, y := adamStep(a).run(grad, w, m, v, top)
			e := &example{op: engine.OpAdamUpdate, attr: a, in: []operand{given(s, grad)}, out: []operand{
				t.wanted(s, y[0]).over(w), t.wanted(s, y[1]).over(m), t.wanted(s, y[2]).over(v),
			}}
			if a.AMSGrad {
				e.out = append(e.out, t.wanted(s, y[3]).over(top))
			}
			x = append(x, e)
		}
	}
	return x
}
