package nn

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/tensor"
)

// LayerNorm normalises over the last axes.
type LayerNorm struct {
	Weight, Bias *Param
	axes         int
	eps          float64
}

// NewLayerNorm registers weight and bias of the normalised shape. torch's
// default of eps is 1e-5.
func NewLayerNorm(s *Scope, eps float64, shape ...int) *LayerNorm {
	s.positive("sizes", shape...)
	n := s.shape(shape...)
	return &LayerNorm{
		Weight: s.Param("LayerNorm", "weight", n, Constant(1)), Bias: s.Param("LayerNorm", "bias", n, Constant(0)), axes: len(shape), eps: eps,
	}
}

// Forward normalises x.
func (l *LayerNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.LayerNorm(x, l.Weight.Tensor, l.Bias.Tensor, l.axes, l.eps)
}

// RMSNorm divides by the root of the mean square over the last axes.
type RMSNorm struct {
	Weight *Param
	axes   int
	eps    float64
}

// NewRMSNorm registers weight of the normalised shape.
func NewRMSNorm(s *Scope, eps float64, shape ...int) *RMSNorm {
	s.positive("sizes", shape...)
	return &RMSNorm{Weight: s.Param("RMSNorm", "weight", s.shape(shape...), Constant(1)), axes: len(shape), eps: eps}
}

// Forward normalises x.
func (l *RMSNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.RMSNorm(x, l.Weight.Tensor, l.axes, l.eps)
}

// GroupNorm normalises over groups of channels.
type GroupNorm struct {
	Weight, Bias *Param
	groups       int
	eps          float64
}

// NewGroupNorm registers weight and bias. torch's default of eps is 1e-5.
func NewGroupNorm(s *Scope, groups, channels int, eps float64) *GroupNorm {
	s.positive("groups and channels", groups, channels)
	if channels%max(groups, 1) != 0 {
		s.Failf("%d channels are not divisible by %d groups", channels, groups)
	}
	n := s.shape(channels)
	return &GroupNorm{
		Weight: s.Param("GroupNorm", "weight", n, Constant(1)), Bias: s.Param("GroupNorm", "bias", n, Constant(0)), groups: groups, eps: eps,
	}
}

// Forward normalises x[n,c,...].
func (l *GroupNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.GroupNorm(x, l.Weight.Tensor, l.Bias.Tensor, l.groups, l.eps)
}

// Embedding is a table of vectors.
type Embedding struct {
	Weight  *Param // [rows,dim]
	padding int
}

// NewEmbedding registers weight. The row padding starts at zero and gets no
// gradient; −1: none.
func NewEmbedding(s *Scope, rows, dim, padding int) *Embedding {
	s.positive("sizes", rows, dim)
	if padding < -1 || padding >= rows {
		s.Failf("padding row %d of %d", padding, rows)
		padding = -1
	}
	return &Embedding{Weight: s.Param("Embedding", "weight", s.shape(rows, dim), paddedNormal(1, padding, dim)), padding: padding}
}

// Forward looks ids up.
func (e *Embedding) Forward(t *tensor.Tape, ids *tensor.Tensor) *tensor.Tensor {
	return t.Embedding(e.Weight.Tensor, ids, e.padding)
}

// Sparse has the gradient consist of the rows that are looked up
// (torch.nn.Embedding's sparse=True), which SparseAdam, SGD and Adagrad update
// alone.
func (e *Embedding) Sparse() { e.Weight.Tensor.SetSparseGrad(true) }

// InitNormal draws the table with another standard deviation.
func (e *Embedding) InitNormal(s *Scope, std float64) {
	e.Weight.InitWith(s, paddedNormal(std, e.padding, e.Weight.Tensor.Dim(1)))
}

// paddedNormal is Normal with one row of zeros.
func paddedNormal(std float64, padding, dim int) Init {
	return func(shape engine.Shape, s *rng.Stream, out []float64) {
		Normal(std)(shape, s, out)
		if padding >= 0 {
			clear(out[padding*dim : (padding+1)*dim])
		}
	}
}
