package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// groupNorm normalises each group of channels of each sample of x[n,c,s]; the
// affine part is by channel.
type groupNorm[T float] struct {
	cpu            *host.CPU
	x, w, b, y     []T
	mean, rstd     []T
	gy, gx, gw, gb []T
	n, c, s        int
	groups, cg     int
	eps            float64
}

func (k *groupNorm[T]) sizes(x engine.Array, a *engine.Attr) {
	k.n, k.c, k.s = x.Shape.Dim(0), x.Shape.Dim(1), x.Shape.Dim(2)
	k.groups = a.Groups
	k.cg = k.c / k.groups
}

func (k *groupNorm[T]) grain() int { return perRow(cheapBlock, k.cg*k.s) }

func (k *groupNorm[T]) forward(c *engine.Call) error {
	k.sizes(in(c, 0), &c.Attr)
	k.x, k.w, k.b = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2))
	k.y, k.mean, k.rstd = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2))
	k.eps = c.Attr.Eps
	k.cpu.Threads.Run(k.n*k.groups, k.grain(), k)
	return nil
}

func (k *groupNorm[T]) Run(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		size := k.cg * k.s
		x, y := k.x[i*size:][:size], k.y[i*size:][:size]
		mean := sum(x) / float64(size)
		rstd := 1 / math.Sqrt(sumDeviations(x, mean)/float64(size)+k.eps)
		k.mean[i], k.rstd[i] = T(mean), T(rstd)
		m := T(mean)
		for ch := range k.cg {
			c := i%k.groups*k.cg + ch
			scale, shift := T(rstd*float64(at(k.w, c, 1))), at(k.b, c, 0)
			row := y[ch*k.s:][:k.s]
			for j, v := range x[ch*k.s:][:k.s] {
				row[j] = (v-m)*scale + shift
			}
		}
	}
}

func (k *groupNorm[T]) grad(c *engine.Call) error {
	k.sizes(in(c, 0), &c.Attr)
	k.x, k.gy, k.w = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2))
	k.mean, k.rstd = view[T](in(c, 3)), view[T](in(c, 4))
	k.gx, k.gw, k.gb = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2))
	if k.gx != nil {
		k.cpu.Threads.Run(k.n*k.groups, k.grain(), (*groupNormGrad[T])(k))
	}
	if k.gw != nil || k.gb != nil {
		k.cpu.Threads.Run(k.c, perRow(cheapBlock, k.n*k.s), (*groupNormAffineGrad[T])(k))
	}
	return nil
}

// groupNormGrad: with u = w·gy over a group,
// gx = rstd·(u − mean(u) − x̂·mean(u·x̂)).
type groupNormGrad[T float] groupNorm[T]

func (k *groupNormGrad[T]) Run(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		size := k.cg * k.s
		x, gy, gx := k.x[i*size:][:size], k.gy[i*size:][:size], k.gx[i*size:][:size]
		mean, rstd := float64(k.mean[i]), float64(k.rstd[i])
		c0 := i % k.groups * k.cg
		su, sux := 0.0, 0.0
		for ch := range k.cg {
			w := float64(at(k.w, c0+ch, 1))
			s, p := sumProducts(gy[ch*k.s:][:k.s], x[ch*k.s:][:k.s], mean)
			su, sux = su+w*s, sux+w*p
		}
		m, s, shift, slope := T(mean), T(rstd), T(su/float64(size)), T(sux*rstd*rstd/float64(size))
		for ch := range k.cg {
			w, row := at(k.w, c0+ch, 1), gx[ch*k.s:][:k.s]
			for j, g := range gy[ch*k.s:][:k.s] {
				row[j] = s * (g*w - shift - (x[ch*k.s+j]-m)*slope)
			}
		}
	}
}

// groupNormAffineGrad: gw = Σgy·x̂, gb = Σgy by channel.
type groupNormAffineGrad[T float] groupNorm[T]

func (k *groupNormAffineGrad[T]) Run(_, lo, hi int) {
	for c := lo; c < hi; c++ {
		gw, gb := 0.0, 0.0
		for i := range k.n {
			row, group := (i*k.c+c)*k.s, i*k.groups+c/k.cg
			s, p := sumProducts(k.gy[row:][:k.s], k.x[row:][:k.s], float64(k.mean[group]))
			gb, gw = gb+s, gw+p*float64(k.rstd[group])
		}
		if k.gw != nil {
			k.gw[c] = T(gw)
		}
		if k.gb != nil {
			k.gb[c] = T(gb)
		}
	}
}
