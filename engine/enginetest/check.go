package enginetest

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
)

// tolerance is how many times the blur of the formula an error may be: engines
// sum in another order, and their functions are a few units off.
const tolerance = 8

var unit = map[engine.DType]float64{engine.F32: 0x1p-24, engine.F64: 0x1p-53, engine.BF16: 0x1p-9}

// check compares the outputs with the oracle's, and gradients in float64 with
// finite differences.
func (x *example) check(g *gen, dt engine.DType, got []result) error {
	for i, o := range x.outputs() {
		if o.absent || o.free {
			continue
		}
		if err := o.compare(got[i], dt); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	if x.slopes == nil || dt != engine.F64 {
		return nil
	}
	dir, grads, values := make([][]float64, len(x.slopes.at)), make([]operand, len(x.slopes.at)), make([][]float64, len(x.slopes.at))
	for i, o := range x.slopes.out {
		if o < 0 {
			continue
		}
		dir[i] = make([]float64, len(x.slopes.at[i]))
		for j := range dir[i] {
			dir[i][j] = 2*g.Float64() - 1
		}
		grads[i], values[i] = x.out[o], got[o].f
	}
	c, d, scale := x.slopes.along(dir, grads, values)
	if math.Abs(c-d) > 1e-6*scale+1e-9 {
		return fmt.Errorf("the gradient along a direction is %v, the central difference %v (terms of %v)", c, d, scale)
	}
	return nil
}

func (o operand) compare(got result, dt engine.DType) error {
	if o.dt != float {
		dt = o.dt
	}
	if !dt.Float() {
		for i, w := range o.wantInt {
			if got.i[i] != w {
				return fmt.Errorf("element %d of %v is %d, want %d", i, o.shape, got.i[i], w)
			}
		}
		return nil
	}
	if len(o.want) != len(got.f) {
		return fmt.Errorf("the oracle has %d numbers for %v", len(o.want), o.shape)
	}
	for i, w := range o.want {
		v := got.f[i]
		if dt == engine.F32 {
			w = beyond32(w)
		}
		switch {
		case math.IsNaN(w) != math.IsNaN(v):
		case math.IsNaN(w), v == w:
			continue
		case math.Abs(v-w) <= tolerance*unit[dt]*o.scale[i]+tiny[dt]:
			continue
		}
		return fmt.Errorf("element %d of %v is %v, want %v (off by %.3g units of %.3g)", i, o.shape, v, w, (v-w)/unit[dt]/o.scale[i], o.scale[i])
	}
	return nil
}

// tiny is the size of numbers that a type holds with few bits or as zero.
var tiny = map[engine.DType]float64{engine.F32: 1e-37, engine.F64: 1e-305, engine.BF16: 1e-37}

// beyond32 is what a number becomes where float32 cannot hold it.
func beyond32(w float64) float64 {
	if math.Abs(w) > math.MaxFloat32 {
		return math.Copysign(math.Inf(1), w)
	}
	return w
}
