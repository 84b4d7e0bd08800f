//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

func (k *batchNorm) grad(c *engine.Call) error {
	k.y, k.gres, k.act, k.stored = nil, nil, engine.FnNone, false
	return k.gradients(c)
}

func (k *batchNorm) evalGrad(c *engine.Call) error {
	k.y, k.gres, k.act, k.stored = nil, nil, engine.FnNone, true
	return k.gradients(c)
}

func (k *batchNorm) actGrad(c *engine.Call) error {
	k.y, k.gres, k.act, k.stored = floats(in(c, 5)), floats(out(c, 3)), c.Attr.Fn, false
	return k.gradients(c)
}

func (k *batchNorm) gradients(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.gy, k.w, k.mean, k.rstd = floats(x), floats(in(c, 1)), floats(in(c, 2)), floats(in(c, 3)), floats(in(c, 4))
	k.gx, k.gw, k.gb = floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2))
	k.eps = c.Attr.Eps
	if k.act != engine.FnNone && k.act != engine.FnRelu && k.gres == nil {
		// What comes through the function is needed in memory.
		buf, v, err := k.scratch(len(k.gy))
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.gres = v
	}
	k.spread(k.c, 1, 0.5*float64(k.n*k.s)+100, (*batchNormGrad)(k))
	return nil
}

// batchNormGrad: with x̂ = (x−mean)·rstd, gb = Σg, gw = Σg·x̂, and
// gx = w·rstd·(g − gb/m − x̂·gw/m) where the statistics are the batch's, else
// w·rstd·g. g is gy times the derivative of the function behind the norm.
type batchNormGrad batchNorm

func (k *batchNormGrad) Run(_, lo, hi int) {
	b := (*batchNorm)(k)
	count := float64(k.n * k.s)
	for c := lo; c < hi; c++ {
		gy := k.gy
		gate := k.y // where it is not positive, g is zero
		if k.act == engine.FnNone {
			gate = nil
		}
		if k.gres != nil {
			b.throughAct(c)
			gy, gate = k.gres, nil
		}
		mean, rstd := float64(k.mean[c]), float64(k.rstd[c])
		if k.stored {
			rstd = 1 / math.Sqrt(rstd+k.eps) // the operand is the variance
		}
		gb, gw := 0.0, 0.0
		if !k.stored || k.gw != nil || k.gb != nil {
			gb, gw = b.products(c, gy, gate, mean)
			gw *= rstd
		}
		if k.gw != nil {
			k.gw[c] = float32(gw)
		}
		if k.gb != nil {
			k.gb[c] = float32(gb)
		}
		if k.gx == nil || count == 0 {
			continue
		}
		factor, shift, slope := rstd*float64(element(k.w, c, 1)), gb/count, gw*rstd/count
		if k.stored {
			b.scaled(c, gy, factor)
			continue
		}
		f := [10]float32{float32(mean), float32(factor), float32(shift), float32(slope)}
		b.normGrad(c, gy, gate, f)
	}
}

// throughAct sets the residual's gradient to what comes through the function.
func (k *batchNorm) throughAct(c int) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.gres, k.y, k.gy)); p.next(&g); {
		if k.act == engine.FnNone {
			g.P[1], g.F = g.P[2], [10]float32{1, 0}
			k.isa.Scale(&g)
			continue
		}
		applyGrad(k.isa, k.act, &g)
	}
}

// products are Σg and Σg·(x−mean).
func (k *batchNorm) products(c int, gy, gate []float32, mean float64) (s, p float64) {
	var g asm.Grid
	for q := partsOf(k.grid(c, gy, k.x, gate)); q.next(&g); {
		g.F[0] = float32(mean)
		if gate != nil {
			k.isa.GatedProducts(&g)
		} else {
			k.isa.Products(&g)
		}
		s, p = s+g.Sums[0], p+g.Sums[1]
	}
	return s, p
}

func (k *batchNorm) normGrad(c int, gy, gate []float32, f [10]float32) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.gx, k.x, gy, gate)); p.next(&g); {
		g.F = f
		if gate != nil {
			k.isa.NormGradGated(&g)
		} else {
			k.isa.NormGrad(&g)
		}
	}
}

func (k *batchNorm) scaled(c int, gy []float32, by float64) {
	var g asm.Grid
	for p := partsOf(k.grid(c, k.gx, gy)); p.next(&g); {
		g.F[0] = float32(by)
		k.isa.Scale(&g)
	}
}
