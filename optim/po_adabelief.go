package optim

import "math"

// POAdaBelief is pytorch_optimizer.AdaBelief (Zhuang et al., AdaBelief
// Optimizer, 2020): AdaBelief with decoupled weight decay, whose rectification
// begins at n_sma_threshold and is SGD before, or stands still where
// degenerated_to_sgd is off.
type POAdaBelief struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Rectify     bool       `json:"rectify" doc:"rectify the variance as RAdam does"`
	Threshold   int        `json:"n_sma_threshold" doc:"length from which the variance is rectified"`
	SGD         bool       `json:"degenerated_to_sgd" doc:"step along the average while it is not"`
	AMSBound    bool       `json:"ams_bound" doc:"divide by the largest second moment so far"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPOAdaBelief is pytorch_optimizer's defaults.
func DefaultPOAdaBelief() POAdaBelief {
	return POAdaBelief{LR: 1e-3, Betas: [2]float64{.9, .999}, Decouple: true, Threshold: 5, SGD: true, Eps: 1e-16}
}

var poAdaBeliefEntry = entry{
	name: "POAdaBelief", rule: DefaultPOAdaBelief(), doc: "AdaBelief as pytorch_optimizer has it",
	formula: "m = lerp(m, g, 1−β1); s = β2·s + (1−β2)·(g−m)² + eps; w −= lr/(1−β1ᵗ)·m/(√s/√(1−β2ᵗ) + eps)",
	source:  "Zhuang et al., AdaBelief Optimizer, 2020", paths: []string{"pytorch_optimizer.AdaBelief"},
}

// Check implements Rule.
func (o POAdaBelief) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o POAdaBelief) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_var").with(o.AMSBound, Tensor{Name: "max_exp_avg_var"})
}

// Update32 implements Updater.
func (o POAdaBelief) Update32(c *Cell[float32]) { poAdaBelief(&o, c) }

// Update64 implements Updater.
func (o POAdaBelief) Update64(c *Cell[float64]) { poAdaBelief(&o, c) }

func poAdaBelief[T Float](o *POAdaBelief, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	a1, k2, a2 := T(1-b1), T(b2), T(1-b2)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	step, rectified := 1/(1-math.Pow(b1, t)), false
	if o.Rectify {
		step, rectified = rectifiedStep(step, rectifying{b2, t, o.Threshold, o.SGD})
	}
	size, correction, eps, up := T(o.LR*step), T(math.Sqrt(1-math.Pow(b2, t))), T(o.Eps), signed[T](o.Maximize)
	w, m, s := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		x := w[i]
		g = penalised(up*g, wd, x)
		x *= decay
		m[i] = lerp(m[i], g, a1)
		s[i] = k2*s[i] + a2*(g-m[i])*(g-m[i]) + eps
		v := s[i]
		if o.AMSBound {
			c.S[2][i] = max(c.S[2][i], v)
			v = c.S[2][i]
		}
		switch {
		case !o.Rectify:
			x -= size * m[i] / (sqrt(v)/correction + eps)
		case rectified:
			x -= size * m[i] / (sqrt(v) + eps)
		case size > 0:
			x -= size * m[i]
		}
		w[i] = x
	}
}

// rectifying is how pytorch_optimizer's rules rectify the variance in step t.
type rectifying struct {
	b2, t     float64
	threshold int
	sgd       bool
}

// rectifiedStep is a step times its rectification; where the average is still
// too short, the step itself for SGD, or its negative, which says: none.
func rectifiedStep(step float64, r rectifying) (float64, bool) {
	n := smaLength(r.b2, r.t)
	switch {
	case n >= float64(r.threshold):
		return step * rectification(r.b2, n) * math.Sqrt(1-math.Pow(r.b2, r.t)), true
	case r.sgd:
		return step, false
	}
	return -step, false
}
