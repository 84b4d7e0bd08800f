package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type float interface{ float32 | float64 }

// Indices per block of a parallel loop: about 10 µs of work that is cheap, or
// that calls a function of package math, for each.
const (
	cheapBlock = 1 << 14
	mathBlock  = 1 << 11
)

// perRow is the number of rows of n elements that make a block.
func perRow(block, n int) int { return max(block/max(n, 1), 1) }

// in is operand i, absent where the caller left it out.
func in(c *engine.Call, i int) engine.Array {
	if i >= len(c.In) {
		return engine.Array{}
	}
	return c.In[i]
}

// out is output i, absent where the caller left it out.
func out(c *engine.Call, i int) engine.Array {
	if i >= len(c.Out) {
		return engine.Array{}
	}
	return c.Out[i]
}

// view is an array's elements, nil where it is absent.
func view[T host.Element](a engine.Array) []T {
	if a.Absent() {
		return nil
	}
	return host.View[T](a.Buf)[:a.Shape.Len()]
}

// scratch is memory for one call: Free it at its end.
func scratch[T host.Element](cpu *host.CPU, n int) (*host.Buffer, []T, error) {
	b, err := cpu.Pool.Alloc(host.TypeOf[T](), n)
	if err != nil {
		return nil, nil, err
	}
	return b, host.View[T](b), nil
}
