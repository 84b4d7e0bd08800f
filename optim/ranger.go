package optim

import "math"

// Ranger is torch_optimizer.Ranger (pytorch_ranger; Liu et al. 2020, Zhang et
// al. 2019): RAdam with decoupled weight decay, and after every k-th step
// Lookahead: slow += α·(w−slow), w = slow; slow starts as w.
type Ranger struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Alpha       float64    `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
	K           int        `json:"k" doc:"steps between two looks, at least 1"`
	Threshold   float64    `json:"N_sma_threshhold" doc:"length above which the variance is rectified"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
}

// DefaultRanger is torch_optimizer's defaults.
func DefaultRanger() Ranger {
	return Ranger{LR: 1e-3, Alpha: .5, K: 6, Threshold: 5, Betas: [2]float64{.95, .999}, Eps: 1e-5}
}

var rangerEntry = entry{
	name: "Ranger", rule: DefaultRanger(), doc: "RAdam with lookahead",
	formula: "RAdam; every k steps slow += α·(w − slow); w = slow",
	source:  "pytorch_ranger; Liu et al. 2020, Zhang et al. 2019", paths: []string{"torch_optimizer.Ranger"},
}

// Check implements Rule.
func (o Ranger) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkLook(o.K, o.Alpha))
}

// Layout implements Rule.
func (o Ranger) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(true, Tensor{Name: "slow_buffer", Copy: true})
}

// Update32 implements Updater.
func (o Ranger) Update32(c *Cell[float32]) { ranger(&o, c) }

// Update64 implements Updater.
func (o Ranger) Update64(c *Cell[float64]) { ranger(&o, c) }

func ranger[T Float](o *Ranger, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	step := T(o.LR / (1 - math.Pow(b1, t)))
	length := smaLength(b2, t)
	rectified := length > o.Threshold
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
	lookAhead(c, c.S[2], o.K, o.Alpha)
}

// lookAhead lets slow weights follow the fast ones after every k-th step, and the
// fast ones begin anew from there (Zhang et al., Lookahead Optimizer, 2019).
func lookAhead[T Float](c *Cell[T], slow []T, k int, alpha float64) {
	if c.Step%k != 0 {
		return
	}
	for i, w := range c.W {
		slow[i] += T(alpha) * (w - slow[i])
		c.W[i] = slow[i]
	}
}
