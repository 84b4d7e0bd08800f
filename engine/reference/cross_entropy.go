package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// crossEntropy is torch's: row i with target t costs
//
//	(1−ε)·w[t]·(−logp[t]) + ε/c·Σⱼ w[j]·(−logp[j]),
//
// nothing where t is the ignored index; the mean divides by Σw[t], not counting
// ignored rows.
type crossEntropy[T float] struct {
	cpu     *host.CPU
	x, logp []T
	w       []T
	target  []int64
	each    []float64 // cost by row
	weight  []float64 // w[t] by row
	d       int
	attr    engine.Attr
	gx      []T
	gloss   []T
	denom   float64
}

func (k *crossEntropy[T]) call(c *engine.Call) error {
	k.x, k.target, k.w = view[T](in(c, 0)), view[int64](in(c, 1)), view[T](in(c, 2))
	loss, denom := view[T](out(c, 0)), view[T](out(c, 2))
	k.logp, k.d, k.attr = view[T](out(c, 1)), in(c, 0).Shape.Dim(1), c.Attr
	for i, t := range k.target {
		if t != k.attr.IgnoreIndex && (t < 0 || t >= int64(k.d)) {
			return &engine.TargetError{Target: t, Row: i, Classes: k.d}
		}
	}
	n := len(k.target)
	buf, v, err := scratch[float64](k.cpu, 2*n)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.each, k.weight = v[:n], v[n:]
	k.cpu.Threads.Run(n, perRow(mathBlock, k.d), k)
	divisor := 1.0
	switch k.attr.Reduction {
	case engine.ReduceMean:
		divisor = sum(k.weight)
		loss[0] = T(sum(k.each) / divisor)
	case engine.ReduceSum:
		loss[0] = T(sum(k.each))
	case engine.ReduceNone:
		for i, v := range k.each {
			loss[i] = T(v)
		}
	}
	denom[0] = T(divisor)
	return nil
}

func (k *crossEntropy[T]) Run(_, lo, hi int) {
	smooth := k.attr.Smoothing
	for r := lo; r < hi; r++ {
		logp := k.logp[r*k.d:][:k.d]
		logSoftmaxRow(logp, k.x[r*k.d:][:k.d])
		t := k.target[r]
		if t == k.attr.IgnoreIndex {
			k.each[r], k.weight[r] = 0, 0
			continue
		}
		w := float64(at(k.w, int(t), 1))
		cost := -(1 - smooth) * w * float64(logp[t])
		if smooth > 0 {
			s := 0.0
			for j, v := range logp {
				s += float64(at(k.w, j, 1)) * float64(v)
			}
			cost -= smooth / float64(k.d) * s
		}
		k.each[r], k.weight[r] = cost, w
	}
}

func (k *crossEntropy[T]) grad(c *engine.Call) error {
	k.logp, k.target, k.w = view[T](in(c, 0)), view[int64](in(c, 1)), view[T](in(c, 2))
	k.gloss, k.denom = view[T](in(c, 3)), float64(view[T](in(c, 4))[0])
	k.gx, k.d, k.attr = view[T](out(c, 0)), in(c, 0).Shape.Dim(1), c.Attr
	k.cpu.Threads.Run(len(k.target), perRow(mathBlock, k.d), (*crossEntropyGrad[T])(k))
	return nil
}

// crossEntropyGrad: a cost Σⱼ −aⱼ·logpⱼ has the gradient softmax·Σa − a.
type crossEntropyGrad[T float] crossEntropy[T]

func (k *crossEntropyGrad[T]) Run(_, lo, hi int) {
	smooth := k.attr.Smoothing
	for r := lo; r < hi; r++ {
		logp, gx := k.logp[r*k.d:][:k.d], k.gx[r*k.d:][:k.d]
		t := k.target[r]
		if t == k.attr.IgnoreIndex {
			clear(gx)
			continue
		}
		g := float64(k.gloss[0]) / k.denom
		if k.attr.Reduction == engine.ReduceNone {
			g = float64(k.gloss[r])
		}
		hit, miss := (1-smooth)*float64(at(k.w, int(t), 1)), smooth/float64(k.d)
		total := hit
		for j := range gx {
			total += miss * float64(at(k.w, j, 1))
		}
		for j, v := range logp {
			a := miss * float64(at(k.w, j, 1))
			if j == int(t) {
				a += hit
			}
			gx[j] = T(g * (math.Exp(float64(v))*total - a))
		}
	}
}
