package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// avgPool is the mean of each window, and its gradient.
type avgPool[T float] struct {
	cpu *host.CPU
	pooling
	x, y     []T // of the gradient: gx, gy
	adapting bool
}

func (k *avgPool[T]) forward(c *engine.Call) error {
	k.x, k.y = view[T](in(c, 0)), view[T](out(c, 0))
	k.pooling = poolingOf(in(c, 0).Shape, out(c, 0).Shape, &c.Attr, k.adapting)
	k.cpu.Threads.Run(k.planes, k.grain(), k)
	return nil
}

// divisor of the window that covers the given rows and columns.
func (k *avgPool[T]) divisor(rows, cols span) float64 {
	switch {
	case k.adaptive:
		return float64((rows.hi - rows.lo) * (cols.hi - cols.lo))
	case k.attr.DivisorOverride > 0:
		return float64(k.attr.DivisorOverride)
	case k.attr.CountPad:
		return float64(rows.padded * cols.padded)
	}
	return float64((rows.hi - rows.lo) * (cols.hi - cols.lo))
}

func (k *avgPool[T]) Run(_, lo, hi int) {
	for p := lo; p < hi; p++ {
		x := k.x[p*k.h*k.w:][:k.h*k.w]
		y := k.y[p*k.oh*k.ow:][:k.oh*k.ow]
		for i := range y {
			rows, cols := k.span(0, i/k.ow), k.span(1, i%k.ow)
			s := 0.0
			for r := rows.lo; r < rows.hi && cols.lo < cols.hi; r++ {
				s += sum(x[r*k.w+cols.lo : r*k.w+cols.hi])
			}
			y[i] = 0
			if rows.lo < rows.hi && cols.lo < cols.hi {
				y[i] = T(s / k.divisor(rows, cols))
			}
		}
	}
}

func (k *avgPool[T]) grad(c *engine.Call) error {
	k.x, k.y = view[T](out(c, 0)), view[T](in(c, 0))
	k.pooling = poolingOf(out(c, 0).Shape, in(c, 0).Shape, &c.Attr, k.adapting)
	k.cpu.Threads.Run(k.planes, k.grain(), (*avgPoolGrad[T])(k))
	return nil
}

// avgPoolGrad spreads each gradient over its window.
type avgPoolGrad[T float] avgPool[T]

func (k *avgPoolGrad[T]) Run(_, lo, hi int) {
	for p := lo; p < hi; p++ {
		gx := k.x[p*k.h*k.w:][:k.h*k.w]
		clear(gx)
		for i, g := range k.y[p*k.oh*k.ow:][:k.oh*k.ow] {
			rows, cols := k.span(0, i/k.ow), k.span(1, i%k.ow)
			if rows.lo >= rows.hi || cols.lo >= cols.hi {
				continue
			}
			g = T(float64(g) / (*avgPool[T])(k).divisor(rows, cols))
			for r := rows.lo; r < rows.hi; r++ {
				row := gx[r*k.w+cols.lo : r*k.w+cols.hi]
				for j := range row {
					row[j] += g
				}
			}
		}
	}
}
