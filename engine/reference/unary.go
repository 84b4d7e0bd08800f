package reference

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type unary[T float] struct {
	cpu  *host.CPU
	x, y []T
	attr engine.Attr
}

func (k *unary[T]) call(c *engine.Call) error {
	k.x, k.y, k.attr = view[T](in(c, 0)), view[T](out(c, 0)), c.Attr
	block := mathBlock
	if k.attr.Fn == engine.FnRelu {
		block = cheapBlock
	}
	k.cpu.Threads.Run(len(k.y), block, k)
	return nil
}

func (k *unary[T]) Run(_, lo, hi int) { apply(k.y[lo:hi], k.x[lo:hi], &k.attr) }

// apply sets y to Fn(x); y may be x.
func apply[T float](y, x []T, a *engine.Attr) {
	y = y[:len(x)]
	p := a.Alpha
	switch a.Fn {
	case engine.FnRelu:
		for i, v := range x {
			y[i] = max(v, 0)
		}
	case engine.FnLeakyRelu:
		for i, v := range x {
			y[i] = max(v, 0) + T(p)*min(v, 0)
		}
	case engine.FnRelu6:
		for i, v := range x {
			y[i] = min(max(v, 0), 6)
		}
	case engine.FnElu:
		each(y, x, func(v float64) float64 { return max(v, 0) + p*math.Expm1(min(v, 0)) })
	case engine.FnGeluErf:
		each(y, x, func(v float64) float64 { return v * normal(v) })
	case engine.FnGeluTanh:
		each(y, x, func(v float64) float64 { return 0.5 * v * (1 + math.Tanh(geluArg(v))) })
	case engine.FnTanh:
		each(y, x, math.Tanh)
	case engine.FnSigmoid:
		each(y, x, sigmoid)
	case engine.FnSiLU:
		each(y, x, func(v float64) float64 { return v * sigmoid(v) })
	case engine.FnSoftplus:
		beta, limit := softplusParams(a)
		each(y, x, func(v float64) float64 { return softplus(v, beta, limit) })
	case engine.FnMish:
		each(y, x, func(v float64) float64 { return v * math.Tanh(softplus(v, 1, math.Inf(1))) })
	case engine.FnHardSwish:
		for i, v := range x {
			y[i] = v * min(max(v+3, 0), 6) / 6
		}
	case engine.FnHardSigmoid:
		for i, v := range x {
			y[i] = min(max(v+3, 0), 6) / 6
		}
	case engine.FnExp:
		each(y, x, math.Exp)
	case engine.FnLog:
		each(y, x, math.Log)
	case engine.FnSqrt:
		each(y, x, math.Sqrt)
	case engine.FnAbs:
		for i, v := range x {
			y[i] = T(math.Abs(float64(v)))
		}
	case engine.FnSquare:
		for i, v := range x {
			y[i] = v * v
		}
	default:
		panic(fmt.Sprintf("reference: function %d is not one of one operand", a.Fn))
	}
}

func each[T float](y, x []T, f func(float64) float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = T(f(float64(v)))
	}
}

// sigmoid is 1/(1+e⁻ˣ) without overflow.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// normal is the standard normal distribution function Φ.
func normal(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// geluArg is what GELU's tanh approximation takes the tanh of.
func geluArg(x float64) float64 {
	return math.Sqrt2 / math.SqrtPi * (x + 0.044715*x*x*x)
}

// softplus is ln(1+e^(beta·x))/beta, and x where beta·x > limit.
func softplus(x, beta, limit float64) float64 {
	z := beta * x
	if z > limit {
		return x
	}
	if z > 0 { // e^z may overflow
		return (z + math.Log1p(math.Exp(-z))) / beta
	}
	return math.Log1p(math.Exp(z)) / beta
}

func softplusParams(a *engine.Attr) (beta, limit float64) {
	if a.Alpha == 0 {
		return 1, 20
	}
	return a.Alpha, a.Beta
}
