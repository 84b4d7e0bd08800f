package nn

import (
	"github.com/thaw-go/thaw/tensor"
)

// Dropout zeroes elements in training, keyed by its path.
type Dropout struct {
	P    float64
	path string
}

// NewDropout makes a dropout of probability p.
func NewDropout(s *Scope, p float64) *Dropout {
	if !(p >= 0 && p <= 1) {
		s.Failf("dropout probability %v is not in [0, 1]", p)
	}
	return &Dropout{P: p, path: s.path}
}

// Forward drops elements of x.
func (d *Dropout) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Dropout(x, d.P, d.path)
}

// Sequential runs modules one after another.
type Sequential []Module

// Forward runs the modules; what one hands to the next is freed as soon as may
// be.
func (q Sequential) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	t.Enter("")
	in := x
	for _, m := range q {
		y := m.Forward(t, x)
		if y != x && x != in {
			t.Drop(x)
		}
		x = y
	}
	return t.Leave(x)
}

// MaxPool2d takes the largest element of each window.
type MaxPool2d tensor.PoolOptions

// Forward pools x[n,c,h,w].
func (p MaxPool2d) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.MaxPool2D(x, tensor.PoolOptions(p))
}

// AvgPool2d averages each window.
type AvgPool2d tensor.PoolOptions

// Forward pools x[n,c,h,w].
func (p AvgPool2d) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.AvgPool2D(x, tensor.PoolOptions(p))
}

// GlobalAvgPool averages each plane of x[n,c,h,w] and gives [n,c].
type GlobalAvgPool struct{}

// Forward pools x.
func (GlobalAvgPool) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	p := t.AdaptiveAvgPool2D(x, 1, 1)
	y := t.Flatten(p, 1)
	t.Drop(p)
	return y
}

// Flatten merges all axes from the given one on.
type Flatten int

// Forward flattens x.
func (f Flatten) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Flatten(x, int(f))
}
