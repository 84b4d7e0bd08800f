package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// sgd is torch.optim.SGD's step for one parameter.
type sgd[T float] struct {
	cpu       *host.CPU
	g, w, buf []T
	attr      engine.Attr
}

func (k *sgd[T]) call(c *engine.Call) error {
	k.g, k.w, k.buf, k.attr = view[T](in(c, 0)), view[T](out(c, 0)), view[T](out(c, 1)), c.Attr
	k.cpu.Threads.Run(len(k.w), cheapBlock, k)
	return nil
}

func (k *sgd[T]) Run(_, lo, hi int) {
	a := &k.attr
	lr, decay, momentum, fresh := T(a.LR), T(a.WeightDecay), T(a.Momentum), T(1-a.Dampening)
	flip := T(1)
	if a.Maximize {
		flip = -1
	}
	for i := lo; i < hi; i++ {
		g := flip*k.g[i] + decay*k.w[i]
		if k.buf != nil {
			m := g
			if a.StepCount > 1 {
				m = momentum*k.buf[i] + fresh*g
			}
			k.buf[i] = m
			if a.Nesterov {
				g += momentum * m
			} else {
				g = m
			}
		}
		k.w[i] -= lr * g
	}
}
