package optim

import "github.com/thaw-go/thaw/engine"

// UseEngine has an engine's threads share the updates, and its kernels compute
// those that it has: SGD's, Adam's and AdamW's in float32.
func (o *Optimizer) UseEngine(e engine.Engine) {
	o.Parallel, o.Fused = nil, nil
	if p, ok := e.(interface{ Parallel(n int, f func(i int)) }); ok {
		o.Parallel = p.Parallel
	}
	if u, ok := e.(stretches); ok {
		o.Fused = func(r Rule, c *Cell[float32]) bool { return fused(u, r, c) }
	}
}

// stretches is an engine with kernels for stretches of parameters. They return
// false where they have changed nothing.
type stretches interface {
	UpdateStretch(op engine.Op, a engine.Attr, w, g []float32, state [][]float32) bool
}

func fused(u stretches, r Rule, c *Cell[float32]) bool {
	var a Adam
	switch r := r.(type) {
	case *SGD:
		attr := engine.Attr{
			LR: r.LR, Momentum: r.Momentum, Dampening: r.Dampening, WeightDecay: r.WeightDecay,
			Nesterov: r.Nesterov, Maximize: r.Maximize, StepCount: 2,
		}
		if c.Fresh {
			attr.StepCount = 1
		}
		return u.UpdateStretch(engine.OpSGDUpdate, attr, c.W, c.G, c.S)
	case *AdamW:
		a = r.Adam()
	case *Adam:
		a = *r
	default:
		return false
	}
	if a.Betas[0] <= 0.5 {
		return false // the kernels' m + (1−β1)·(g−m) is exact only for small 1−β1
	}
	attr := engine.Attr{
		LR: a.LR, Beta1: a.Betas[0], Beta2: a.Betas[1], Eps: a.Eps, WeightDecay: a.WeightDecay,
		Decoupled: a.Decoupled, Maximize: a.Maximize, StepCount: c.Step,
	}
	return u.UpdateStretch(engine.OpAdamUpdate, attr, c.W, c.G, c.S)
}
