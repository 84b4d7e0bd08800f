package optim

import "math"

// Yogi is torch_optimizer.Yogi (Zaheer et al., Adaptive Methods for Nonconvex
// Optimization, 2018): m = β1·m + (1−β1)·g, v −= (1−β2)·sign(v−g²)·g², w −=
// lr/(1−β1ᵗ) · m/(√v/√(1−β2ᵗ) + eps); m and v start at initial_accumulator.
type Yogi struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Initial     float64    `json:"initial_accumulator" doc:"what both averages start from"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
}

// DefaultYogi is torch_optimizer's defaults.
func DefaultYogi() Yogi { return Yogi{LR: 1e-2, Betas: [2]float64{.9, .999}, Eps: 1e-3, Initial: 1e-6} }

var yogiEntry = entry{
	name: "Yogi", rule: DefaultYogi(), doc: "Adam whose second moment moves by bounded steps",
	formula: "v −= (1−β2)·sign(v − g²)·g²; w −= lr/(1−β1ᵗ)·m/(√v/√(1−β2ᵗ) + eps)",
	source:  "Zaheer et al., Adaptive Methods for Nonconvex Optimization, 2018", paths: []string{"torch_optimizer.Yogi"},
}

// Check implements Rule.
func (o Yogi) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o Yogi) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "exp_avg", Fill: o.Initial}, {Name: "exp_avg_sq", Fill: o.Initial}}}
}

// Update32 implements Updater.
func (o Yogi) Update32(c *Cell[float32]) { yogi(&o, c) }

// Update64 implements Updater.
func (o Yogi) Update64(c *Cell[float64]) { yogi(&o, c) }

func yogi[T Float](o *Yogi, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, a2 := T(b1), T(1-b1), T(1-b2)
	step, correction := T(o.LR/(1-math.Pow(b1, t))), T(math.Sqrt(1-math.Pow(b2, t)))
	eps, wd := T(o.Eps), T(o.WeightDecay)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		m[i] = k1*m[i] + a1*g
		v[i] -= a2 * sign(v[i]-g*g) * g * g
		w[i] -= step * m[i] / (sqrt(v[i])/correction + eps)
	}
}
