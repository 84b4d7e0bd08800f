package nn

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// Statistics says what a batch norm normalises with while training.
type Statistics uint8

// What a batch norm normalises with while training. While evaluating it is
// always the running statistics, where there are any.
const (
	// Tracked: the batch's statistics, by which the running ones move.
	Tracked Statistics = iota
	// Stored: the running statistics, which stay.
	Stored
	// Untracked: the batch's statistics; the running ones stay.
	Untracked
)

// BatchNormConfig describes a batch norm. The zero value of a field is torch's
// default.
type BatchNormConfig struct {
	Features int
	// Eps 0 stands for 1e-5.
	Eps float64
	// Momentum nil stands for 0.1. Cumulative averages over all batches seen
	// instead (torch's momentum=None).
	Momentum   *float64
	Cumulative bool
	// NoAffine leaves weight and bias out, NoRunning the running statistics.
	NoAffine, NoRunning bool
}

// BatchNorm normalises by channel.
type BatchNorm struct {
	Weight, Bias  *Param // [c]
	Mean, Var     *Param // [c], running
	Batches       *Param // i64, how many batches the running statistics saw
	Path          string
	eps, momentum float64
	cumulative    bool
	statistics    Statistics
	count         []int64
	countSlice    any // count, boxed once: reading it allocates nothing
}

// NewBatchNorm2d registers weight, bias, running_mean, running_var and
// num_batches_tracked.
func NewBatchNorm2d(s *Scope, features int) *BatchNorm {
	return NewBatchNorm(s, "BatchNorm2d", BatchNormConfig{Features: features})
}

// NewBatchNorm1d is NewBatchNorm2d for sequences and vectors.
func NewBatchNorm1d(s *Scope, features int) *BatchNorm {
	return NewBatchNorm(s, "BatchNorm1d", BatchNormConfig{Features: features})
}

// NewBatchNorm makes a batch norm of the given kind ("BatchNorm2d").
func NewBatchNorm(s *Scope, kind string, c BatchNormConfig) *BatchNorm {
	s.positive("features", c.Features)
	b := &BatchNorm{Path: s.path, eps: c.Eps, momentum: .1, cumulative: c.Cumulative, count: make([]int64, 1)}
	b.countSlice = b.count
	if c.Eps == 0 {
		b.eps = 1e-5
	}
	if c.Momentum != nil {
		b.momentum = *c.Momentum
	}
	shape := s.shape(c.Features)
	if !c.NoAffine {
		b.Weight = s.Param(kind, "weight", shape, Constant(1))
		b.Bias = s.Param(kind, "bias", shape, Constant(0))
	}
	if !c.NoRunning {
		b.Mean = s.Buffer(kind, "running_mean", engine.F32, shape, Constant(0))
		b.Var = s.Buffer(kind, "running_var", engine.F32, shape, Constant(1))
		b.Batches = s.Buffer(kind, "num_batches_tracked", engine.I64, engine.Of(), Constant(0))
	}
	s.reg.norms = append(s.reg.norms, b)
	return b
}

// SetStatistics says what to normalise with while training.
func (b *BatchNorm) SetStatistics(s Statistics) { b.statistics = s }

// Statistics is what to normalise with while training.
func (b *BatchNorm) Statistics() Statistics { return b.statistics }

// Forward normalises x[n,c,...].
func (b *BatchNorm) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return b.ForwardAct(t, x, nil, engine.FnNone)
}

// ForwardAct is act(Forward(x) + residual), in one kernel where the engine has
// one. residual may be nil.
func (b *BatchNorm) ForwardAct(t *tensor.Tape, x, residual *tensor.Tensor, act engine.Fn) *tensor.Tensor {
	o := tensor.BatchNormOptions{Weight: tensorOf(b.Weight), Bias: tensorOf(b.Bias), Eps: b.eps, Momentum: b.momentum, Residual: residual, Act: act}
	if b.Mean == nil {
		return t.BatchNorm(x, o)
	}
	if !t.Training() || b.statistics == Stored {
		o.Stored = true
	}
	if o.Stored || b.statistics == Tracked {
		o.Mean, o.Var = b.Mean.Tensor, b.Var.Tensor
	}
	if o.Mean != nil && !o.Stored && !t.Replaying() {
		b.Batches.Tensor.CopyTo(b.countSlice)
		b.count[0]++
		if b.cumulative {
			o.Momentum = 1 / float64(b.count[0])
		}
	}
	y := t.BatchNorm(x, o)
	if o.Mean != nil && !o.Stored && !t.Replaying() {
		if err := b.Batches.Tensor.Set(b.countSlice); err != nil {
			t.Throw(err)
		}
	}
	return y
}
