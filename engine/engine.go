// Package engine is the arithmetic below the tape: typed, opaque buffers and a
// table of operators, each looked up by name and element type. An engine must
// have the required operators; fused ones are optional, and the tape falls back
// to their decomposition.
//
// Determinism is part of the contract: a kernel gives the same bits for any
// number of threads, for one binary and one instruction-set path.
package engine

import "fmt"

// DType is the type of a buffer's elements.
type DType uint8

// The element types.
const (
	F32 DType = iota + 1
	F64
	BF16
	I32
	I64
	U8
)

// Size is the number of bytes of one element.
func (d DType) Size() int {
	switch d {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case BF16:
		return 2
	case U8:
		return 1
	}
	panic(fmt.Sprintf("engine: no such element type: %d", d))
}

// Float reports whether the type can carry gradients.
func (d DType) Float() bool { return d == F32 || d == F64 || d == BF16 }

func (d DType) String() string {
	if d < F32 || d > U8 {
		return fmt.Sprintf("DType(%d)", uint8(d))
	}
	return [...]string{"f32", "f64", "bf16", "i32", "i64", "u8"}[d-1]
}

// Buffer is memory of an engine: opaque, contiguous, of fixed length.
type Buffer interface {
	DType() DType
	// Len is the number of elements.
	Len() int
}

// Array is a buffer seen with a shape: contiguous, row-major, from the buffer's
// start. Shape.Len may be smaller than the buffer's. A zero Array stands for an
// absent optional operand.
type Array struct {
	Buf   Buffer
	Shape Shape
}

// Absent reports whether the operand was left out.
func (a Array) Absent() bool { return a.Buf == nil }

// Call is one execution of an operator. Outputs are allocated by the caller
// with the right shapes; their contents are undefined unless the operator says
// that it updates them. Engines keep no reference to a Call.
type Call struct {
	Op   Op
	In   []Array
	Out  []Array
	Attr Attr
}

// Kernel executes one operator. It returns an error only for values that it
// alone can see, such as a class index out of range.
type Kernel func(c *Call) error

// Engine allocates buffers and finds kernels. Its methods may be called from
// one goroutine at a time; kernels use the engine's own threads.
type Engine interface {
	// Name is "reference", "native", "shape", ….
	Name() string
	// Path names the instruction-set path that the results' bits depend on:
	// "generic", "avx2", "avx512", ….
	Path() string
	// Alloc gives n elements of undefined content; n may be 0. Over the memory
	// limit it returns a *LimitError.
	Alloc(dt DType, n int) (Buffer, error)
	// Free gives a buffer back. Using it afterwards is a programmer's error
	// that the debug mode catches.
	Free(b Buffer)
	// CopyIn fills dst from element off on with src: a []float32, []float64,
	// []int32, []int64 or []uint8; floats are converted to dst's float type,
	// integers must match.
	CopyIn(dst Buffer, off int, src any) error
	// CopyOut reads from element off on into dst, as CopyIn in reverse.
	CopyOut(dst any, src Buffer, off int) error
	// Lookup finds the kernel of an operator for the given float type (of
	// operators without floats: F32).
	Lookup(op Op, dt DType) (Kernel, bool)
	// Sync waits until all kernels have finished.
	Sync() error
	// Memory reports what the engine holds.
	Memory() Memory
	// ResetPeak starts a new account of Memory's Peak.
	ResetPeak()
	// Close gives everything back to the system.
	Close() error
}

// Memory is an engine's account of its buffers, in bytes.
type Memory struct {
	// Live is handed out, Peak the most that ever was since ResetPeak or the
	// start, Held is taken from the system, Limit is the cap on Live (0: none).
	Live, Peak, Held, Limit int64
}

// LimitError says that an allocation would pass the memory limit.
type LimitError struct {
	Want, Live, Limit int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("memory limit of %d bytes reached: %d live, %d more wanted", e.Limit, e.Live, e.Want)
}

// TargetError says that a class index is none of the classes.
type TargetError struct {
	Target       int64
	Row, Classes int
}

// The text begins as torch's does.
func (e *TargetError) Error() string {
	return fmt.Sprintf("Target %d is out of bounds. (row %d, %d classes)", e.Target, e.Row, e.Classes)
}

// IndexError says that an id is no row of an embedding.
type IndexError struct {
	ID       int64
	At, Rows int
}

func (e *IndexError) Error() string {
	return fmt.Sprintf("index out of range in self: id %d at position %d, the table has %d rows", e.ID, e.At, e.Rows)
}
