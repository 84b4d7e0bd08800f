package shape

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// buffer is a type and a length.
type buffer struct {
	dt   engine.DType
	n    int
	live bool
}

func (b *buffer) DType() engine.DType { return b.dt }
func (b *buffer) Len() int            { return b.n }

func own(b engine.Buffer) *buffer {
	s, ok := b.(*buffer)
	if !ok {
		panic(fmt.Sprintf("shape: a buffer of another engine (%T)", b))
	}
	if !s.live {
		panic(fmt.Sprintf("shape: use of a freed buffer of %d %v", s.n, s.dt))
	}
	return s
}

// Alloc counts a buffer as the engines with memory do.
func (e *Engine) Alloc(dt engine.DType, n int) (engine.Buffer, error) {
	size := host.BlockBytes(int64(n) * int64(dt.Size()))
	m := &e.memory
	if m.Limit > 0 && m.Live+size > m.Limit {
		return nil, &engine.LimitError{Want: size, Live: m.Live, Limit: m.Limit}
	}
	m.Live += size
	m.Peak = max(m.Peak, m.Live)
	return &buffer{dt, n, true}, nil
}

// Free takes a buffer out of the account.
func (e *Engine) Free(b engine.Buffer) {
	s := own(b)
	s.live = false
	e.memory.Live -= host.BlockBytes(int64(s.n) * int64(s.dt.Size()))
}

// Memory reports what buffers would take. Kernels' scratch memory is not in it.
func (e *Engine) Memory() engine.Memory { return e.memory }

// ResetPeak starts a new account of the peak.
func (e *Engine) ResetPeak() { e.memory.Peak = e.memory.Live }

// CopyIn checks its operands and forgets them.
func (e *Engine) CopyIn(dst engine.Buffer, off int, src any) error {
	if err := fits(own(dst), off, src); err != nil {
		return fmt.Errorf("copying in: %w", err)
	}
	return nil
}

// CopyOut gives zeros.
func (e *Engine) CopyOut(dst any, src engine.Buffer, off int) error {
	if err := fits(own(src), off, dst); err != nil {
		return fmt.Errorf("copying out: %w", err)
	}
	switch d := dst.(type) {
	case []float32:
		clear(d)
	case []float64:
		clear(d)
	case []int32:
		clear(d)
	case []int64:
		clear(d)
	case []uint8:
		clear(d)
	}
	return nil
}

// fits tells whether a slice can stand for a buffer's elements from off on.
func fits(b *buffer, off int, slice any) error {
	var n int
	var dt engine.DType
	switch s := slice.(type) {
	case []float32:
		n, dt = len(s), engine.F32
	case []float64:
		n, dt = len(s), engine.F64
	case []int32:
		n, dt = len(s), engine.I32
	case []int64:
		n, dt = len(s), engine.I64
	case []uint8:
		n, dt = len(s), engine.U8
	default:
		return fmt.Errorf("%T is not a slice of a supported type", slice)
	}
	if dt != b.dt && !(dt.Float() && b.dt.Float()) {
		return fmt.Errorf("%T and a buffer of %v", slice, b.dt)
	}
	return host.CheckRange(b, off, n)
}
