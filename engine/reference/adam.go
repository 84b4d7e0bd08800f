package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// adam is torch.optim.Adam's step for one parameter, AdamW's where Decoupled.
type adam[T float] struct {
	cpu           *host.CPU
	g, w, m, v, u []T // u is the largest v so far (AMSGrad)
	attr          engine.Attr
}

func (k *adam[T]) call(c *engine.Call) error {
	k.g, k.attr = view[T](in(c, 0)), c.Attr
	k.w, k.m, k.v, k.u = view[T](out(c, 0)), view[T](out(c, 1)), view[T](out(c, 2)), view[T](out(c, 3))
	k.cpu.Threads.Run(len(k.w), cheapBlock/4, k)
	return nil
}

func (k *adam[T]) Run(_, lo, hi int) {
	a := &k.attr
	step := float64(a.StepCount)
	size := T(a.LR / (1 - math.Pow(a.Beta1, step)))
	root := T(math.Sqrt(1 - math.Pow(a.Beta2, step)))
	fresh1, beta2, fresh2, eps := T(1-a.Beta1), T(a.Beta2), T(1-a.Beta2), T(a.Eps)
	keep, decay := T(1), T(a.WeightDecay)
	if a.Decoupled {
		keep, decay = T(1-a.LR*a.WeightDecay), 0
	}
	flip := T(1)
	if a.Maximize {
		flip = -1
	}
	for i := lo; i < hi; i++ {
		w := k.w[i] * keep
		g := flip*k.g[i] + decay*w
		m := k.m[i] + fresh1*(g-k.m[i])
		v := beta2*k.v[i] + fresh2*g*g
		k.m[i], k.v[i] = m, v
		if k.u != nil {
			v = max(v, k.u[i])
			k.u[i] = v
		}
		k.w[i] = w - size*m/(T(math.Sqrt(float64(v)))/root+eps)
	}
}
