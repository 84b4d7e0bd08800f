package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type argMax[T float] struct {
	cpu *host.CPU
	x   []T
	y   []int64
	d   int
}

func (k *argMax[T]) call(c *engine.Call) error {
	k.x, k.y, k.d = view[T](in(c, 0)), view[int64](out(c, 0)), in(c, 0).Shape.Dim(-1)
	k.cpu.Threads.Run(len(k.y), perRow(cheapBlock, k.d), k)
	return nil
}

func (k *argMax[T]) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		best := 0
		x := k.x[r*k.d : (r+1)*k.d]
		for i, v := range x {
			if v > x[best] || v != v && x[best] == x[best] {
				best = i
			}
		}
		k.y[r] = int64(best)
	}
}
