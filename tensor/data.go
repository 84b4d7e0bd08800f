package tensor

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
)

// FromF32 puts data on the tape as floats of the tape's type.
func (t *Tape) FromF32(shape engine.Shape, data []float32) *Tensor {
	return t.from(t.dt, shape, data)
}

// FromF64 puts data on the tape as floats of the tape's type.
func (t *Tape) FromF64(shape engine.Shape, data []float64) *Tensor {
	return t.from(t.dt, shape, data)
}

// FromI64 puts ids, class indices or other integers on the tape.
func (t *Tape) FromI64(shape engine.Shape, data []int64) *Tensor {
	return t.from(engine.I64, shape, data)
}

func (t *Tape) from(dt engine.DType, shape engine.Shape, data any) *Tensor {
	t.begin("input")
	if n := sliceLen(data); n != shape.Len() {
		t.failf("%d values for shape %v", n, shape)
	}
	x := t.fresh(dt, shape)
	t.check(t.e.CopyIn(x.st.buf, 0, data))
	return x
}

// Full is a tensor of the tape's float type whose elements all are v.
func (t *Tape) Full(shape engine.Shape, v float64) *Tensor {
	t.begin("fill")
	x := t.fresh(t.dt, shape)
	t.fill(x.val(), v)
	return x
}

func (t *Tape) fill(x val, v float64) {
	t.run(engine.OpFill, &engine.Attr{Alpha: v}, nil, []val{x})
}

// CopyTo reads all elements into dst: []float32 or []float64 for floats
// (converted), else a slice of the tensor's own type. A wrong length is a
// programmer's error.
func (x *Tensor) CopyTo(dst any) {
	x.mustLive()
	if n := sliceLen(dst); n != x.Len() {
		panic(fmt.Sprintf("tensor: %d values wanted of a tensor of shape %v", n, x.shape))
	}
	if err := x.st.pool.e.CopyOut(dst, x.st.buf, 0); err != nil {
		panic(thrown{&Error{Op: "copy out", Msg: err.Error(), Err: err}})
	}
}

// Float32s copies the elements out.
func (x *Tensor) Float32s() []float32 {
	out := make([]float32, x.Len())
	x.CopyTo(out)
	return out
}

// Float64s copies the elements out.
func (x *Tensor) Float64s() []float64 {
	out := make([]float64, x.Len())
	x.CopyTo(out)
	return out
}

// Int64s copies the elements of an integer tensor out.
func (x *Tensor) Int64s() []int64 {
	out := make([]int64, x.Len())
	x.CopyTo(out)
	return out
}

// Item is the element of a float tensor that has one.
func (x *Tensor) Item() float64 {
	var out [1]float64
	x.CopyTo(out[:])
	return out[0]
}
