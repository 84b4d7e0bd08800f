package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type scale[T float] struct {
	cpu  *host.CPU
	x, y []T
	a, b T
}

func (k *scale[T]) call(c *engine.Call) error {
	k.x, k.y = view[T](in(c, 0)), view[T](out(c, 0))
	k.a, k.b = T(c.Attr.Alpha), T(c.Attr.Beta)
	k.cpu.Threads.Run(len(k.y), cheapBlock, k)
	return nil
}

func (k *scale[T]) Run(_, lo, hi int) {
	x, y, a, b := k.x[lo:hi], k.y[lo:hi], k.a, k.b
	for i, v := range x {
		y[i] = a*v + b
	}
}

type axpy[T float] struct {
	cpu  *host.CPU
	x, y []T
	a    T
}

func (k *axpy[T]) call(c *engine.Call) error {
	k.x, k.y, k.a = view[T](in(c, 0)), view[T](out(c, 0)), T(c.Attr.Alpha)
	k.cpu.Threads.Run(len(k.y), cheapBlock, k)
	return nil
}

func (k *axpy[T]) Run(_, lo, hi int) {
	x, y, a := k.x[lo:hi], k.y[lo:hi], k.a
	for i, v := range x {
		y[i] += a * v
	}
}
