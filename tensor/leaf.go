package tensor

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
)

// leafState is what a leaf has beyond a value on a tape.
type leafState struct {
	grad Tensor // a leaf too; its storage is nil while there is no gradient
	rows *rowSet
}

// NewLeaf allocates a tensor that lives until it is released. Its content is
// undefined until it is set.
func NewLeaf(e engine.Engine, dt engine.DType, shape engine.Shape) (*Tensor, error) {
	p := &pool{e: e}
	s, err := p.alloc(dt, shape.Len())
	if err != nil {
		return nil, err
	}
	return &Tensor{st: s, shape: shape, dt: dt, leaf: &leafState{}}, nil
}

// SetRequiresGrad thaws or freezes a leaf. What a frozen leaf takes part in is
// not recorded for its sake.
func (x *Tensor) SetRequiresGrad(on bool) {
	if x.leaf == nil {
		panic("tensor: SetRequiresGrad on a value of a tape; only leaves have a switch")
	}
	if on && !x.dt.Float() {
		panic(fmt.Sprintf("tensor: a leaf of type %v cannot have a gradient", x.dt))
	}
	x.needs = on
}

// Grad is a leaf's gradient as accumulated since ZeroGrad, nil where there is
// none. It is valid until ZeroGrad or the next backward pass.
func (x *Tensor) Grad() *Tensor {
	if x.leaf == nil || x.leaf.grad.st == nil {
		return nil
	}
	return &x.leaf.grad
}

// SetGrad replaces a leaf's gradient, as it was accumulated before; src is as
// for Set.
func (x *Tensor) SetGrad(src any) error {
	x.mustLive()
	if n := sliceLen(src); n != x.Len() {
		return fmt.Errorf("%d values for a gradient of shape %v", n, x.shape)
	}
	x.ZeroGrad()
	s, err := x.st.pool.alloc(x.dt, x.Len())
	if err != nil {
		return err
	}
	s.forget()
	x.leaf.grad = Tensor{st: s, shape: x.shape, dt: x.dt}
	return x.st.pool.e.CopyIn(s.buf, 0, src)
}

// ZeroGrad forgets a leaf's gradient and gives its memory back.
func (x *Tensor) ZeroGrad() {
	if x.leaf != nil {
		x.leaf.grad.release(leafReleased)
		x.leaf.rows.reset()
	}
}

// Release gives a leaf's memory and that of its gradient back. Tapes that still
// hold it keep the memory alive until they are reset.
func (x *Tensor) Release() {
	if x.leaf == nil {
		panic("tensor: Release on a value of a tape; use the tape's Drop")
	}
	x.ZeroGrad()
	x.release(leafReleased)
}

// Set replaces a leaf's elements by src, a slice that holds exactly as many:
// []float32 or []float64 for floats (converted), else []int32, []int64 or
// []uint8 of the leaf's own type.
func (x *Tensor) Set(src any) error {
	x.mustLive()
	if n := sliceLen(src); n != x.Len() {
		return fmt.Errorf("%d values for a tensor of shape %v", n, x.shape)
	}
	return x.st.pool.e.CopyIn(x.st.buf, 0, src)
}

func sliceLen(s any) int {
	switch s := s.(type) {
	case []float32:
		return len(s)
	case []float64:
		return len(s)
	case []int32:
		return len(s)
	case []int64:
		return len(s)
	case []uint8:
		return len(s)
	}
	panic(fmt.Sprintf("tensor: values of type %T", s))
}
