package optim

import "math"

// NAdam is torch.optim.NAdam (Dozat, Incorporating Nesterov Momentum into Adam,
// 2016): μ(t) = β1·(1−½·0.96^(t·ψ)), P(t) = μ(1)⋯μ(t), m and v as in Adam,
// denom = √(v/(1−β2ᵗ)) + eps,
// w −= lr·((1−μ(t))/(1−P(t))·g + μ(t+1)/(1−P(t+1))·m)/denom.
type NAdam struct {
	LR            float64    `json:"lr" doc:"learning rate, not negative"`
	Betas         [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps           float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay   float64    `json:"weight_decay" doc:"weight decay, not negative"`
	MomentumDecay float64    `json:"momentum_decay" doc:"ψ, how fast the momentum warms up, not negative"`
	Decoupled     bool       `json:"decoupled_weight_decay" doc:"decay the weights themselves"`
	Maximize      bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultNAdam is torch's defaults.
func DefaultNAdam() NAdam {
	return NAdam{LR: 2e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8, MomentumDecay: 4e-3}
}

var nadamEntry = entry{
	name: "NAdam", rule: DefaultNAdam(), doc: "Adam with Nesterov momentum",
	formula: "μ(t) = β1·(1−½·0.96^(t·ψ)); w −= lr·((1−μ(t))/(1−P(t))·g + μ(t+1)/(1−P(t+1))·m)/(√v̂ + eps)", source: "torch.optim.NAdam; Dozat 2016",
}

// Check implements Rule.
func (o NAdam) Check() error {
	if err := firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...)); err != nil {
		return err
	}
	return checkAtLeastZero("momentum_decay value", o.MomentumDecay)
}

// Layout implements Rule.
func (o NAdam) Layout([]int) Layout {
	l := tensors("exp_avg", "exp_avg_sq")
	l.Scalars = []Scalar{{"mu_product", 1}}
	return l
}

// mu is the momentum of step t.
func (o *NAdam) mu(t int) float64 {
	return o.Betas[0] * (1 - 0.5*math.Pow(0.96, float64(t)*o.MomentumDecay))
}

// Advance implements Advancer.
func (o NAdam) Advance(s *State) { s.Scalars[0] *= o.mu(s.Step) }

// Switches implements Switched.
func (o NAdam) Switches() []string { return []string{"foreach", "capturable", "differentiable"} }

// Update32 implements Updater.
func (o NAdam) Update32(c *Cell[float32]) { nadam(&o, c) }

// Update64 implements Updater.
func (o NAdam) Update64(c *Cell[float64]) { nadam(&o, c) }

func nadam[T Float](o *NAdam, c *Cell[T]) {
	mu, next := o.mu(c.Step), o.mu(c.Step+1)
	product := c.Scalars[0] * mu
	ofG, ofM := T(o.LR*(1-mu)/(1-product)), T(o.LR*next/(1-product*next))
	correction := T(1 - math.Pow(o.Betas[1], float64(c.Step)))
	a1, a2, keep, eps, wd := T(1-o.Betas[0]), T(1-o.Betas[1]), T(o.Betas[1]), T(o.Eps), T(o.WeightDecay)
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
		denom := sqrt(v[i]/correction) + eps
		w[i] = x - ofG*d/denom - ofM*m[i]/denom
	}
}
