package reference

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type binary[T float] struct {
	cpu     *host.CPU
	a, b, y []T
	l       layout
	fn      engine.Fn
}

func (k *binary[T]) call(c *engine.Call) error {
	k.a, k.b, k.y, k.fn = view[T](in(c, 0)), view[T](in(c, 1)), view[T](out(c, 0)), c.Attr.Fn
	k.l = broadcast(out(c, 0).Shape, in(c, 0).Shape, in(c, 1).Shape)
	k.cpu.Threads.Run(len(k.y), cheapBlock, k)
	return nil
}

// broadcast walks a and b, repeated as needed, along y.
func broadcast(y, a, b engine.Shape) layout {
	l := layout{rank: y.Rank()}
	for i := range y.Rank() {
		l.dim[i] = y.Dim(i)
	}
	l.stride[0], l.stride[1], l.stride[2] = strides(a, y.Rank()), strides(b, y.Rank()), strides(y, y.Rank())
	l.squeeze()
	return l
}

func (k *binary[T]) Run(_, lo, hi int) {
	l := &k.l
	inner, sa, sb := l.inner(), l.innerStride(0), l.innerStride(1)
	c := l.seek(lo / inner)
	for col := lo % inner; lo < hi; col = 0 {
		n := min(inner-col, hi-lo)
		a, b := c.off[0]+col*sa, c.off[1]+col*sb
		y := k.y[lo : lo+n]
		switch {
		case sa == 0 && sb == 0:
			vectorScalar(k.fn, y[:1], k.a[a:a+1], k.b[b])
			for i := range y {
				y[i] = y[0]
			}
		case sa == 0:
			scalarVector(k.fn, y, k.a[a], k.b[b:b+n])
		case sb == 0:
			vectorScalar(k.fn, y, k.a[a:a+n], k.b[b])
		default:
			vectorVector(k.fn, y, k.a[a:a+n], k.b[b:b+n])
		}
		lo += n
		l.next(&c)
	}
}

func vectorVector[T float](fn engine.Fn, y, a, b []T) {
	a, b = a[:len(y)], b[:len(y)]
	switch fn {
	case engine.FnAdd:
		for i, v := range a {
			y[i] = v + b[i]
		}
	case engine.FnSub:
		for i, v := range a {
			y[i] = v - b[i]
		}
	case engine.FnMul:
		for i, v := range a {
			y[i] = v * b[i]
		}
	case engine.FnDiv:
		for i, v := range a {
			y[i] = v / b[i]
		}
	case engine.FnMax:
		for i, v := range a {
			y[i] = max(v, b[i])
		}
	case engine.FnMin:
		for i, v := range a {
			y[i] = min(v, b[i])
		}
	default:
		panic(fmt.Sprintf("reference: function %d is not one of two operands", fn))
	}
}

func vectorScalar[T float](fn engine.Fn, y, a []T, b T) {
	a = a[:len(y)]
	switch fn {
	case engine.FnAdd:
		for i, v := range a {
			y[i] = v + b
		}
	case engine.FnSub:
		for i, v := range a {
			y[i] = v - b
		}
	case engine.FnMul:
		for i, v := range a {
			y[i] = v * b
		}
	case engine.FnDiv:
		for i, v := range a {
			y[i] = v / b
		}
	case engine.FnMax:
		for i, v := range a {
			y[i] = max(v, b)
		}
	case engine.FnMin:
		for i, v := range a {
			y[i] = min(v, b)
		}
	default:
		panic(fmt.Sprintf("reference: function %d is not one of two operands", fn))
	}
}

func scalarVector[T float](fn engine.Fn, y []T, a T, b []T) {
	b = b[:len(y)]
	switch fn {
	case engine.FnSub:
		for i, v := range b {
			y[i] = a - v
		}
	case engine.FnDiv:
		for i, v := range b {
			y[i] = a / v
		}
	default: // the others commute
		vectorScalar(fn, y, b, a)
	}
}
