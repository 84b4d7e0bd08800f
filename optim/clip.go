package optim

import (
	"fmt"
	"math"
)

// Clipping bounds the norm of all gradients together
// (torch.nn.utils.clip_grad_norm_).
type Clipping struct {
	// Norm is the largest norm that is let pass.
	Norm float64
	// Order of the norm: 2, 1, any other number, or ±Inf; 0 counts the
	// parameters whose gradient is not zero.
	Order float64
	// ErrorIfNonfinite refuses a norm that is infinite or NaN instead of scaling
	// by it, which makes all gradients zero or NaN.
	ErrorIfNonfinite bool
}

// Apply scales the gradients by min(1, Norm/(norm+1e-6)) and returns norm.
// Where it fails, nothing is changed.
func (c Clipping) Apply(params []*Param) (float64, error) {
	norm := TotalNorm(params, c.Order)
	if c.ErrorIfNonfinite && (math.IsNaN(norm) || math.IsInf(norm, 0)) {
		return norm, fmt.Errorf("the total norm of order %s for gradients from `parameters` is non-finite, so it cannot be clipped; "+
			"set error_if_nonfinite to false to scale the gradients by it anyway", python(c.Order))
	}
	ScaleToNorm(params, c.Norm, norm)
	return norm, nil
}

// ClipNorm is Clipping of order 2 that lets every norm pass.
func ClipNorm(params []*Param, limit float64) float64 {
	norm := TotalNorm(params, 2)
	ScaleToNorm(params, limit, norm)
	return norm
}

// TotalNorm is the norm of the parameters' norms of an order, in float64 and in
// the order of params (torch.nn.utils.get_total_norm). Parameters without a
// gradient do not count; without any it is 0.
func TotalNorm(params []*Param, order float64) float64 {
	total, some := norming{order: order}, false
	for _, p := range params {
		if p.Grad.Absent() {
			continue
		}
		some = true
		total.add(norm(p.Grad.F32, order) + norm(p.Grad.F64, order))
	}
	if !some {
		return 0
	}
	return total.value()
}

// norm is that of one vector; 0 if it is empty.
func norm[T Float](x []T, order float64) float64 {
	if order == 2 {
		return math.Sqrt(sumSquares(x))
	}
	if len(x) == 0 {
		return 0
	}
	n := norming{order: order}
	for _, v := range x {
		n.add(float64(v))
	}
	return n.value()
}

// norming adds elements up to a norm.
type norming struct {
	order float64
	sum   float64
	some  bool
}

func (n *norming) add(v float64) {
	a := math.Abs(v)
	switch {
	case n.order == 2:
		n.sum += v * v
	case n.order == 1:
		n.sum += a
	case math.IsInf(n.order, 1):
		n.sum = max(n.sum, a)
	case math.IsInf(n.order, -1):
		if !n.some {
			n.sum = a
		}
		n.sum = min(n.sum, a)
	case n.order == 0:
		if v != 0 {
			n.sum++
		}
	default:
		n.sum += math.Pow(a, n.order)
	}
	n.some = true
}

func (n *norming) value() float64 {
	switch {
	case n.order == 2:
		return math.Sqrt(n.sum)
	case n.order == 0 || n.order == 1 || math.IsInf(n.order, 0):
		return n.sum
	}
	return math.Pow(n.sum, 1/n.order)
}

// ScaleToNorm multiplies the gradients by min(1, limit/(norm+1e-6)), where norm
// is their total norm (torch.nn.utils.clip_grads_with_norm_).
func ScaleToNorm(params []*Param, limit, norm float64) {
	f := limit / (norm + 1e-6)
	if f >= 1 {
		return
	}
	for _, p := range params {
		for i := range p.Grad.F32 {
			p.Grad.F32[i] *= float32(f)
		}
		for i := range p.Grad.F64 {
			p.Grad.F64[i] *= f
		}
	}
}

// ClipValue bounds each element of the gradients to [−limit, limit]
// (torch.nn.utils.clip_grad_value_).
func ClipValue(params []*Param, limit float64) {
	for _, p := range params {
		for i, v := range p.Grad.F32 {
			p.Grad.F32[i] = max(min(v, float32(limit)), -float32(limit))
		}
		for i, v := range p.Grad.F64 {
			p.Grad.F64[i] = max(min(v, limit), -limit)
		}
	}
}
