package nn

import "fmt"

// Recollect forgets the running statistics and averages them over all batches
// from now on, as averaged weights need (torch.optim.swa_utils.update_bn). The
// momentum is as before once stop is called. Without running statistics nothing
// happens.
func (b *BatchNorm) Recollect() (stop func(), err error) {
	if b.Mean == nil {
		return func() {}, nil
	}
	set := func(p *Param, v float64) {
		values := make([]float64, p.Tensor.Len())
		for i := range values {
			values[i] = v
		}
		if e := p.Tensor.Set(values); e != nil && err == nil {
			err = fmt.Errorf("resetting %s: %w", p.Name, e)
		}
	}
	set(b.Mean, 0)
	set(b.Var, 1)
	if e := b.Batches.Tensor.Set([]int64{0}); e != nil && err == nil {
		err = fmt.Errorf("resetting %s: %w", b.Batches.Name, e)
	}
	before := b.cumulative
	b.cumulative = true
	return func() { b.cumulative = before }, err
}
