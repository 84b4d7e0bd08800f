package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// norm is a normalisation: which elements of x share statistics, and which
// their weight and bias.
type norm struct {
	shape        engine.Shape
	sets         int // of statistics
	set, channel func(i int) int
	channels     int
	eps          float64
	centred      bool // else about zero, as RMSNorm
}

// formula's operands are x, w, b, of which the last two may be empty; its
// outputs y, mean, rstd, and the biased variance.
func (m *norm) formula() formula {
	return func(t *tape, in [][]num) [][]num {
		members := make([][]num, m.sets)
		for i, n := range in[0] {
			s := m.set(i)
			members[s] = append(members[s], n)
		}
		var mean, rstd, variance []num
		for _, set := range members {
			n := float64(max(len(set), 1))
			centre := t.leaf(0)
			if m.centred {
				centre = t.affine(t.sum(set), 1/n, 0)
			}
			var squares []num
			for _, x := range set {
				squares = append(squares, t.square(t.sub(x, centre)))
			}
			v := t.affine(t.sum(squares), 1/n, 0)
			mean, variance = append(mean, centre), append(variance, v)
			rstd = append(rstd, t.div(t.leaf(1), t.sqrt(t.affine(v, 1, m.eps))))
		}
		y := m.apply(t, in, mean, rstd)
		return [][]num{y, mean, rstd, variance}
	}
}

func (m *norm) apply(t *tape, in [][]num, mean, rstd []num) []num {
	y := make([]num, len(in[0]))
	for i, n := range in[0] {
		v := t.mul(t.sub(n, mean[m.set(i)]), rstd[m.set(i)])
		if len(in[1]) > 0 {
			v = t.mul(v, in[1][m.channel(i)])
		}
		if len(in[2]) > 0 {
			v = t.add(v, in[2][m.channel(i)])
		}
		y[i] = v
	}
	return y
}

// affine draws weight and bias, or leaves one or both out.
func (g *gen) affine(channels int) (w, b []float64) {
	if g.IntN(4) > 0 {
		w = g.normal(channels)
	}
	if g.IntN(4) > 0 {
		b = g.normal(channels)
	}
	return w, b
}

// maybe is an operand of one axis that is absent where nothing was drawn.
func maybe(v []float64) operand {
	if v == nil {
		return none()
	}
	return given(engine.Of(len(v)), v)
}

func batch(s engine.Shape) *norm {
	plane := 1
	for i := 2; i < s.Rank(); i++ {
		plane *= s.Dim(i)
	}
	channel := func(i int) int { return i / plane % s.Dim(1) }
	return &norm{shape: s, sets: s.Dim(1), set: channel, channel: channel, channels: s.Dim(1), eps: 1e-5, centred: true}
}

func (g *gen) batches() []*norm {
	of := engine.Of
	all := []*norm{batch(of(3, 3, 2, 4)), batch(of(2, 1, 1, 1)), batch(of(5, 4)), batch(of(2, 3, 5)), batch(of(1, 2, 3, 3)), batch(of(9, 5, 7, 3)), batch(of(2, 33, 3, 3)), batch(of(40, 2, 15, 17))}
	all = append(all, batch(of(g.between(2, 9), g.size(17), g.between(1, 9), g.between(1, 9))))
	all[1].eps = 0.1
	return all
}

// off is x moved away from zero, where sums of squares lose digits.
func (g *gen) off(n int, by float64) []float64 {
	v := g.normal(n)
	for i := range v {
		v[i] = float64(float32(v[i] + by))
	}
	return v
}

func batchNormCases(g *gen) (x []*example) {
	for i, m := range g.batches() {
		v := g.off(m.shape.Len(), float64(i%3)*3)
		w, b := g.affine(m.channels)
		momentum := []float64{0.1, 0.5, 1}[i%3]
		t, _, y := m.formula().run(v, w, b)
		stat := engine.Of(m.channels)
		e := &example{
			op: engine.OpBatchNorm, attr: engine.Attr{Eps: m.eps, Momentum: momentum},
			in:  []operand{given(m.shape, v), maybe(w), maybe(b), none(), none()},
			out: []operand{t.wanted(m.shape, y[0]), t.wanted(stat, y[1]), t.wanted(stat, y[2])},
		}
		if i%4 != 3 {
			mean, variance := g.normal(m.channels), g.positive(m.channels)
			n := float64(m.shape.Len() / m.channels)
			moved := func(old []float64, to []num, by float64) operand {
				var r []num
				for c := range old {
					r = append(r, t.add(t.leaf((1-momentum)*old[c]), t.affine(to[c], momentum*by, 0)))
				}
				return t.wanted(stat, r).over(old)
			}
			e.in[3], e.in[4] = moved(mean, y[1], 1), moved(variance, y[3], n/math.Max(n-1, 1))
		}
		x = append(x, e)
	}
	return x
}

func batchNormEvalCases(g *gen) (x []*example) {
	for _, m := range append(g.batches(), batch(engine.Of(0, 3, 2, 2))) {
		v := g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		mean, variance := g.normal(m.channels), g.positive(m.channels)
		t, _, y := m.stored().run(v, w, b, mean, variance)
		x = append(x, &example{
			op: engine.OpBatchNormEval, attr: engine.Attr{Eps: m.eps},
			in:  []operand{given(m.shape, v), maybe(w), maybe(b), maybe(mean), maybe(variance)},
			out: []operand{t.wanted(m.shape, y[0])},
		})
	}
	return x
}

// stored is the normalisation by given mean and variance, its last operands.
func (m *norm) stored() formula {
	return func(t *tape, in [][]num) [][]num {
		var rstd []num
		for _, v := range in[4] {
			rstd = append(rstd, t.div(t.leaf(1), t.sqrt(t.affine(v, 1, m.eps))))
		}
		return [][]num{m.apply(t, in, in[3], rstd)}
	}
}

// wantedGrads chooses which of the three gradients are asked for.
func (g *gen) wantedGrads(out []operand, s *solved) ([]operand, *slopes) {
	by := []int{0, 1, 2}
	for i := range out {
		if g.IntN(4) == 0 || len(out[i].want) == 0 && i > 0 {
			out[i], by[i] = none(), -1
		}
	}
	if len(s.slopes.at) == len(out) {
		return out, s.by(by[:len(out)]...)
	}
	return out, s.by(append(by[:len(out)], -1, -1)...)
}

func batchNormGradCases(g *gen) (x []*example) {
	for i, m := range g.batches() {
		v, gy := g.off(m.shape.Len(), float64(i%2)), g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		sol := m.formula().solve(gy, v, w, b)
		c := engine.Of(m.channels)
		out, slopes := g.wantedGrads([]operand{sol.grad(0, m.shape), sol.grad(1, c), sol.grad(2, c)}, sol)
		x = append(x, &example{
			op: engine.OpBatchNormGrad, attr: engine.Attr{Eps: m.eps},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), sol.value(1, c), sol.value(2, c)},
			out: out, slopes: slopes,
		})
	}
	return x
}

func batchNormEvalGradCases(g *gen) (x []*example) {
	for _, m := range g.batches() {
		v, gy := g.normal(m.shape.Len()), g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		mean, variance := g.normal(m.channels), g.positive(m.channels)
		sol := m.stored().solve(gy, v, w, b, mean, variance)
		c := engine.Of(m.channels)
		out, slopes := g.wantedGrads([]operand{sol.grad(0, m.shape), sol.grad(1, c), sol.grad(2, c)}, sol)
		x = append(x, &example{
			op: engine.OpBatchNormEvalGrad, attr: engine.Attr{Eps: m.eps},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), maybe(mean), maybe(variance)},
			out: out, slopes: slopes,
		})
	}
	return x
}

// layers are normalisations by row.
func (g *gen) layers(centred bool) []*norm {
	var all []*norm
	for _, s := range [][2]int{{1, 1}, {0, 4}, {3, 6}, {2, 17}, {g.size(33), g.size(33)}, {5, 768}, {700, 33}} {
		d := s[1]
		all = append(all, &norm{
			shape: engine.Of(s[0], d), sets: s[0], channels: d, eps: 1e-5, centred: centred,
			set: func(i int) int { return i / d }, channel: func(i int) int { return i % d },
		})
	}
	all[2].eps = 1e-12
	all[3].eps = 0.1
	return all
}

func layerNormCases(g *gen) (x []*example) {
	for i, m := range g.layers(true) {
		v := g.off(m.shape.Len(), float64(i%3))
		w, b := g.affine(m.channels)
		t, _, y := m.formula().run(v, w, b)
		r := engine.Of(m.sets)
		x = append(x, &example{
			op: engine.OpLayerNorm, attr: engine.Attr{Eps: m.eps}, in: []operand{given(m.shape, v), maybe(w), maybe(b)},
			out: []operand{t.wanted(m.shape, y[0]), t.wanted(r, y[1]), t.wanted(r, y[2])},
		})
	}
	return x
}

func layerNormGradCases(g *gen) (x []*example) {
	for _, m := range g.layers(true) {
		v, gy := g.normal(m.shape.Len()), g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		sol := m.formula().solve(gy, v, w, b)
		r, d := engine.Of(m.sets), engine.Of(m.channels)
		out, slopes := g.wantedGrads([]operand{sol.grad(0, m.shape), sol.grad(1, d), sol.grad(2, d)}, sol)
		x = append(x, &example{
			op: engine.OpLayerNormGrad, attr: engine.Attr{Eps: m.eps},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), sol.value(1, r), sol.value(2, r)},
			out: out, slopes: slopes,
		})
	}
	return x
}

func rmsNormCases(g *gen) (x []*example) {
	for _, m := range g.layers(false) {
		v := g.normal(m.shape.Len())
		w, _ := g.affine(m.channels)
		t, _, y := m.formula().run(v, w, nil)
		x = append(x, &example{
			op: engine.OpRMSNorm, attr: engine.Attr{Eps: m.eps}, in: []operand{given(m.shape, v), maybe(w)},
			out: []operand{t.wanted(m.shape, y[0]), t.wanted(engine.Of(m.sets), y[2])},
		})
	}
	return x
}

func rmsNormGradCases(g *gen) (x []*example) {
	for _, m := range g.layers(false) {
		v, gy := g.normal(m.shape.Len()), g.normal(m.shape.Len())
		w, _ := g.affine(m.channels)
		sol := m.formula().solve(gy, v, w, nil)
		out, slopes := g.wantedGrads([]operand{sol.grad(0, m.shape), sol.grad(1, engine.Of(m.channels))}, sol)
		slopes.out = append(slopes.out[:2], -1)
		x = append(x, &example{
			op: engine.OpRMSNormGrad, attr: engine.Attr{Eps: m.eps},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), sol.value(2, engine.Of(m.sets))},
			out: out, slopes: slopes,
		})
	}
	return x
}

// grouped are normalisations by sample and group of channels.
func (g *gen) grouped() (all []*norm, groups []int) {
	for _, s := range [][4]int{{1, 1, 1, 1}, {2, 4, 9, 2}, {2, 3, 6, 1}, {2, 6, 4, 3}, {0, 4, 3, 2}, {3, 33, 5, 11}, {g.between(1, 3), 8, g.size(33), 4}} {
		n, c, size, k := s[0], s[1], s[2], s[3]
		all = append(all, &norm{
			shape: engine.Of(n, c, size), sets: n * k, channels: c, eps: 1e-5, centred: true,
			set: func(i int) int { return i / (c / k * size) }, channel: func(i int) int { return i / size % c },
		})
		groups = append(groups, k)
	}
	return all, groups
}

func groupNormCases(g *gen) (x []*example) {
	all, groups := g.grouped()
	for i, m := range all {
		v := g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		t, _, y := m.formula().run(v, w, b)
		sets := engine.Of(m.sets)
		x = append(x, &example{
			op: engine.OpGroupNorm, attr: engine.Attr{Eps: m.eps, Groups: groups[i]}, in: []operand{given(m.shape, v), maybe(w), maybe(b)},
			out: []operand{t.wanted(m.shape, y[0]), t.wanted(sets, y[1]), t.wanted(sets, y[2])},
		})
	}
	return x
}

func groupNormGradCases(g *gen) (x []*example) {
	all, groups := g.grouped()
	for i, m := range all {
		v, gy := g.normal(m.shape.Len()), g.normal(m.shape.Len())
		w, b := g.affine(m.channels)
		sol := m.formula().solve(gy, v, w, b)
		sets, c := engine.Of(m.sets), engine.Of(m.channels)
		out, slopes := g.wantedGrads([]operand{sol.grad(0, m.shape), sol.grad(1, c), sol.grad(2, c)}, sol)
		x = append(x, &example{
			op: engine.OpGroupNormGrad, attr: engine.Attr{Eps: m.eps, Groups: groups[i]},
			in:  []operand{given(m.shape, v), given(m.shape, gy), maybe(w), sol.value(1, sets), sol.value(2, sets)},
			out: out, slopes: slopes,
		})
	}
	return x
}
