package optim

import "math"

// TORAdam is torch_optimizer.RAdam (Liu et al., On the Variance of the Adaptive
// Learning Rate and Beyond, 2020): torch.optim.RAdam with decoupled weight
// decay, which rectifies from a length of 5 on.
type TORAdam struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
}

// DefaultTORAdam is torch_optimizer's defaults.
func DefaultTORAdam() TORAdam { return TORAdam{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

var toRAdamEntry = entry{
	name: "TORAdam", rule: DefaultTORAdam(), doc: "RAdam as torch_optimizer has it",
	formula: "ρ ≥ 5: w −= lr·m̂·r·√(1−β2ᵗ)/(√v + eps), else w −= lr·m̂",
	source:  "Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2020", paths: []string{"torch_optimizer.RAdam"},
}

// Check implements Rule.
func (o TORAdam) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o TORAdam) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Update32 implements Updater.
func (o TORAdam) Update32(c *Cell[float32]) { toRAdam(&o, c) }

// Update64 implements Updater.
func (o TORAdam) Update64(c *Cell[float64]) { toRAdam(&o, c) }

func toRAdam[T Float](o *TORAdam, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	step := T(o.LR / (1 - math.Pow(b1, t)))
	length := smaLength(b2, t)
	rectified := length >= 5
	if rectified {
		step *= T(rectification(b2, length) * math.Sqrt(1-math.Pow(b2, t)))
	}
	decay, eps := T(1-o.LR*o.WeightDecay), T(o.Eps)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		if rectified {
			w[i] = w[i]*decay - step*m[i]/(sqrt(v[i])+eps)
		} else {
			w[i] = w[i]*decay - step*m[i]
		}
	}
}
