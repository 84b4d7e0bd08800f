package optim

import "math"

// RangerVA is torch_optimizer.RangerVA (pytorch_ranger; Tong et al.,
// Calibrating the Adaptive Learning Rate to Improve Convergence of ADAM, 2019):
// m as in Adam; v is updated twice a step, by g² and by the transformed
// gradient, as in the original; the step is lr·√(1−β2ᵗ)/(1−β1ᵗ) · m/softplus(x)
// with x = √v, or v where the gradient's transformer is abs, with amsgrad the
// largest so far; without softplus lr times that, divided by √v+eps. After
// every k-th step Lookahead, see Ranger.
type RangerVA struct {
	LR              float64    `json:"lr" doc:"learning rate, not negative"`
	Alpha           float64    `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
	K               int        `json:"k" doc:"steps between two looks, at least 1"`
	Threshold       float64    `json:"n_sma_threshhold" doc:"has no effect"`
	Betas           [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps             float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay     float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	AMSGrad         bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Transformer     string     `json:"transformer" doc:"softplus, or anything else for none"`
	Smooth          float64    `json:"smooth" doc:"sharpness of softplus"`
	GradTransformer string     `json:"grad_transformer" doc:"square or abs"`
}

// DefaultRangerVA is torch_optimizer's defaults.
func DefaultRangerVA() RangerVA {
	return RangerVA{LR: 1e-3, Alpha: .5, K: 6, Threshold: 5, Betas: [2]float64{.95, .999}, Eps: 1e-5, AMSGrad: true, Transformer: "softplus", Smooth: 50, GradTransformer: "square"}
}

var rangerVAEntry = entry{
	name: "RangerVA", rule: DefaultRangerVA(), doc: "Ranger by calibrated rates instead of rectified ones",
	formula: "w −= lr·√(1−β2ᵗ)/(1−β1ᵗ)·m/softplus(√v); every k steps slow += α·(w − slow); w = slow",
	source:  "pytorch_ranger; Tong et al., Calibrating the Adaptive Learning Rate to Improve Convergence of ADAM, 2019", paths: []string{"torch_optimizer.RangerVA"},
}

// Check implements Rule.
func (o RangerVA) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkLook(o.K, o.Alpha), checkChoice("grad_transformer", o.GradTransformer, "square", "abs"))
}

// Layout implements Rule.
func (o RangerVA) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(true, Tensor{Name: "slow_buffer", Copy: true}).with(o.AMSGrad, Tensor{Name: "max_exp_avg_sq"})
}

// Update32 implements Updater.
func (o RangerVA) Update32(c *Cell[float32]) { rangerVA(&o, c) }

// Update64 implements Updater.
func (o RangerVA) Update64(c *Cell[float64]) { rangerVA(&o, c) }

func rangerVA[T Float](o *RangerVA, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	step := o.LR * math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t))
	decay, eps, soft, square := T(1-o.WeightDecay*o.LR), T(o.Eps), o.Transformer == "softplus", o.GradTransformer == "square"
	if !soft {
		step *= o.LR
	}
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		other := abs(g)
		if square {
			other = g * g
		}
		v[i] = k2*(k2*v[i]+a2*g*g) + a2*other
		x := v[i]
		if o.AMSGrad {
			c.S[3][i] = max(c.S[3][i], x)
			x = c.S[3][i]
		}
		if square {
			x = sqrt(x)
		}
		if soft {
			x = softplus(x, o.Smooth)
		} else {
			x = sqrt(v[i]) + eps
		}
		w[i] = w[i]*decay - T(step)*m[i]/x
	}
	lookAhead(c, c.S[2], o.K, o.Alpha)
}

// softplus is log(1+exp(βx))/β, and x where βx is above 20, as torch has it.
func softplus[T Float](x T, beta float64) T {
	z := beta * float64(x)
	if z > 20 {
		return x
	}
	return T(math.Log1p(math.Exp(z)) / beta)
}
