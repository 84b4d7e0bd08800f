package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// pooling walks planes: x[planes, h, w] and y[planes, oh, ow].
type pooling struct {
	planes, h, w, oh, ow int
	attr                 engine.Attr
	adaptive             bool
}

func poolingOf(x, y engine.Shape, a *engine.Attr, adaptive bool) pooling {
	p := pooling{h: x.Dim(-2), w: x.Dim(-1), oh: y.Dim(-2), ow: y.Dim(-1), attr: *a, adaptive: adaptive}
	p.planes = x.Dim(0) * x.Dim(1)
	for i := range 2 {
		p.attr.Stride[i], p.attr.Dilation[i] = max(a.Stride[i], 1), max(a.Dilation[i], 1)
	}
	return p
}

// span is the places lo, lo+step, … below hi of one axis that output i covers,
// and how many of them padding included (torch's count_include_pad).
type span struct{ lo, hi, step, padded int }

func (p *pooling) span(axis, i int) span {
	size, outSize := p.h, p.oh
	if axis == 1 {
		size, outSize = p.w, p.ow
	}
	if p.adaptive {
		lo, hi := i*size/outSize, ((i+1)*size+outSize-1)/outSize
		return span{lo, hi, 1, hi - lo}
	}
	pad, step := p.attr.Pad[axis], p.attr.Dilation[axis]
	lo := i*p.attr.Stride[axis] - pad
	hi := lo + (p.attr.Window[axis]-1)*step + 1
	padded := min(hi, size+pad) - lo
	if lo < 0 {
		lo += (-lo + step - 1) / step * step
	}
	return span{lo, min(hi, size), step, padded}
}

func (p *pooling) grain() int {
	return perRow(cheapBlock, p.oh*p.ow*max(p.attr.Window[0]*p.attr.Window[1], 1))
}

// maxPool keeps the place of the first maximum of each window.
type maxPool[T float] struct {
	cpu *host.CPU
	pooling
	x, y     []T
	pos      []int32
	adapting bool
}

func (k *maxPool[T]) call(c *engine.Call) error {
	k.x, k.y, k.pos = view[T](in(c, 0)), view[T](out(c, 0)), view[int32](out(c, 1))
	k.pooling = poolingOf(in(c, 0).Shape, out(c, 0).Shape, &c.Attr, k.adapting)
	k.cpu.Threads.Run(k.planes, k.grain(), k)
	return nil
}

func (k *maxPool[T]) Run(_, lo, hi int) {
	for p := lo; p < hi; p++ {
		x := k.x[p*k.h*k.w:][:k.h*k.w]
		at := p * k.oh * k.ow
		for r := range k.oh {
			rows := k.span(0, r)
			for c := range k.ow {
				k.y[at], k.pos[at] = maxOf(x, k.w, rows, k.span(1, c))
				at++
			}
		}
	}
}

// maxOf is the largest element of a window and its place; NaN wins.
func maxOf[T float](x []T, w int, rows, cols span) (T, int32) {
	best, at := T(math.Inf(-1)), rows.lo*w+cols.lo
	for r := rows.lo; r < rows.hi; r += rows.step {
		for c := cols.lo; c < cols.hi; c += cols.step {
			if v := x[r*w+c]; v > best || v != v {
				best, at = v, r*w+c
			}
		}
	}
	return best, int32(at)
}

// maxPoolGrad adds gradients at the places of the maxima.
type maxPoolGrad[T float] struct {
	cpu    *host.CPU
	gy, gx []T
	pos    []int32
	planes int
}

func (k *maxPoolGrad[T]) call(c *engine.Call) error {
	k.gy, k.pos, k.gx = view[T](in(c, 0)), view[int32](in(c, 1)), view[T](out(c, 0))
	s := out(c, 0).Shape
	k.planes = s.Dim(0) * s.Dim(1)
	k.cpu.Threads.Run(k.planes, perRow(cheapBlock, s.Dim(-1)*s.Dim(-2)), k)
	return nil
}

func (k *maxPoolGrad[T]) Run(_, lo, hi int) {
	nx, ny := len(k.gx)/k.planes, len(k.gy)/k.planes
	for p := lo; p < hi; p++ {
		gx := k.gx[p*nx:][:nx]
		clear(gx)
		for i, at := range k.pos[p*ny:][:ny] {
			gx[at] += k.gy[p*ny+i]
		}
	}
}
