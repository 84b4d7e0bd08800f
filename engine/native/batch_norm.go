//go:build amd64

package native

import (
	"math"
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// batchNorm is OpBatchNorm, OpBatchNormEval, both with Act behind them, and
// their gradients. It works channel by channel on x[n,c,s]; a channel is a grid of n
// rows.
type batchNorm struct {
	shared
	x, w, b, y      []float32
	residual        []float32
	mean, rstd      []float32
	runMean, runVar []float32
	gy, gx, gw, gb  []float32
	gres            []float32
	n, c, s         int
	eps, momentum   float64
	act             engine.Fn
	stored          bool // mean and rstd are the stored mean and variance
}

func (k *batchNorm) sizes(x engine.Array) {
	k.n, k.c, k.s = x.Shape.Dim(0), x.Shape.Dim(1), 1
	for i := 2; i < x.Shape.Rank(); i++ {
		k.s *= x.Shape.Dim(i)
	}
}

// grid is a channel of some arrays; absent ones do not matter.
func (k *batchNorm) grid(c int, arrays ...[]float32) (g asm.Grid) {
	g.Rows, g.Cols = k.n, k.s
	for i, v := range arrays {
		g.P[i], g.Step[i] = at(v, c*k.s), 4*k.c*k.s
	}
	return g
}

// parts cuts a grid into as many rows, or as large a part of one, as a call may
// have.
type parts struct {
	g          asm.Grid
	rows, cols int
	row, col   int
}

func partsOf(g asm.Grid) parts {
	p := parts{g: g, rows: g.Rows, cols: g.Cols}
	if p.cols == 0 {
		p.rows = 0
	}
	return p
}

// next is the next part of the grid.
func (p *parts) next(g *asm.Grid) bool {
	if p.row >= p.rows {
		return false
	}
	*g = p.g
	g.Cols = min(p.cols-p.col, mostInCall)
	g.Rows = 1
	if g.Cols == p.cols {
		g.Rows = min(p.rows-p.row, rowsInCall(p.cols))
	}
	for i := range g.P {
		if g.P[i] != nil {
			g.P[i] = unsafe.Add(g.P[i], p.row*g.Step[i]+4*p.col)
		}
	}
	p.col += g.Cols
	if p.col == p.cols {
		p.row, p.col = p.row+g.Rows, 0
	}
	return true
}

func (k *batchNorm) forward(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.w, k.b, k.runMean, k.runVar = floats(x), floats(in(c, 1)), floats(in(c, 2)), floats(in(c, 3)), floats(in(c, 4))
	k.residual, k.act = floats(in(c, 5)), c.Attr.Fn
	k.y, k.mean, k.rstd = floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2))
	k.eps, k.momentum = c.Attr.Eps, c.Attr.Momentum
	k.spread(k.c, 1, 0.4*float64(k.n*k.s)+100, k)
	return nil
}

func (k *batchNorm) Run(_, lo, hi int) {
	count := float64(k.n * k.s)
	for c := lo; c < hi; c++ {
		mean, variance := 0.0, 0.0
		if count > 0 {
			mean = k.sum(c) / count
			rounded := mean - float64(float32(mean)) // what the kernel does not see
			variance = max(k.deviations(c, mean)/count-rounded*rounded, 0)
			move(k.runMean, c, mean, k.momentum)
			move(k.runVar, c, variance*count/max(count-1, 1), k.momentum)
		}
		rstd := 1 / math.Sqrt(variance+k.eps)
		k.mean[c], k.rstd[c] = float32(mean), float32(rstd)
		k.normalise(c, mean, rstd)
	}
}

// move brings a running statistic closer to a value.
func move(v []float32, c int, to, momentum float64) {
	if v != nil {
		v[c] = float32((1-momentum)*float64(v[c]) + momentum*to)
	}
}

func (k *batchNorm) sum(c int) (s float64) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.x)); p.next(&g); {
		k.isa.Sum(&g)
		s += g.Sums[0]
	}
	return s
}

func (k *batchNorm) deviations(c int, mean float64) (s float64) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.x)); p.next(&g); {
		g.F[0] = float32(mean)
		k.isa.Deviations(&g)
		s += g.Sums[0]
	}
	return s
}

func element(v []float32, i int, absent float32) float32 {
	if v == nil {
		return absent
	}
	return v[i]
}

func (k *batchNorm) normalise(c int, mean, rstd float64) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.y, k.x, k.residual)); p.next(&g); {
		g.F = [10]float32{float32(mean), float32(rstd * float64(element(k.w, c, 1))), element(k.b, c, 0)}
		switch {
		case k.residual != nil && k.act == engine.FnRelu:
			k.isa.AffineAddRelu(&g)
			continue
		case k.residual != nil:
			k.isa.AffineAdd(&g)
		case k.act == engine.FnRelu:
			k.isa.AffineRelu(&g)
			continue
		default:
			k.isa.Affine(&g)
		}
		if k.act != engine.FnNone {
			g.P[1] = g.P[0]
			apply(k.isa, k.act, &g)
		}
	}
}

func (k *batchNorm) eval(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.w, k.b, k.runMean, k.runVar = floats(x), floats(in(c, 1)), floats(in(c, 2)), floats(in(c, 3)), floats(in(c, 4))
	k.residual, k.act = floats(in(c, 5)), c.Attr.Fn
	k.y, k.eps = floats(out(c, 0)), c.Attr.Eps
	k.spread(k.c, 1, 0.25*float64(k.n*k.s)+50, (*batchNormEval)(k))
	return nil
}

type batchNormEval batchNorm

func (k *batchNormEval) Run(_, lo, hi int) {
	for c := lo; c < hi; c++ {
		(*batchNorm)(k).normalise(c, float64(k.runMean[c]), 1/math.Sqrt(float64(k.runVar[c])+k.eps))
	}
}
