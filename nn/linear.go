package nn

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// Linear is x·wᵀ + b over the last axis.
type Linear struct {
	Weight, Bias *Param // [out,in], [out]; Bias may be nil
}

// NewLinear registers weight and, where bias, bias.
func NewLinear(s *Scope, in, out int, bias bool) *Linear {
	s.positive("features", in, out)
	l := &Linear{Weight: s.Param("Linear", "weight", s.shape(out, in), KaimingUniform())}
	if bias {
		l.Bias = s.Param("Linear", "bias", s.shape(out), Uniform(1/math.Sqrt(float64(max(in, 1)))))
	}
	return l
}

// Forward computes x[...,in] to [...,out].
func (l *Linear) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Linear(x, l.Weight.Tensor, tensorOf(l.Bias))
}

// ForwardAct is fn of Forward, fused where the tape can.
func (l *Linear) ForwardAct(t *tensor.Tape, x *tensor.Tensor, fn engine.Fn) *tensor.Tensor {
	return t.LinearAct(x, l.Weight.Tensor, tensorOf(l.Bias), fn)
}

// positive records an error unless all sizes are at least 1.
func (s *Scope) positive(what string, sizes ...int) {
	for _, n := range sizes {
		if n < 1 {
			s.Failf("%s must be positive, not %v", what, sizes)
			return
		}
	}
}

// shape is engine.Of, with sizes that were refused as 0.
func (s *Scope) shape(dims ...int) engine.Shape {
	for i, d := range dims {
		dims[i] = max(d, 0)
	}
	return engine.Of(dims...)
}
