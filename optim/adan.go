package optim

import "math"

// Adan is pytorch_optimizer.Adan (Xie et al., Adan: Adaptive Nesterov Momentum
// Algorithm, 2022): with δ = g − g′ for the gradient g′ of the step before,
// none in the first: m = lerp(m, g, 1−β1), d = lerp(d, δ, 1−β2), v = β3·v +
// (1−β3)·(g + β2·δ)², w −= lr·(m̂ + β2·d̂)/(√v̂+eps), then w/(1+lr·wd), or with
// weight_decouple w·(1−lr·wd) before. max_grad_norm is not there: clip
// gradients by norm.
type Adan struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [3]float64 `json:"betas" doc:"decay of the averages of the gradient, of its difference, and of the square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay before the step instead of dividing after it"`
	MaxNorm     float64    `json:"max_grad_norm" doc:"not supported but for 0: use gradient_clip_val"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdan is pytorch_optimizer's defaults.
func DefaultAdan() Adan { return Adan{LR: 1e-3, Betas: [3]float64{.98, .92, .99}, Eps: 1e-8} }

var adanEntry = entry{
	name: "Adan", rule: DefaultAdan(), doc: "Nesterov momentum in Adam, by differences of gradients",
	formula: "w −= lr·(m̂ + β2·d̂)/(√v̂ + eps)",
	source:  "Xie et al., Adan: Adaptive Nesterov Momentum Algorithm, 2022", paths: []string{"pytorch_optimizer.Adan"},
}

// Check implements Rule.
func (o Adan) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkOff("max_grad_norm", o.MaxNorm != 0, "clip gradients by norm instead"))
}

// Layout implements Rule.
func (o Adan) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq", "exp_avg_diff", "previous_grad")
}

// Update32 implements Updater.
func (o Adan) Update32(c *Cell[float32]) { adan(&o, c) }

// Update64 implements Updater.
func (o Adan) Update64(c *Cell[float64]) { adan(&o, c) }

func adan[T Float](o *Adan, c *Cell[T]) {
	b1, b2, b3, t := o.Betas[0], o.Betas[1], o.Betas[2], float64(c.Step)
	step, diff := T(o.LR/(1-math.Pow(b1, t))), T(o.LR*b2/(1-math.Pow(b2, t)))
	correction, eps, up := T(math.Sqrt(1-math.Pow(b3, t))), T(o.Eps), signed[T](o.Maximize)
	before, after := T(1), T(1)
	if o.Decouple {
		before = T(1 - o.LR*o.WeightDecay)
	} else {
		after = T(1 + o.LR*o.WeightDecay)
	}
	w, m, v, d, last := c.W, c.S[0], c.S[1], c.S[2], c.S[3]
	for i, g := range c.G {
		g *= up
		if c.Fresh {
			last[i] = -c.G[i] // not turned by maximize, as the original has it
		}
		delta := last[i] + g
		m[i] = lerp(m[i], g, T(1-b1))
		d[i] = lerp(d[i], delta, T(1-b2))
		x := delta*T(b2) + g
		v[i] = T(b3)*v[i] + T(1-b3)*x*x
		last[i] = -g
		denom := sqrt(v[i])/correction + eps
		w[i] = (w[i]*before - step*m[i]/denom - diff*d[i]/denom) / after
	}
}
