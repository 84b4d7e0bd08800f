package optim

import "math"

// StableAdamW is pytorch_optimizer.StableAdamW (Wortsman et al., Stable and
// low-precision training for large-scale vision-language models, 2023): m and v
// with Adam's correction inside their decays, w −= η·m/(√v+eps) with η =
// lr/max(1, RMS(g/√max(v, eps²))), and weight decay by η.
type StableAdamW struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Kahan       bool       `json:"kahan_sum" doc:"has no effect in 32 and 64 bits"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultStableAdamW is pytorch_optimizer's defaults.
func DefaultStableAdamW() StableAdamW {
	return StableAdamW{LR: 1e-3, Betas: [2]float64{.9, .99}, Kahan: true, WeightDecay: .01, Decouple: true, Eps: 1e-8}
}

var stableAdamWEntry = entry{
	name: "StableAdamW", rule: DefaultStableAdamW(), doc: "AdamW whose rate falls where gradients jump",
	formula: "η = lr/max(1, RMS(g/√v)); w −= η·m/(√v + eps)",
	source:  "Wortsman et al., Stable and low-precision training for large-scale vision-language models, 2023", paths: []string{"pytorch_optimizer.StableAdamW"},
}

// Check implements Rule.
func (o StableAdamW) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o StableAdamW) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Whole implements Whole: the rate looks at all elements.
func (o StableAdamW) Whole() bool { return true }

// Update32 implements Updater.
func (o StableAdamW) Update32(c *Cell[float32]) { stableAdamW(&o, c) }

// Update64 implements Updater.
func (o StableAdamW) Update64(c *Cell[float64]) { stableAdamW(&o, c) }

func stableAdamW[T Float](o *StableAdamW, c *Cell[T]) {
	k1, k2 := qhKeep(o.Betas[0], c.Step), qhKeep(o.Betas[1], c.Step)
	wd, up := T(0), signed[T](o.Maximize)
	if !o.Decouple {
		wd = T(o.WeightDecay)
	}
	m, v := c.S[0], c.S[1]
	jump := 0.0
	for i, g := range c.G {
		g = penalised(up*g, wd, c.W[i])
		m[i] = lerp(m[i], g, T(1-k1))
		v[i] = T(k2)*v[i] + T(1-k2)*g*g
		jump += float64(g) * float64(g) / max(float64(v[i]), o.Eps*o.Eps)
	}
	rate := o.LR / max(1, math.Sqrt(jump/float64(max(len(c.G), 1))))
	decay, lr, eps := T(1), T(rate), T(o.Eps)
	if o.Decouple {
		decay = T(1 - rate*o.WeightDecay)
	}
	for i := range c.W {
		c.W[i] = c.W[i]*decay - lr*m[i]/(sqrt(v[i])+eps)
	}
}
