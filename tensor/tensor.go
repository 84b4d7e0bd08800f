package tensor

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
)

// Tensor is an array of an engine: a leaf, which lives until it is released
// (parameters, buffers), or a value on a tape, which lives until its block ends
// or the tape is reset. Its elements are contiguous and row-major.
type Tensor struct {
	st    *storage // nil once released
	shape engine.Shape
	dt    engine.DType
	// needs: gradients flow to or through it.
	needs bool
	kept  bool
	fate  fate
	tape  *Tape // nil: a leaf
	node  *node // what made it; nil where nothing was recorded
	grad  val   // of a value on a tape, while a backward pass runs
	leaf  *leafState
	// op and path say where it was made, for messages.
	op   string
	path int32
}

// fate says how a tensor's life ended.
type fate uint8

const (
	alive fate = iota
	blockEnded
	dropped
	tapeReset
	leafReleased
)

// Shape is the sizes of the axes.
func (x *Tensor) Shape() engine.Shape { return x.shape }

// Dim is the size of axis i; negative i counts from the last axis.
func (x *Tensor) Dim(i int) int { return x.shape.Dim(i) }

// Rank is the number of axes.
func (x *Tensor) Rank() int { return x.shape.Rank() }

// Len is the number of elements.
func (x *Tensor) Len() int { return x.shape.Len() }

// DType is the type of the elements.
func (x *Tensor) DType() engine.DType { return x.dt }

// RequiresGrad reports whether gradients flow to or through the tensor.
func (x *Tensor) RequiresGrad() bool { return x.needs }

// Array is the tensor as kernels see it, valid while the tensor lives.
func (x *Tensor) Array() engine.Array {
	x.mustLive()
	return engine.Array{Buf: x.st.buf, Shape: x.shape}
}

func (x *Tensor) val() val {
	if x == nil {
		return val{}
	}
	return val{x.st, x.shape}
}

// mustLive panics on a released tensor: that is a programmer's error.
func (x *Tensor) mustLive() {
	if x.st == nil {
		panic("tensor: " + x.obituary())
	}
}

func (x *Tensor) obituary() string {
	what := fmt.Sprintf("use of a released tensor of shape %v", x.shape)
	if x.op != "" {
		what += ", made by " + x.op
	}
	if x.tape != nil {
		if b := x.tape.paths.name(x.path); b != "" {
			what += " in " + b
		}
	}
	switch x.fate {
	case blockEnded:
		what += ": its block has ended; return it from the block, or Keep it"
	case dropped:
		what += ": it was dropped"
	case tapeReset:
		what += ": the tape was reset; copy values out before"
	}
	return what
}

// release gives the tensor's count on its storage back.
func (x *Tensor) release(f fate) {
	if x.st == nil {
		return
	}
	x.st.release()
	x.st, x.fate = nil, f
}

func (x *Tensor) String() string { return fmt.Sprintf("%v%v", x.dt, x.shape) }
