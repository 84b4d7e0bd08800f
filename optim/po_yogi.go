package optim

import "math"

// POYogi is pytorch_optimizer.Yogi (Zaheer et al., Adaptive Methods for
// Nonconvex Optimization, 2018): Yogi with decoupled weight decay.
type POYogi struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Initial     float64    `json:"initial_accumulator" doc:"what both averages start from"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPOYogi is pytorch_optimizer's defaults.
func DefaultPOYogi() POYogi {
	return POYogi{LR: 1e-2, Betas: [2]float64{.9, .999}, Initial: 1e-6, Decouple: true, Eps: 1e-3}
}

var poYogiEntry = entry{
	name: "POYogi", rule: DefaultPOYogi(), doc: "Yogi as pytorch_optimizer has it",
	formula: "v −= (1−β2)·sign(v − g²)·g²; w −= lr/(1−β1ᵗ)·m/(√v/√(1−β2ᵗ) + eps)",
	source:  "Zaheer et al., Adaptive Methods for Nonconvex Optimization, 2018", paths: []string{"pytorch_optimizer.Yogi"},
}

// Check implements Rule.
func (o POYogi) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o POYogi) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "exp_avg", Fill: o.Initial}, {Name: "exp_avg_sq", Fill: o.Initial}}}
}

// Update32 implements Updater.
func (o POYogi) Update32(c *Cell[float32]) { poYogi(&o, c) }

// Update64 implements Updater.
func (o POYogi) Update64(c *Cell[float64]) { poYogi(&o, c) }

func poYogi[T Float](o *POYogi, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	step, correction := T(o.LR/(1-math.Pow(b1, t))), T(math.Sqrt(1-math.Pow(b2, t)))
	a1, a2, eps, up := T(1-b1), T(1-b2), T(o.Eps), signed[T](o.Maximize)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		m[i] = lerp(m[i], g, a1)
		v[i] -= a2 * sign(v[i]-g*g) * g * g
		w[i] = w[i]*decay - step*m[i]/(sqrt(v[i])/correction+eps)
	}
}
