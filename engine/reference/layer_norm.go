package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// layerNorm works row by row on x[r,d]. Without a mean it is RMSNorm.
type layerNorm[T float] struct {
	cpu             *host.CPU
	x, w, b, y      []T
	mean, rstd      []T
	gy, gx, gw, gb  []T
	rows, d, pieces int
	eps             float64
	sums            []float64 // [pieces, 2, d]: parts of gw and gb
	centred         bool
}

// maxPieces is into how many pieces rows are cut whose columns are summed.
const maxPieces = 32

func (k *layerNorm[T]) sizes(x engine.Array) {
	k.rows, k.d = x.Shape.Dim(0), x.Shape.Dim(1)
}

func (k *layerNorm[T]) forward(c *engine.Call) error {
	k.centred = true
	k.sizes(in(c, 0))
	k.x, k.w, k.b = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2))
	k.y, k.mean, k.rstd = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2))
	return k.start(c)
}

func (k *layerNorm[T]) rmsForward(c *engine.Call) error {
	k.centred = false
	k.sizes(in(c, 0))
	k.x, k.w, k.b = view[T](in(c, 0)), view[T](in(c, 1)), nil
	k.y, k.mean, k.rstd = view[T](out(c, 0)), nil, view[T](out(c, 1))
	return k.start(c)
}

func (k *layerNorm[T]) start(c *engine.Call) error {
	k.eps = c.Attr.Eps
	k.cpu.Threads.Run(k.rows, perRow(cheapBlock, k.d), k)
	return nil
}

func (k *layerNorm[T]) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		x, y := k.x[r*k.d:][:k.d], k.y[r*k.d:][:k.d]
		mean := 0.0
		if k.centred {
			mean = sum(x) / float64(k.d)
			k.mean[r] = T(mean)
		}
		rstd := 1 / math.Sqrt(sumDeviations(x, mean)/float64(k.d)+k.eps)
		k.rstd[r] = T(rstd)
		m, s := T(mean), T(rstd)
		for i, v := range x {
			y[i] = (v - m) * s
		}
		if k.w != nil {
			for i, v := range k.w {
				y[i] *= v
			}
		}
		if k.b != nil {
			for i, v := range k.b {
				y[i] += v
			}
		}
	}
}

func (k *layerNorm[T]) grad(c *engine.Call) error {
	k.centred = true
	k.mean, k.rstd = view[T](in(c, 3)), view[T](in(c, 4))
	k.gb = view[T](out(c, 2))
	return k.gradients(c)
}

func (k *layerNorm[T]) rmsGrad(c *engine.Call) error {
	k.centred = false
	k.mean, k.rstd, k.gb = nil, view[T](in(c, 3)), nil
	return k.gradients(c)
}

func (k *layerNorm[T]) gradients(c *engine.Call) error {
	k.sizes(in(c, 0))
	k.x, k.gy, k.w = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2))
	k.gx, k.gw = view[T](out(c, 0)), view[T](out(c, 1))
	k.pieces = max(min(k.rows*k.d/cheapBlock, maxPieces), 1)
	k.sums = nil
	if k.gw != nil || k.gb != nil {
		buf, v, err := scratch[float64](k.cpu, k.pieces*2*k.d)
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.sums = v
	}
	k.cpu.Threads.Run(k.pieces, 1, (*layerNormGrad[T])(k))
	for i := range k.d {
		gw, gb := 0.0, 0.0
		for p := 0; p < k.pieces && k.sums != nil; p++ {
			gw += k.sums[2*p*k.d+i]
			gb += k.sums[(2*p+1)*k.d+i]
		}
		if k.gw != nil {
			k.gw[i] = T(gw)
		}
		if k.gb != nil {
			k.gb[i] = T(gb)
		}
	}
	return nil
}

// layerNormGrad: with x̂ = (x−mean)·rstd and u = w·gy,
// gx = rstd·(u − mean(u) − x̂·mean(u·x̂)), where RMSNorm lacks mean(u);
// gw = Σgy·x̂, gb = Σgy over the rows.
type layerNormGrad[T float] layerNorm[T]

func (k *layerNormGrad[T]) Run(_, lo, hi int) {
	for p := lo; p < hi; p++ {
		var gw, gb []float64
		if k.sums != nil {
			gw, gb = k.sums[2*p*k.d:][:k.d], k.sums[(2*p+1)*k.d:][:k.d]
			clear(gw)
			clear(gb)
		}
		for r := p * k.rows / k.pieces; r < (p+1)*k.rows/k.pieces; r++ {
			mean, rstd := float64(at(k.mean, r, 0)), float64(k.rstd[r])
			x, gy := k.x[r*k.d:][:k.d], k.gy[r*k.d:][:k.d]
			if k.sums != nil {
				for i, g := range gy {
					gw[i] += float64(g) * (float64(x[i]) - mean) * rstd
					gb[i] += float64(g)
				}
			}
			if k.gx != nil {
				k.row(k.gx[r*k.d:][:k.d], x, gy, mean, rstd)
			}
		}
	}
}

func (k *layerNormGrad[T]) row(gx, x, gy []T, mean, rstd float64) {
	su, sux := 0.0, 0.0
	for i, g := range gy {
		u := float64(g) * float64(at(k.w, i, 1))
		su += u
		sux += u * (float64(x[i]) - mean)
	}
	shift := su / float64(k.d)
	if !k.centred {
		shift = 0
	}
	m, s, a, b := T(mean), T(rstd), T(shift), T(sux*rstd*rstd/float64(k.d))
	for i, g := range gy {
		gx[i] = s * (g*at(k.w, i, 1) - a - (x[i]-m)*b)
	}
}
