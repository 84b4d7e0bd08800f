package optim

import "math"

// AdaMod is torch_optimizer.AdaMod (Ding et al., An Adaptive and Momental Bound
// Method for Stochastic Learning, 2019): m and v as in Adam, η =
// lr·√(1−β2ᵗ)/(1−β1ᵗ)/(√v+eps), s = β3·s + (1−β3)·η, w −= min(η, s)·m;
// decoupled weight decay.
type AdaMod struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Beta3       float64    `json:"beta3" doc:"decay of the average of the rates, in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
}

// DefaultAdaMod is torch_optimizer's defaults.
func DefaultAdaMod() AdaMod {
	return AdaMod{LR: 1e-3, Betas: [2]float64{.9, .999}, Beta3: .999, Eps: 1e-8}
}

var adaModEntry = entry{
	name: "AdaMod", rule: DefaultAdaMod(), doc: "Adam whose rates are bounded by their average",
	formula: "η = lr·√(1−β2ᵗ)/(1−β1ᵗ)/(√v + eps); s = β3·s + (1−β3)·η; w −= min(η, s)·m",
	source:  "Ding et al., An Adaptive and Momental Bound Method for Stochastic Learning, 2019", paths: []string{"torch_optimizer.AdaMod"},
}

// Check implements Rule.
func (o AdaMod) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkShare("beta3 parameter", o.Beta3))
}

// Layout implements Rule.
func (o AdaMod) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq", "exp_avg_lr") }

// Update32 implements Updater.
func (o AdaMod) Update32(c *Cell[float32]) { adaMod(&o, c) }

// Update64 implements Updater.
func (o AdaMod) Update64(c *Cell[float64]) { adaMod(&o, c) }

func adaMod[T Float](o *AdaMod, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2, k3, a3 := T(b1), T(1-b1), T(b2), T(1-b2), T(o.Beta3), T(1-o.Beta3)
	step := T(o.LR * math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t)))
	decay, eps := T(1-o.WeightDecay*o.LR), T(o.Eps)
	w, m, v, s := c.W, c.S[0], c.S[1], c.S[2]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		rate := step / (sqrt(v[i]) + eps)
		s[i] = k3*s[i] + a3*rate
		w[i] = w[i]*decay - min(rate, s[i])*m[i]
	}
}
