package reference

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// bce is (1−t)·x + (1 + (p−1)·t)·ln(1+e⁻ˣ), with the weight p of positive
// targets.
type bce[T float] struct {
	cpu            *host.CPU
	x, t, p, y, gy []T
	l              layout // operand 0 is p, operand 1 x
	grads          bool
}

func (k *bce[T]) forward(c *engine.Call) error {
	k.grads = false
	k.y, k.gy = view[T](out(c, 0)), nil
	return k.start(c)
}

func (k *bce[T]) grad(c *engine.Call) error {
	k.grads = true
	k.y, k.gy = view[T](out(c, 0)), view[T](in(c, 3))
	return k.start(c)
}

func (k *bce[T]) start(c *engine.Call) error {
	k.x, k.t, k.p = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2))
	ps := engine.Of()
	if k.p != nil {
		ps = in(c, 2).Shape
	}
	k.l = broadcast(in(c, 0).Shape, ps, engine.Of())
	k.cpu.Threads.Run(len(k.y), mathBlock, k)
	return nil
}

func (k *bce[T]) Run(_, lo, hi int) {
	l := &k.l
	inner, step := l.inner(), l.innerStride(0)
	c := l.seek(lo / inner)
	for col := lo % inner; lo < hi; col = 0 {
		for ; col < inner && lo < hi; col++ {
			x, t, p := float64(k.x[lo]), float64(k.t[lo]), float64(at(k.p, c.off[0]+col*step, 1))
			w := 1 + (p-1)*t
			if k.grads {
				// d/dx ln(1+e⁻ˣ) = −σ(−x)
				k.y[lo] = T(float64(k.gy[lo]) * (1 - t - w*sigmoid(-x)))
			} else {
				k.y[lo] = T((1-t)*x + w*softplus(-x, 1, math.Inf(1)))
			}
			lo++
		}
		l.next(&c)
	}
}

// elementLoss is a loss by element, and its gradient with respect to x.
type elementLoss[T float] struct {
	cpu         *host.CPU
	x, t, gy, y []T
	attr        engine.Attr
}

func (k *elementLoss[T]) forward(c *engine.Call) error {
	k.x, k.t, k.gy, k.y, k.attr = view[T](in(c, 0)), view[T](in(c, 1)), nil, view[T](out(c, 0)), c.Attr
	k.cpu.Threads.Run(len(k.y), mathBlock, k)
	return nil
}

func (k *elementLoss[T]) grad(c *engine.Call) error {
	k.x, k.t, k.gy, k.y, k.attr = view[T](in(c, 0)), view[T](in(c, 1)), view[T](in(c, 2)), view[T](out(c, 0)), c.Attr
	k.cpu.Threads.Run(len(k.y), mathBlock, k)
	return nil
}

func (k *elementLoss[T]) Run(_, lo, hi int) {
	f := losses(k.attr.Fn, k.gy != nil)
	for i := lo; i < hi; i++ {
		v := f(float64(k.x[i]), float64(k.t[i]), k.attr.Alpha)
		if k.gy != nil {
			v *= float64(k.gy[i])
		}
		k.y[i] = T(v)
	}
}

// losses gives the loss of x and target t with parameter p, or its slope.
func losses(fn engine.Fn, slope bool) func(x, t, p float64) float64 {
	pick := func(value, grad func(x, t, p float64) float64) func(x, t, p float64) float64 {
		if slope {
			return grad
		}
		return value
	}
	switch fn {
	case engine.FnSquaredError:
		return pick(func(x, t, _ float64) float64 { return (x - t) * (x - t) },
			func(x, t, _ float64) float64 { return 2 * (x - t) })
	case engine.FnAbsError:
		return pick(func(x, t, _ float64) float64 { return math.Abs(x - t) },
			func(x, t, _ float64) float64 { return sign(x - t) })
	case engine.FnSmoothL1:
		return pick(smoothL1, smoothL1Slope)
	case engine.FnHuber: // delta times smooth L1 with beta = delta
		return pick(func(x, t, p float64) float64 { return p * smoothL1(x, t, p) },
			func(x, t, p float64) float64 { return p * smoothL1Slope(x, t, p) })
	case engine.FnKLDiv:
		return pick(func(x, t, _ float64) float64 {
			if t == 0 {
				return -t * x
			}
			return t*math.Log(t) - t*x
		}, func(_, t, _ float64) float64 { return -t })
	}
	panic(fmt.Sprintf("reference: function %d is not a loss", fn))
}

func smoothL1(x, t, beta float64) float64 {
	d := math.Abs(x - t)
	if d < beta {
		return 0.5 * d * d / beta
	}
	return d - 0.5*beta
}

func smoothL1Slope(x, t, beta float64) float64 {
	d := x - t
	if math.Abs(d) < beta {
		return d / beta
	}
	return sign(d)
}
