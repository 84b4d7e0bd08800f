package optim

import "math"

// ClipNorm scales all gradients by min(1, limit/(norm+1e-6)), where norm is
// that of all of them together, and returns norm
// (torch.nn.utils.clip_grad_norm_). The sum is in float64 and in the order of
// params.
func ClipNorm(params []*Param, limit float64) float64 {
	var sum float64
	for _, p := range params {
		for _, v := range p.Grad.F32 {
			sum += float64(v) * float64(v)
		}
		for _, v := range p.Grad.F64 {
			sum += v * v
		}
	}
	norm := math.Sqrt(sum)
	f := limit / (norm + 1e-6)
	if f >= 1 {
		return norm
	}
	for _, p := range params {
		for i := range p.Grad.F32 {
			p.Grad.F32[i] *= float32(f)
		}
		for i := range p.Grad.F64 {
			p.Grad.F64[i] *= f
		}
	}
	return norm
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
