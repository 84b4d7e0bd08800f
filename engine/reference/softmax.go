package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// softmax of alpha·x + mask by rows of d.
type softmax[T float] struct {
	cpu        *host.CPU
	x, mask, y []T
	l          layout // operand 0 is the mask; the last axis is a row
	d          int
	alpha      T
}

func (k *softmax[T]) call(c *engine.Call) error {
	x, mask := in(c, 0), in(c, 1)
	k.x, k.mask, k.y = view[T](x), view[T](mask), view[T](out(c, 0))
	k.d, k.alpha = x.Shape.Dim(-1), T(c.Attr.Alpha)
	if k.mask != nil {
		rank := x.Shape.Rank()
		k.l = layout{rank: rank}
		for i := range rank {
			k.l.dim[i] = x.Shape.Dim(i)
		}
		k.l.stride[0] = strides(mask.Shape, rank)
	}
	if k.d > 0 {
		k.cpu.Threads.Run(len(k.y)/k.d, perRow(mathBlock, k.d), k)
	}
	return nil
}

func (k *softmax[T]) Run(_, lo, hi int) {
	var c cursor
	if k.mask != nil {
		c = k.l.seek(lo)
	}
	for r := lo; r < hi; r++ {
		x, y := k.x[r*k.d:][:k.d], k.y[r*k.d:][:k.d]
		for i, v := range x {
			y[i] = k.alpha * v
		}
		if k.mask != nil {
			at, step := c.off[0], k.l.innerStride(0)
			for i := range y {
				y[i] += k.mask[at+i*step]
			}
			k.l.next(&c)
		}
		softmaxRow(y)
	}
}

// softmaxRow replaces a row by its softmax; −∞ throughout gives zeros.
func softmaxRow[T float](y []T) {
	top := largest(y)
	if math.IsInf(float64(top), -1) {
		clear(y)
		return
	}
	s := 0.0
	for i, v := range y {
		e := math.Exp(float64(v - top))
		s += e
		y[i] = T(e)
	}
	inv := T(1 / s)
	for i := range y {
		y[i] *= inv
	}
}

// largest is NaN where one element is.
func largest[T float](x []T) T {
	top := T(math.Inf(-1))
	for _, v := range x {
		top = max(top, v)
	}
	return top
}

// softmaxGrad is alpha·y·(gy − Σy·gy).
type softmaxGrad[T float] struct {
	cpu       *host.CPU
	y, gy, gx []T
	d         int
	alpha     T
}

func (k *softmaxGrad[T]) call(c *engine.Call) error {
	k.y, k.gy, k.gx = view[T](in(c, 0)), view[T](in(c, 1)), view[T](out(c, 0))
	k.d, k.alpha = in(c, 0).Shape.Dim(-1), T(c.Attr.Alpha)
	if k.d > 0 {
		k.cpu.Threads.Run(len(k.y)/k.d, perRow(cheapBlock, k.d), k)
	}
	return nil
}

func (k *softmaxGrad[T]) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		y, gy, gx := k.y[r*k.d:][:k.d], k.gy[r*k.d:][:k.d], k.gx[r*k.d:][:k.d]
		s := 0.0
		for i, v := range y {
			s += float64(v) * float64(gy[i])
		}
		t := T(s)
		for i, v := range y {
			gx[i] = k.alpha * v * (gy[i] - t)
		}
	}
}

// logSoftmax by rows of d.
type logSoftmax[T float] struct {
	cpu  *host.CPU
	x, y []T
	d    int
}

func (k *logSoftmax[T]) call(c *engine.Call) error {
	k.x, k.y, k.d = view[T](in(c, 0)), view[T](out(c, 0)), in(c, 0).Shape.Dim(-1)
	if k.d > 0 {
		k.cpu.Threads.Run(len(k.y)/k.d, perRow(mathBlock, k.d), k)
	}
	return nil
}

func (k *logSoftmax[T]) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		logSoftmaxRow(k.y[r*k.d:][:k.d], k.x[r*k.d:][:k.d])
	}
}

func logSoftmaxRow[T float](y, x []T) {
	top := float64(largest(x))
	s := 0.0
	for _, v := range x {
		s += math.Exp(float64(v) - top)
	}
	s = math.Log(s)
	for i, v := range x {
		y[i] = T(float64(v) - top - s)
	}
}

// logSoftmaxGrad is gy − eʸ·Σgy.
type logSoftmaxGrad[T float] struct {
	cpu       *host.CPU
	y, gy, gx []T
	d         int
}

func (k *logSoftmaxGrad[T]) call(c *engine.Call) error {
	k.y, k.gy, k.gx = view[T](in(c, 0)), view[T](in(c, 1)), view[T](out(c, 0))
	k.d = in(c, 0).Shape.Dim(-1)
	if k.d > 0 {
		k.cpu.Threads.Run(len(k.y)/k.d, perRow(mathBlock, k.d), k)
	}
	return nil
}

func (k *logSoftmaxGrad[T]) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		y, gy, gx := k.y[r*k.d:][:k.d], k.gy[r*k.d:][:k.d], k.gx[r*k.d:][:k.d]
		s := sum(gy)
		for i, v := range y {
			gx[i] = T(float64(gy[i]) - math.Exp(float64(v))*s)
		}
	}
}
