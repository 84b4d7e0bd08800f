package optim

import "math"

// FlashLAMB is flash.core.optimizers.LAMB (You et al., Large Batch Optimization
// for Deep Learning, 2020): u = m̂/(√v̂+eps) + weight_decay·w with Adam's
// corrected averages, w −= lr·‖w‖/‖u‖·u, the ratio being 1 where a norm is 0 or,
// with exclude_from_layer_adaptation, always.
type FlashLAMB struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decay that is part of the direction, not negative"`
	Exclude     bool       `json:"exclude_from_layer_adaptation" doc:"leave the trust ratio at 1"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
}

// DefaultFlashLAMB is Lightning Flash's defaults.
func DefaultFlashLAMB() FlashLAMB {
	return FlashLAMB{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-6}
}

var flashLAMBEntry = entry{
	name: "FlashLAMB", rule: DefaultFlashLAMB(), doc: "LAMB as Lightning Flash has it",
	formula: "u = m̂/(√v̂ + eps) + wd·w; w −= lr·‖w‖/‖u‖·u", source: "flash.core.optimizers.LAMB; You et al. 2020", paths: []string{"flash.core.optimizers.LAMB"},
}

// Check implements Rule.
func (o FlashLAMB) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o FlashLAMB) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(o.AMSGrad, Tensor{Name: "max_exp_avg_sq"})
}

// Whole implements Whole: norms are over all elements.
func (o FlashLAMB) Whole() bool { return true }

// Update32 implements Updater.
func (o FlashLAMB) Update32(c *Cell[float32]) { flashLAMB(&o, c) }

// Update64 implements Updater.
func (o FlashLAMB) Update64(c *Cell[float64]) { flashLAMB(&o, c) }

func flashLAMB[T Float](o *FlashLAMB, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	first, second := T(1-math.Pow(b1, t)), T(math.Sqrt(1-math.Pow(b2, t)))
	eps, wd := T(o.Eps), T(o.WeightDecay)
	u, release := c.Scratch(len(c.G))
	defer release()
	m, v := c.S[0], c.S[1]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		x := v[i]
		if o.AMSGrad {
			c.S[2][i] = max(c.S[2][i], x)
			x = c.S[2][i]
		}
		u[i] = m[i]/first/(sqrt(x)/second+eps) + wd*c.W[i]
	}
	lr := o.LR
	if w, along := length(c.W), length(u); !o.Exclude && w > 0 && along > 0 {
		lr *= w / along
	}
	for i, d := range u {
		c.W[i] -= T(lr) * d
	}
}
