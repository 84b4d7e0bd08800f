package optim

import "math"

// RAdam is torch.optim.RAdam (Liu et al., On the Variance of the Adaptive
// Learning Rate and Beyond, 2020): m and v as in Adam, m̂ = m/(1−β1ᵗ),
// ρ∞ = 2/(1−β2)−1, ρ = ρ∞ − 2t·β2ᵗ/(1−β2ᵗ); where ρ > 5,
// w −= lr·m̂·r·√(1−β2ᵗ)/(√v+eps) with r² = (ρ−4)(ρ−2)ρ∞/((ρ∞−4)(ρ∞−2)ρ), and
// else w −= lr·m̂.
type RAdam struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the root of the second moment, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decoupled   bool       `json:"decoupled_weight_decay" doc:"decay the weights themselves"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultRAdam is torch's defaults.
func DefaultRAdam() RAdam { return RAdam{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8} }

var radamEntry = entry{
	name: "RAdam", rule: DefaultRAdam(), doc: "Adam with a rectified variance",
	formula: "ρ = ρ∞ − 2t·β2ᵗ/(1−β2ᵗ); ρ > 5: w −= lr·m̂·r·√(1−β2ᵗ)/(√v + eps), else w −= lr·m̂", source: "torch.optim.RAdam; Liu et al. 2020",
}

// Check implements Rule.
func (o RAdam) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o RAdam) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Switches implements Switched.
func (o RAdam) Switches() []string { return []string{"foreach", "capturable", "differentiable"} }

// Update32 implements Updater.
func (o RAdam) Update32(c *Cell[float32]) { radam(&o, c) }

// Update64 implements Updater.
func (o RAdam) Update64(c *Cell[float64]) { radam(&o, c) }

func radam[T Float](o *RAdam, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	step, rectified := T(o.LR/(1-math.Pow(b1, t))), T(0)
	length := smaLength(b2, t)
	if length > 5 {
		rectified = T(rectification(b2, length) * math.Sqrt(1-math.Pow(b2, t)))
	}
	a1, a2, keep, eps, wd := T(1-b1), T(1-b2), T(b2), T(o.Eps), T(o.WeightDecay)
	decay, sign := T(1), signed[T](o.Maximize)
	if o.Decoupled {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	w, m, v := c.W, c.S[0], c.S[1]
	for i, d := range c.G {
		x := w[i] * decay
		d = penalised(sign*d, wd, x)
		m[i] = lerp(m[i], d, a1)
		v[i] = keep*v[i] + a2*d*d
		if length > 5 {
			w[i] = x - step*m[i]*rectified/(sqrt(v[i])+eps)
		} else {
			w[i] = x - step*m[i]
		}
	}
}

// smaLength is ρ: the length of the simple average that the second moment is
// worth after t steps.
func smaLength(b2, t float64) float64 {
	decayed := math.Pow(b2, t)
	return 2/(1-b2) - 1 - 2*t*decayed/(1-decayed)
}

// rectification is r for a length above 4.
func rectification(b2, length float64) float64 {
	limit := 2/(1-b2) - 1
	return math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
}
