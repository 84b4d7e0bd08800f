package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// batchNorm works channel by channel on x[n,c,s]: the two passes of the
// statistics in float64, then the normalisation.
type batchNorm[T float] struct {
	cpu             *host.CPU
	x, w, b, y      []T
	mean, rstd      []T
	runMean, runVar []T
	n, c, s         int
	eps, momentum   float64
	gy, gx, gw, gb  []T
	evaluated       bool // mean and rstd are the stored mean and variance
}

func (k *batchNorm[T]) sizes(x engine.Array) {
	k.n, k.c = x.Shape.Dim(0), x.Shape.Dim(1)
	k.s = 1
	for i := 2; i < x.Shape.Rank(); i++ {
		k.s *= x.Shape.Dim(i)
	}
}

func (k *batchNorm[T]) start(t host.Task) {
	k.cpu.Threads.Run(k.c, perRow(cheapBlock/2, k.n*k.s), t)
}

// each calls do with the places of the channel's runs of s elements.
func (k *batchNorm[T]) each(c int, do func(lo, hi int)) {
	for i := range k.n {
		lo := (i*k.c + c) * k.s
		do(lo, lo+k.s)
	}
}

func at[T float](v []T, i int, absent T) T {
	if v == nil {
		return absent
	}
	return v[i]
}

func (k *batchNorm[T]) forward(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.w, k.b, k.runMean, k.runVar = view[T](x), view[T](in(c, 1)), view[T](in(c, 2)), view[T](in(c, 3)), view[T](in(c, 4))
	k.y, k.mean, k.rstd = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2))
	k.eps, k.momentum = c.Attr.Eps, c.Attr.Momentum
	k.start(k)
	return nil
}

func (k *batchNorm[T]) Run(_, lo, hi int) {
	count := float64(k.n * k.s)
	for c := lo; c < hi; c++ {
		mean, variance := 0.0, 0.0
		if count > 0 {
			k.each(c, func(lo, hi int) { mean += sum(k.x[lo:hi]) })
			mean /= count
			k.each(c, func(lo, hi int) { variance += sumDeviations(k.x[lo:hi], mean) })
			variance /= count
			move := func(v []T, to float64) {
				if v != nil {
					v[c] = T((1-k.momentum)*float64(v[c]) + k.momentum*to)
				}
			}
			move(k.runMean, mean)
			move(k.runVar, variance*count/max(count-1, 1))
		}
		rstd := 1 / math.Sqrt(variance+k.eps)
		k.mean[c], k.rstd[c] = T(mean), T(rstd)
		k.normalise(c, mean, rstd)
	}
}

func (k *batchNorm[T]) normalise(c int, mean, rstd float64) {
	m, scale, b := T(mean), T(rstd*float64(at(k.w, c, 1))), at(k.b, c, 0)
	k.each(c, func(lo, hi int) {
		y := k.y[lo:hi]
		for i, v := range k.x[lo:hi] {
			y[i] = (v-m)*scale + b
		}
	})
}

// sumDeviations is the sum of squared distances from the mean.
func sumDeviations[T float](x []T, mean float64) float64 {
	var a, b float64
	for len(x) >= 2 {
		u, v := float64(x[0])-mean, float64(x[1])-mean
		a += u * u
		b += v * v
		x = x[2:]
	}
	for _, v := range x {
		d := float64(v) - mean
		a += d * d
	}
	return a + b
}

func (k *batchNorm[T]) eval(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.w, k.b, k.runMean, k.runVar = view[T](x), view[T](in(c, 1)), view[T](in(c, 2)), view[T](in(c, 3)), view[T](in(c, 4))
	k.y, k.eps = view[T](out(c, 0)), c.Attr.Eps
	k.start((*batchNormEval[T])(k))
	return nil
}

type batchNormEval[T float] batchNorm[T]

func (k *batchNormEval[T]) Run(_, lo, hi int) {
	for c := lo; c < hi; c++ {
		(*batchNorm[T])(k).normalise(c, float64(k.runMean[c]), 1/math.Sqrt(float64(k.runVar[c])+k.eps))
	}
}

func (k *batchNorm[T]) grad(c *engine.Call) error {
	k.evaluated = false
	return k.gradients(c)
}

func (k *batchNorm[T]) evalGrad(c *engine.Call) error {
	k.evaluated = true
	return k.gradients(c)
}

func (k *batchNorm[T]) gradients(c *engine.Call) error {
	x := in(c, 0)
	k.sizes(x)
	k.x, k.gy, k.w, k.mean, k.rstd = view[T](x), view[T](in(c, 1)), view[T](in(c, 2)), view[T](in(c, 3)), view[T](in(c, 4))
	k.gx, k.gw, k.gb = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2))
	k.eps = c.Attr.Eps
	k.start((*batchNormGrad[T])(k))
	return nil
}

// batchNormGrad: with x̂ = (x−mean)·rstd, gb = Σgy, gw = Σgy·x̂, and
// gx = w·rstd·(gy − gb/m − x̂·gw/m) where the statistics are the batch's, else
// w·rstd·gy.
type batchNormGrad[T float] batchNorm[T]

func (k *batchNormGrad[T]) Run(_, lo, hi int) {
	b := (*batchNorm[T])(k)
	count := float64(k.n * k.s)
	for c := lo; c < hi; c++ {
		mean, rstd := float64(k.mean[c]), float64(k.rstd[c])
		if k.evaluated {
			rstd = 1 / math.Sqrt(rstd+k.eps) // the operand is the variance
		}
		gb, gw := 0.0, 0.0
		if !k.evaluated || k.gw != nil || k.gb != nil {
			b.each(c, func(lo, hi int) {
				s, p := sumProducts(k.gy[lo:hi], k.x[lo:hi], mean)
				gb, gw = gb+s, gw+p
			})
			gw *= rstd
		}
		if k.gw != nil {
			k.gw[c] = T(gw)
		}
		if k.gb != nil {
			k.gb[c] = T(gb)
		}
		if k.gx == nil {
			continue
		}
		scale := T(rstd * float64(at(k.w, c, 1)))
		if k.evaluated {
			b.each(c, func(lo, hi int) {
				gx := k.gx[lo:hi]
				for i, g := range k.gy[lo:hi] {
					gx[i] = scale * g
				}
			})
			continue
		}
		m, shift, slope := T(mean), T(gb/count), T(gw*rstd/count)
		b.each(c, func(lo, hi int) {
			gx, x := k.gx[lo:hi], k.x[lo:hi]
			for i, g := range k.gy[lo:hi] {
				gx[i] = scale * (g - shift - (x[i]-m)*slope)
			}
		})
	}
}

// sumProducts is Σg and Σg·(x−mean).
func sumProducts[T float](g, x []T, mean float64) (s, p float64) {
	var s1, p1 float64
	for len(g) >= 2 && len(x) >= 2 {
		u, v := float64(g[0]), float64(g[1])
		s += u
		p += u * (float64(x[0]) - mean)
		s1 += v
		p1 += v * (float64(x[1]) - mean)
		g, x = g[2:], x[2:]
	}
	for i, v := range g {
		s += float64(v)
		p += float64(v) * (float64(x[i]) - mean)
	}
	return s + s1, p + p1
}
