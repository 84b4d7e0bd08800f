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
	k.adam, k.attr = false, c.Attr
	a := &k.attr
	k.arrays = [5][]float32{floats(out(c, 0)), floats(in(c, 0)), floats(out(c, 1))}
	k.f = [10]float32{sign(a), float32(a.WeightDecay), float32(a.Momentum), float32(1 - a.Dampening), 0, 1, float32(a.LR)}
	if a.Nesterov {
		k.f[4], k.f[5] = 1, float32(a.Momentum)
	}
	k.spread(len(k.arrays[0]), mostInCall, updateCost/2, k)
	return nil
}

func (k *update) adamCall(c *engine.Call) error {
	k.adam, k.attr = true, c.Attr
	a := &k.attr
	k.arrays = [5][]float32{floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2)), floats(in(c, 0)), floats(out(c, 3))}
	step := float64(a.StepCount)
	keep, decay := 1.0, a.WeightDecay
	if a.Decoupled {
		keep, decay = 1-a.LR*a.WeightDecay, 0
	}
	k.f = [10]float32{
		sign(a), float32(keep), float32(decay), float32(1 - a.Beta1), float32(a.Beta2), float32(1 - a.Beta2),
		float32(a.LR / (1 - math.Pow(a.Beta1, step))), float32(1 / math.Sqrt(1-math.Pow(a.Beta2, step))), float32(a.Eps),
	}
	k.spread(len(k.arrays[0]), mostInCall, updateCost, k)
	return nil
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
