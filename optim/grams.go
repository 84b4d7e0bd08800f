package optim

import "math"

// Grams is pytorch_optimizer.Grams (Cao et al., Grams: Gradient Descent with
// Adaptive Momentum Scaling, 2024): the size of Adam's step with the sign of
// the gradient; weight decay.
type Grams struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultGrams is pytorch_optimizer's defaults.
func DefaultGrams() Grams {
	return Grams{LR: 1e-3, Betas: [2]float64{.9, .999}, Decouple: true, Eps: 1e-6}
}

var gramsEntry = entry{
	name: "Grams", rule: DefaultGrams(), doc: "the size of Adam's step, the sign of the gradient",
	formula: "w −= lr·sign(g)·|m̂/(√v̂ + eps)|",
	source:  "Cao et al., Grams: Gradient Descent with Adaptive Momentum Scaling, 2024", paths: []string{"pytorch_optimizer.Grams"},
}

// Check implements Rule.
func (o Grams) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o Grams) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Update32 implements Updater.
func (o Grams) Update32(c *Cell[float32]) { grams(&o, c) }

// Update64 implements Updater.
func (o Grams) Update64(c *Cell[float64]) { grams(&o, c) }

func grams[T Float](o *Grams, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, false})
	first, second := T(1-math.Pow(b1, t)), T(math.Sqrt(1-math.Pow(b2, t)))
	a1, k2, a2, eps, lr, up := T(1-b1), T(b2), T(1-b2), T(o.Eps), T(o.LR), signed[T](o.Maximize)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g *= up
		m[i] = lerp(m[i], g, a1)
		v[i] = k2*v[i] + a2*g*g
		d := abs(m[i]/first/(sqrt(v[i])/second+eps)) * sign(g)
		if o.Decouple || wd == 0 {
			w[i] *= decay
		}
		w[i] -= lr * d
	}
}
