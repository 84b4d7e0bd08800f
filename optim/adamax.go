package optim

import "math"

// Adamax is torch.optim.Adamax (Kingma and Ba, Adam: A Method for Stochastic
// Optimization, 2015, §7.1): m = lerp(m, g, 1−β1), u = max(β2·u, |g|+eps),
// w −= lr/(1−β1ᵗ) · m/u; g has wd·w added.
type Adamax struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the average of the gradient and of the largest one, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the size of the gradient, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdamax is torch's defaults.
func DefaultAdamax() Adamax { return Adamax{LR: 2e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

var adamaxEntry = entry{
	name: "Adamax", rule: DefaultAdamax(), doc: "Adam by the largest gradient",
	formula: "m = lerp(m, g, 1−β1); u = max(β2·u, |g|+eps); w −= lr/(1−β1ᵗ)·m/u", source: "torch.optim.Adamax; Kingma and Ba 2015, §7.1",
}

// Check implements Rule.
func (o Adamax) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o Adamax) Layout([]int) Layout { return tensors("exp_avg", "exp_inf") }

// Switches implements Switched.
func (o Adamax) Switches() []string { return []string{"foreach", "differentiable", "capturable"} }

// Update32 implements Updater.
func (o Adamax) Update32(c *Cell[float32]) { adamax(&o, c) }

// Update64 implements Updater.
func (o Adamax) Update64(c *Cell[float64]) { adamax(&o, c) }

func adamax[T Float](o *Adamax, c *Cell[T]) {
	step := T(o.LR / (1 - math.Pow(o.Betas[0], float64(c.Step))))
	a1, b2, eps, wd, sign := T(1-o.Betas[0]), T(o.Betas[1]), T(o.Eps), T(o.WeightDecay), signed[T](o.Maximize)
	w, m, u := c.W, c.S[0], c.S[1]
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		m[i] = lerp(m[i], d, a1)
		u[i] = max(b2*u[i], abs(d)+eps)
		w[i] -= step * m[i] / u[i]
	}
}
