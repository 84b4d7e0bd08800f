package optim

import "math"

// MADGRAD is torch_optimizer.MADGRAD (Defazio and Jelassi, Adaptivity without
// Compromise, 2021): with λ = (lr+eps)·√t: v += λ·g², s += λ·g, z = x0 −
// s/(∛v+eps), w = μ·w + (1−μ)·z; x0 is where the parameter began, or without
// momentum what w stands for.
type MADGRAD struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the weights that is kept, in [0,1)"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Eps         float64 `json:"eps" doc:"added to the denominator, not negative"`
}

// DefaultMADGRAD is torch_optimizer's defaults.
func DefaultMADGRAD() MADGRAD { return MADGRAD{LR: 1e-2, Momentum: .9, Eps: 1e-6} }

var madgradEntry = entry{
	name: "MADGRAD", rule: DefaultMADGRAD(), doc: "dual averaging with momentum and cube roots",
	formula: "λ = (lr + eps)·√t; v += λ·g²; s += λ·g; w = μ·w + (1−μ)·(x0 − s/(∛v + eps))",
	source:  "Defazio and Jelassi, Adaptivity without Compromise, 2021", paths: []string{"torch_optimizer.MADGRAD"},
}

// Check implements Rule.
func (o MADGRAD) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkShare("momentum value", o.Momentum))
}

// Layout implements Rule.
func (o MADGRAD) Layout(shape []int) Layout {
	l := tensors("grad_sum_sq", "s").with(o.Momentum != 0, Tensor{Name: "x0", Copy: true})
	l.Counter = Uncounted
	return l
}

// Update32 implements Updater.
func (o MADGRAD) Update32(c *Cell[float32]) { madgrad(&o, c) }

// Update64 implements Updater.
func (o MADGRAD) Update64(c *Cell[float64]) { madgrad(&o, c) }

func madgrad[T Float](o *MADGRAD, c *Cell[T]) {
	lambda := T((o.LR + o.Eps) * math.Sqrt(float64(c.Step)))
	keep, take, eps, wd := T(o.Momentum), T(1-o.Momentum), T(o.Eps), T(o.WeightDecay)
	w, v, s := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		var start T
		if o.Momentum == 0 {
			start = w[i] + s[i]/(cbrt(v[i])+eps)
		} else {
			start = c.S[2][i]
		}
		v[i] += lambda * g * g
		s[i] += lambda * g
		z := start - s[i]/(cbrt(v[i])+eps)
		if o.Momentum == 0 {
			w[i] = z
		} else {
			w[i] = keep*w[i] + take*z
		}
	}
}
