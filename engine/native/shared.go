//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// shared is what every kernel has: threads, memory, and the instruction set.
type shared struct {
	cpu *host.CPU
	isa asm.ISA
}

// Waking a sleeping thread takes some microseconds, so work of less than
// worthSharing nanoseconds is done by the caller alone.
const worthSharing = 50_000

// spread runs a task on n indices that take about cost nanoseconds each, in
// blocks of about 25 µs, each a multiple of least indices. Whether the task is
// shared, and where it is cut, must not change its result.
func (s *shared) spread(n, least int, cost float64, t host.Task) {
	if n == 0 {
		return
	}
	grain := int(worthSharing/2/cost) / least * least
	grain = max(grain, least)
	if float64(n)*cost < worthSharing || s.cpu.Threads.Len() == 1 {
		for lo := 0; lo < n; lo += grain {
			t.Run(0, lo, min(lo+grain, n))
		}
		return
	}
	s.cpu.Threads.Run(n, grain, t)
}

// threads is how many spread may use for such a task.
func (s *shared) threads(n int, cost float64) int {
	if float64(n)*cost < worthSharing {
		return 1
	}
	return s.cpu.Threads.Len()
}

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

func floats(a engine.Array) []float32 { return view[float32](a) }

// at is the address of v[i], nil where v is absent or empty.
func at(v []float32, i int) unsafe.Pointer {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Pointer(&v[i])
}

// scratch is memory for one call: Free it at its end.
func (s *shared) scratch(n int) (*host.Buffer, []float32, error) {
	b, err := s.cpu.Pool.Alloc(engine.F32, n)
	if err != nil {
		return nil, nil, err
	}
	return b, host.F32(b), nil
}
