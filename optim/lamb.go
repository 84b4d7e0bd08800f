package optim

import "math"

// LAMB is torch_optimizer.Lamb (You et al., Large Batch Optimization for Deep
// Learning, 2020): m and v as in Adam, corrected for their start only with
// debias, u = m/(√v+eps) + weight_decay·w, w −= lr·r·u with the trust ratio r =
// min(‖w‖, clamp_value)/‖u‖, or 1 where a norm is 0 or adam is set.
type LAMB struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decay that is part of the direction, not negative"`
	Clamp       float64    `json:"clamp_value" doc:"largest norm of the weights that counts, not negative"`
	Adam        bool       `json:"adam" doc:"leave the trust ratio at 1"`
	Debias      bool       `json:"debias" doc:"correct the averages for their start"`
}

// DefaultLAMB is torch_optimizer's defaults.
func DefaultLAMB() LAMB { return LAMB{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-6, Clamp: 10} }

var lambEntry = entry{
	name: "LAMB", rule: DefaultLAMB(), doc: "Adam with steps in proportion to the size of the weights",
	formula: "u = m/(√v + eps) + wd·w; w −= lr·min(‖w‖, clamp)/‖u‖·u",
	source:  "You et al., Large Batch Optimization for Deep Learning, 2020", paths: []string{"torch_optimizer.Lamb", "torch_optimizer.LAMB"},
}

// Check implements Rule.
func (o LAMB) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkAtLeastZero("clamp value", o.Clamp))
}

// Layout implements Rule.
func (o LAMB) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Whole implements Whole: norms are over all elements.
func (o LAMB) Whole() bool { return true }

// Update32 implements Updater.
func (o LAMB) Update32(c *Cell[float32]) { lamb(&o, c) }

// Update64 implements Updater.
func (o LAMB) Update64(c *Cell[float64]) { lamb(&o, c) }

func lamb[T Float](o *LAMB, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	eps, wd := T(o.Eps), T(o.WeightDecay)
	u, release := c.Scratch(len(c.G))
	defer release()
	m, v := c.S[0], c.S[1]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		u[i] = m[i]/(sqrt(v[i])+eps) + wd*c.W[i]
	}
	lr := o.LR
	if o.Debias {
		lr *= math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t))
	}
	if size := length(u); !o.Adam && size != 0 {
		if w := min(length(c.W), o.Clamp); w != 0 {
			lr *= w / size
		}
	}
	for i, d := range u {
		c.W[i] -= T(lr) * d
	}
}
