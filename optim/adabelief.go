package optim

import "math"

// AdaBelief is torch_optimizer.AdaBelief (Zhuang et al., AdaBelief Optimizer,
// 2020): m = β1·m + (1−β1)·g, s = β2·s + (1−β2)·(g−m)² + eps, w −= lr/(1−β1ᵗ) ·
// m/(√s/√(1−β2ᵗ) + eps); eps is added to s itself at every step, with amsgrad
// to the largest s. With rectify the step is RAdam's, and lr·m while its
// variance is not to be had.
type AdaBelief struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, or with weight_decouple decoupled decay"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decoupled decay without the learning rate"`
	Rectify     bool       `json:"rectify" doc:"rectify the variance as RAdam does"`
}

// DefaultAdaBelief is torch_optimizer's defaults.
func DefaultAdaBelief() AdaBelief { return AdaBelief{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

var adaBeliefEntry = entry{
	name: "AdaBelief", rule: DefaultAdaBelief(), doc: "Adam by the deviation of the gradient from its average",
	formula: "m = β1·m + (1−β1)·g; s = β2·s + (1−β2)·(g−m)² + eps; w −= lr/(1−β1ᵗ)·m/(√s/√(1−β2ᵗ) + eps)",
	source:  "Zhuang et al., AdaBelief Optimizer, 2020", paths: []string{"torch_optimizer.AdaBelief"},
}

// Check implements Rule.
func (o AdaBelief) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o AdaBelief) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_var").with(o.AMSGrad, Tensor{Name: "max_exp_avg_var"})
}

// Update32 implements Updater.
func (o AdaBelief) Update32(c *Cell[float32]) { adaBelief(&o, c) }

// Update64 implements Updater.
func (o AdaBelief) Update64(c *Cell[float64]) { adaBelief(&o, c) }

func adaBelief[T Float](o *AdaBelief, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	correction, eps := T(math.Sqrt(1-math.Pow(b2, t))), T(o.Eps)
	step, plain := T(o.LR/(1-math.Pow(b1, t))), false
	if o.Rectify {
		length := smaLength(b2, t)
		if plain = length <= 4; !plain {
			step *= T(rectification(b2, length))
		}
	}
	decay, wd := T(1), T(o.WeightDecay)
	if o.Decouple {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
		if o.FixedDecay {
			decay = T(1 - o.WeightDecay)
		}
	}
	w, m, s := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		w[i] *= decay
		g = penalised(g, wd, w[i])
		m[i] = k1*m[i] + a1*g
		s[i] = k2*s[i] + a2*(g-m[i])*(g-m[i])
		v := &s[i]
		if o.AMSGrad {
			v = &c.S[2][i]
			*v = max(*v, s[i])
		}
		*v += eps
		if plain {
			w[i] -= T(o.LR) * m[i]
		} else {
			w[i] -= step * m[i] / (sqrt(*v)/correction + eps)
		}
	}
}
