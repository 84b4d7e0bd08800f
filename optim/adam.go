package optim

import (
	"fmt"
	"math"
)

// Adam is torch.optim.Adam (Kingma and Ba, Adam: A Method for Stochastic
// Optimization, 2015): m = lerp(m, g, 1−β1), v = β2·v + (1−β2)·g²,
// w −= lr/(1−β1ᵗ) · m / (√(v̂)/√(1−β2ᵗ) + eps); v̂ is v or, with amsgrad, the
// largest v so far. Weight decay adds wd·w to the gradient, or, Decoupled,
// scales w by 1−lr·wd first (Loshchilov and Hutter, Decoupled Weight Decay
// Regularization, 2019), which is AdamW.
type Adam struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
	Decoupled   bool       `json:"decoupled_weight_decay" doc:"decay the weights themselves (AdamW)"`
}

// DefaultAdam is torch's defaults.
func DefaultAdam() Adam { return Adam{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

// AdamW is Adam with decoupled weight decay, and an option less.
type AdamW struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdamW is torch's defaults.
func DefaultAdamW() AdamW {
	return AdamW{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8, WeightDecay: 1e-2}
}

func (o AdamW) adam() Adam {
	return Adam{o.LR, o.Betas, o.Eps, o.WeightDecay, o.AMSGrad, o.Maximize, true}
}

// Check implements Rule.
func (o Adam) Check() error {
	if err := common(o.LR, o.WeightDecay); err != nil {
		return err
	}
	if !(o.Eps >= 0) {
		return invalid("epsilon value", o.Eps)
	}
	for i, b := range o.Betas {
		if !(b >= 0 && b < 1) {
			return invalid(fmt.Sprintf("beta parameter at index %d", i), b)
		}
	}
	return nil
}

// Slots implements Rule.
func (o Adam) Slots() []string {
	if o.AMSGrad {
		return []string{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
	}
	return []string{"exp_avg", "exp_avg_sq"}
}

// WithLR implements Rule.
func (o Adam) WithLR(lr float64) Rule { o.LR = lr; return o }

// WithMomentum implements Rule.
func (o Adam) WithMomentum(m float64) Rule { o.Betas[0] = m; return o }

// Check implements Rule.
func (o AdamW) Check() error { return o.adam().Check() }

// Slots implements Rule.
func (o AdamW) Slots() []string { return o.adam().Slots() }

// WithLR implements Rule.
func (o AdamW) WithLR(lr float64) Rule { o.LR = lr; return o }

// WithMomentum implements Rule.
func (o AdamW) WithMomentum(m float64) Rule { o.Betas[0] = m; return o }

func (o Adam) update32(w, g []float32, s [][]float32, t int)  { adam(o, w, g, s, t) }
func (o Adam) update64(w, g []float64, s [][]float64, t int)  { adam(o, w, g, s, t) }
func (o AdamW) update32(w, g []float32, s [][]float32, t int) { adam(o.adam(), w, g, s, t) }
func (o AdamW) update64(w, g []float64, s [][]float64, t int) { adam(o.adam(), w, g, s, t) }

func adam[T element](o Adam, w, g []T, s [][]T, t int) {
	b1, b2 := o.Betas[0], o.Betas[1]
	step := T(o.LR / (1 - math.Pow(b1, float64(t))))
	root := T(math.Sqrt(1 - math.Pow(b2, float64(t))))
	m, v := s[0], s[1]
	a1, a2, keep, eps, wd := T(1-b1), T(1-b2), T(b2), T(o.Eps), T(o.WeightDecay)
	decay := T(1)
	if o.Decoupled {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	sign := T(1)
	if o.Maximize {
		sign = -1
	}
	for i, d := range g {
		x := w[i] * decay
		d = sign*d + wd*x
		m[i] += a1 * (d - m[i])
		v[i] = keep*v[i] + a2*d*d
		second := v[i]
		if o.AMSGrad {
			second = max(s[2][i], second)
			s[2][i] = second
		}
		w[i] = x - step*m[i]/(T(math.Sqrt(float64(second)))/root+eps)
	}
}
