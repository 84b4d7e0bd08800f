//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// crossEntropy is OpCrossEntropy and its gradient without weights of classes,
// which are left to the reference engine.
type crossEntropy struct {
	shared
	base    engine.Kernel
	x, logp []float32
	target  []int64
	each    []float64 // cost by row
	gloss   []float32
	gx      []float32
	d       int
	attr    engine.Attr
	denom   float32
}

func (k *crossEntropy) call(c *engine.Call) error {
	if !in(c, 2).Absent() {
		return k.base(c)
	}
	k.x, k.target = floats(in(c, 0)), view[int64](in(c, 1))
	loss, denom := floats(out(c, 0)), floats(out(c, 2))
	k.logp, k.d, k.attr = floats(out(c, 1)), in(c, 0).Shape.Dim(1), c.Attr
	count := 0
	for i, t := range k.target {
		if t == k.attr.IgnoreIndex {
			continue
		}
		if t < 0 || t >= int64(k.d) {
			return &engine.TargetError{Target: t, Row: i, Classes: k.d}
		}
		count++
	}
	n := len(k.target)
	buf, err := k.cpu.Pool.Alloc(engine.F64, n)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.each = host.F64(buf)
	k.spread(n, 1, 1.5*float64(k.d)+100, k)
	denom[0] = 1
	if k.attr.Reduction == engine.ReduceNone {
		for i, v := range k.each {
			loss[i] = float32(v)
		}
		return nil
	}
	total := 0.0
	for _, v := range k.each {
		total += v
	}
	if k.attr.Reduction == engine.ReduceMean {
		denom[0] = float32(count)
		total /= float64(count)
	}
	loss[0] = float32(total)
	return nil
}

func (k *crossEntropy) Run(_, lo, hi int) {
	smooth := k.attr.Smoothing
	for r := lo; r < hi; r++ {
		logp := k.logp[r*k.d:][:k.d]
		k.logSoftmaxRow(logp, k.x[r*k.d:][:k.d])
		t := k.target[r]
		if t == k.attr.IgnoreIndex {
			k.each[r] = 0
			continue
		}
		k.each[r] = -(1 - smooth) * float64(logp[t])
		if smooth > 0 {
			k.each[r] -= smooth / float64(k.d) * k.sum(logp)
		}
	}
}

func (k *crossEntropy) grad(c *engine.Call) error {
	if !in(c, 2).Absent() {
		return k.base(c)
	}
	k.logp, k.target = floats(in(c, 0)), view[int64](in(c, 1))
	k.gloss, k.denom = floats(in(c, 3)), floats(in(c, 4))[0]
	k.gx, k.d, k.attr = floats(out(c, 0)), in(c, 0).Shape.Dim(1), c.Attr
	k.spread(len(k.target), 1, float64(k.d)+30, (*crossEntropyGrad)(k))
	return nil
}

// crossEntropyGrad: a cost Σⱼ −aⱼ·logpⱼ with Σa = 1 has the gradient
// softmax − a.
type crossEntropyGrad crossEntropy

func (k *crossEntropyGrad) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		gx := k.gx[r*k.d:][:k.d]
		t := k.target[r]
		if t == k.attr.IgnoreIndex {
			clear(gx)
			continue
		}
		scale := k.gloss[0] / k.denom
		if k.attr.Reduction == engine.ReduceNone {
			scale = k.gloss[r]
		}
		miss := float32(k.attr.Smoothing/float64(k.d)) * scale
		for j := 0; j < k.d; j += mostInCall {
			g := asm.Grid{Rows: 1, Cols: min(k.d-j, mostInCall)}
			g.P[0], g.P[1] = at(gx, j), at(k.logp, r*k.d+j)
			g.F[0], g.F[1] = scale, -miss
			k.isa.ExpScale(&g)
		}
		gx[t] -= float32(1-k.attr.Smoothing) * scale
	}
}
