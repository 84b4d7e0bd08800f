package host

import (
	"fmt"
	"unsafe"

	"github.com/thaw-go/thaw/engine"
)

// Buffer is a block of a pool, used for n elements of one type.
type Buffer struct {
	base  unsafe.Pointer // outside the Go heap, aligned to 64 bytes
	dt    engine.DType
	live  bool
	n     int
	class int
	next  *Buffer // in the free list
	pool  *Pool
	// In debug mode: the operators that last wrote it and that ran before it
	// was freed.
	made, freed engine.Op
	poisoned    bool // the block was filled with poison when it was last freed or made
}

// DType is the type of the elements.
func (b *Buffer) DType() engine.DType { return b.dt }

// Len is the number of elements.
func (b *Buffer) Len() int { return b.n }

// Element is what a view may hold. BF16 has no Go type; Bits shows it as uint16.
type Element interface {
	~float32 | ~float64 | ~int32 | ~int64 | ~uint8
}

// View is the buffer's memory as a slice. It allocates nothing and is valid
// until the buffer is freed. The wrong type, a freed buffer and another
// engine's buffer are programmer's errors.
func View[T Element](b engine.Buffer) []T {
	h := own(b)
	if want := TypeOf[T](); h.dt != want {
		panic(fmt.Sprintf("host: a buffer of %v used as %v", h.dt, want))
	}
	return unsafe.Slice((*T)(h.base), h.n)
}

// TypeOf is the element type whose Go type is T.
func TypeOf[T Element]() engine.DType {
	var z T
	switch any(z).(type) {
	case float32:
		return engine.F32
	case float64:
		return engine.F64
	case int32:
		return engine.I32
	case int64:
		return engine.I64
	case uint8:
		return engine.U8
	}
	panic(fmt.Sprintf("host: no element type for %T", z))
}

// The views by name.
func F32(b engine.Buffer) []float32 { return View[float32](b) }
func F64(b engine.Buffer) []float64 { return View[float64](b) }
func I32(b engine.Buffer) []int32   { return View[int32](b) }
func I64(b engine.Buffer) []int64   { return View[int64](b) }
func U8(b engine.Buffer) []uint8    { return View[uint8](b) }

// Bits is the buffer's memory as unsigned integers of the elements' size, for
// work that only moves elements.
func Bits[W uint8 | uint16 | uint32 | uint64](b engine.Buffer) []W {
	h := own(b)
	var w W
	if int(unsafe.Sizeof(w)) != h.dt.Size() {
		panic(fmt.Sprintf("host: elements of %v seen as words of %d bytes", h.dt, unsafe.Sizeof(w)))
	}
	return unsafe.Slice((*W)(h.base), h.n)
}

func own(b engine.Buffer) *Buffer {
	h, ok := b.(*Buffer)
	if !ok {
		panic(fmt.Sprintf("host: a buffer of another engine (%T)", b))
	}
	if !h.live {
		panic("host: use of a freed buffer" + h.history())
	}
	return h
}

// bytes is the whole block.
func (b *Buffer) bytes() []byte {
	return unsafe.Slice((*byte)(b.base), classBytes(b.class))
}
