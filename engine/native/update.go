//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// update is OpSGDUpdate and OpAdamUpdate.
type update struct {
	shared
	arrays [5][]float32 // as the kernels want them
	attr   engine.Attr
	f      [10]float32
	adam   bool
}

// updateCost is what an element takes that comes from memory.
const updateCost = 2

func (k *update) sgd(c *engine.Call) error {
	k.arrays = [5][]float32{floats(out(c, 0)), floats(in(c, 0)), floats(out(c, 1))}
	k.setSGD(&c.Attr)
	k.spread(len(k.arrays[0]), mostInCall, updateCost/2, k)
	return nil
}

func (k *update) setSGD(a *engine.Attr) {
	k.adam, k.attr = false, *a
	k.f = [10]float32{sign(a), float32(a.WeightDecay), float32(a.Momentum), float32(1 - a.Dampening), 0, 1, float32(a.LR)}
	if a.Nesterov {
		k.f[4], k.f[5] = 1, float32(a.Momentum)
	}
}

func (k *update) adamCall(c *engine.Call) error {
	k.arrays = [5][]float32{floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2)), floats(in(c, 0)), floats(out(c, 3))}
	k.setAdam(&c.Attr)
	k.spread(len(k.arrays[0]), mostInCall, updateCost, k)
	return nil
}

func (k *update) setAdam(a *engine.Attr) {
	k.adam, k.attr = true, *a
	step := float64(a.StepCount)
	keep, decay := 1.0, a.WeightDecay
	if a.Decoupled {
		keep, decay = 1-a.LR*a.WeightDecay, 0
	}
	k.f = [10]float32{
		sign(a), float32(keep), float32(decay), float32(1 - a.Beta1), float32(a.Beta2), float32(1 - a.Beta2),
		float32(a.LR / (1 - math.Pow(a.Beta1, step))), float32(1 / math.Sqrt(1-math.Pow(a.Beta2, step))), float32(a.Eps),
	}
}

// UpdateStretch is OpSGDUpdate or OpAdamUpdate of elements of a parameter that
// lie anywhere in memory, on the caller's thread: for optimizers that spread
// stretches of many parameters over the threads themselves. The state is the
// operator's, in its order. It returns false where it has no kernel; then nothing
// has changed.
func (e *Engine) UpdateStretch(op engine.Op, a engine.Attr, w, g []float32, state [][]float32) bool {
	if e.isa == 0 {
		return false
	}
	k := update{shared: shared{isa: e.isa}}
	k.arrays[0] = w
	switch op {
	case engine.OpSGDUpdate:
		k.arrays[1] = g
		copy(k.arrays[2:3], state)
		k.setSGD(&a)
	case engine.OpAdamUpdate:
		k.arrays[3] = g
		copy(k.arrays[1:3], state)
		copy(k.arrays[4:], state[2:])
		k.setAdam(&a)
	default:
		return false
	}
	k.Run(0, 0, len(w))
	return true
}

// sign of the gradient: the kernels descend.
func sign(a *engine.Attr) float32 {
	if a.Maximize {
		return -1
	}
	return 1
}

func (k *update) Run(_, lo, hi int) {
	for ; lo < hi; lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(hi-lo, mostInCall), F: k.f}
		for i, v := range k.arrays {
			if v != nil {
				g.P[i] = at(v, lo)
			}
		}
		switch {
		case k.adam && k.arrays[4] != nil:
			k.isa.AdamLargest(&g)
		case k.adam:
			k.isa.Adam(&g)
		case k.arrays[2] == nil:
			k.isa.Sgd(&g)
		case k.attr.StepCount <= 1:
			k.isa.SgdFirst(&g)
		default:
			k.isa.SgdMomentum(&g)
		}
	}
}
