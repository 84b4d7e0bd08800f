package optim

import "math"

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

var adamEntry = entry{
	name: "Adam", rule: DefaultAdam(), doc: "adaptive moments",
	formula: "m = lerp(m, g, 1−β1); v = β2·v + (1−β2)·g²; w −= lr·m̂/(√v̂ + eps)", source: "torch.optim.Adam; Kingma and Ba 2015",
}

// Check implements Rule.
func (o Adam) Check() error {
	if err := checkRate(o.LR, o.WeightDecay); err != nil {
		return err
	}
	if err := checkEps(o.Eps); err != nil {
		return err
	}
	return checkBetas(o.Betas[:]...)
}

// Layout implements Rule.
func (o Adam) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(o.AMSGrad, Tensor{Name: "max_exp_avg_sq"})
}

// Switches implements Switched.
func (o Adam) Switches() []string {
	return []string{"foreach", "capturable", "differentiable", "fused"}
}

// Update32 implements Updater.
func (o Adam) Update32(c *Cell[float32]) { adam(&o, c) }

// Update64 implements Updater.
func (o Adam) Update64(c *Cell[float64]) { adam(&o, c) }

func adam[T Float](o *Adam, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	step := T(o.LR / (1 - math.Pow(b1, t)))
	root := T(math.Sqrt(1 - math.Pow(b2, t)))
	a1, a2, keep, eps, wd := T(1-b1), T(1-b2), T(b2), T(o.Eps), T(o.WeightDecay)
	decay, sign := T(1), signed[T](o.Maximize)
	if o.Decoupled {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	w, m, v := c.W, c.S[0], c.S[1]
	var largest []T
	if o.AMSGrad {
		largest = c.S[2]
	}
	for i, d := range c.G {
		x := w[i] * decay
		d = penalised(sign*d, wd, x)
		m[i] = lerp(m[i], d, a1)
		v[i] = keep*v[i] + a2*d*d
		second := v[i]
		if largest != nil {
			second = max(largest[i], second)
			largest[i] = second
		}
		w[i] = x - step*m[i]/(T(math.Sqrt(float64(second)))/root+eps)
	}
}
