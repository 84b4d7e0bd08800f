package reference

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type unaryGrad[T float] struct {
	cpu       *host.CPU
	s, gy, gx []T
	attr      engine.Attr
}

func (k *unaryGrad[T]) call(c *engine.Call) error {
	k.s, k.gy, k.gx, k.attr = view[T](in(c, 0)), view[T](in(c, 1)), view[T](out(c, 0)), c.Attr
	block := mathBlock
	if k.attr.Fn == engine.FnRelu {
		block = cheapBlock
	}
	k.cpu.Threads.Run(len(k.gx), block, k)
	return nil
}

func (k *unaryGrad[T]) Run(_, lo, hi int) { applyGrad(k.gx[lo:hi], k.s[lo:hi], k.gy[lo:hi], &k.attr) }

// applyGrad sets gx to gy times Fn's derivative. s is Fn's output for functions
// that save it, else its input. At kinks the derivative is torch's.
func applyGrad[T float](gx, s, gy []T, a *engine.Attr) {
	gx, gy = gx[:len(s)], gy[:len(s)]
	p := a.Alpha
	switch a.Fn {
	case engine.FnRelu:
		reluGrad(gx, s, gy)
	case engine.FnRelu6:
		for i, x := range s {
			gx[i] = gy[i]
			if x <= 0 || x >= 6 {
				gx[i] = 0
			}
		}
	case engine.FnLeakyRelu:
		times(gx, s, gy, func(x T) T {
			if x > 0 {
				return 1
			}
			return T(p)
		})
	case engine.FnElu:
		times(gx, s, gy, func(x T) T {
			if x > 0 {
				return 1
			}
			return T(p * math.Exp(float64(x)))
		})
	case engine.FnGeluErf:
		times(gx, s, gy, func(x T) T { return T(geluErfSlope(float64(x))) })
	case engine.FnGeluTanh:
		times(gx, s, gy, func(x T) T { return T(geluTanhSlope(float64(x))) })
	case engine.FnTanh:
		times(gx, s, gy, func(y T) T { return 1 - y*y })
	case engine.FnSigmoid:
		times(gx, s, gy, func(y T) T { return y * (1 - y) })
	case engine.FnSiLU:
		times(gx, s, gy, func(x T) T {
			v := float64(x)
			e := sigmoid(v)
			return T(e * (1 + v*(1-e)))
		})
	case engine.FnSoftplus:
		beta, limit := softplusParams(a)
		times(gx, s, gy, func(x T) T {
			if z := beta * float64(x); z <= limit {
				return T(sigmoid(z))
			}
			return 1
		})
	case engine.FnMish:
		times(gx, s, gy, func(x T) T { return T(mishSlope(float64(x))) })
	case engine.FnHardSwish:
		times(gx, s, gy, hardSwishSlope[T])
	case engine.FnHardSigmoid:
		const sixth = 11184811. / (1 << 26) // torch's: ⅙ in single precision, for doubles too
		times(gx, s, gy, func(x T) T {
			if x > -3 && x < 3 {
				return sixth
			}
			return 0
		})
	case engine.FnExp:
		times(gx, s, gy, func(y T) T { return y })
	case engine.FnLog:
		times(gx, s, gy, func(x T) T { return 1 / x })
	case engine.FnSqrt:
		times(gx, s, gy, func(y T) T { return 0.5 / y })
	case engine.FnAbs:
		times(gx, s, gy, func(x T) T { return sign(x) })
	case engine.FnSquare:
		times(gx, s, gy, func(x T) T { return 2 * x })
	default:
		panic(fmt.Sprintf("reference: function %d is not one of one operand", a.Fn))
	}
}

func times[T float](gx, s, gy []T, slope func(T) T) {
	gx, gy = gx[:len(s)], gy[:len(s)]
	for i, v := range s {
		gx[i] = gy[i] * slope(v)
	}
}

// reluGrad passes gy where the output y is positive, and stops even infinities
// elsewhere. Signs are random, so it selects by masks rather than by branches.
func reluGrad[T float](gx, y, gy []T) {
	gx, gy = gx[:len(y)], gy[:len(y)]
	switch y := any(y).(type) {
	case []float32:
		gx, gy := any(gx).([]float32), any(gy).([]float32)
		for i, v := range y {
			magnitude := math.Float32bits(v) &^ (1 << 31)
			gx[i] = math.Float32frombits(math.Float32bits(gy[i]) & -(-magnitude >> 31))
		}
	case []float64:
		gx, gy := any(gx).([]float64), any(gy).([]float64)
		for i, v := range y {
			magnitude := math.Float64bits(v) &^ (1 << 63)
			gx[i] = math.Float64frombits(math.Float64bits(gy[i]) & -(-magnitude >> 63))
		}
	}
}

func sign[T float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func geluErfSlope(x float64) float64 {
	return normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func geluTanhSlope(x float64) float64 {
	t := math.Tanh(geluArg(x))
	du := math.Sqrt(2/math.Pi) * (1 + 3*0.044715*x*x)
	return 0.5*(1+t) + 0.5*x*(1-t*t)*du
}

func mishSlope(x float64) float64 {
	t := math.Tanh(softplus(x, 1, math.Inf(1)))
	return t + x*(1-t*t)*sigmoid(x)
}

func hardSwishSlope[T float](x T) T {
	switch {
	case x <= -3:
		return 0
	case x < 3:
		return x/3 + 0.5
	}
	return 1
}
