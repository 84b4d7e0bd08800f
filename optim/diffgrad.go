package optim

import "math"

// DiffGrad is torch_optimizer.DiffGrad (Dubey et al., diffGrad, 2019): m and v
// as in Adam, ξ = 1/(1+exp(−|g−g′|)) for the gradient g′ of the step before, w
// −= lr·√(1−β2ᵗ)/(1−β1ᵗ) · ξ·m/(√v+eps).
type DiffGrad struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
}

// DefaultDiffGrad is torch_optimizer's defaults.
func DefaultDiffGrad() DiffGrad { return DiffGrad{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

var diffGradEntry = entry{
	name: "DiffGrad", rule: DefaultDiffGrad(), doc: "Adam that slows down where the gradient does not change",
	formula: "ξ = 1/(1 + exp(−|g − g′|)); w −= lr·√(1−β2ᵗ)/(1−β1ᵗ)·ξ·m/(√v + eps)",
	source:  "Dubey et al., diffGrad, 2019", paths: []string{"torch_optimizer.DiffGrad"},
}

// Check implements Rule.
func (o DiffGrad) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o DiffGrad) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq", "previous_grad") }

// Update32 implements Updater.
func (o DiffGrad) Update32(c *Cell[float32]) { diffGrad(&o, c) }

// Update64 implements Updater.
func (o DiffGrad) Update64(c *Cell[float64]) { diffGrad(&o, c) }

func diffGrad[T Float](o *DiffGrad, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	step := T(o.LR * math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t)))
	eps, wd := T(o.Eps), T(o.WeightDecay)
	w, m, v, before := c.W, c.S[0], c.S[1], c.S[2]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		friction := T(1 / (1 + math.Exp(-float64(abs(before[i]-g)))))
		before[i] = g
		w[i] -= step * m[i] * friction / (sqrt(v[i]) + eps)
	}
}
