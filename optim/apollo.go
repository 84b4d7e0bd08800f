package optim

import "math"

// Apollo is torch_optimizer.Apollo (Ma, Apollo: An Adaptive Parameter-wise
// Diagonal Quasi-Newton Method, 2020): with δ = g − m: m += (1−β)/(1−βᵗ)·δ, d =
// d/(‖d‖₄+eps), B −= (α·Σ δ/(‖d‖₄+eps)·d + Σ B·d²)·d², d = m/max(|B|, 1), w −=
// lr·d; during the warm-up lr rises from init_lr to what it was at the
// parameter's first step.
type Apollo struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Beta        float64 `json:"beta" doc:"decay of the average of the gradient, in [0,1)"`
	Eps         float64 `json:"eps" doc:"added to the denominator, not negative"`
	Warmup      int     `json:"warmup" doc:"steps of the warm-up, not negative"`
	InitLR      float64 `json:"init_lr" doc:"learning rate that the warm-up begins with, in [0,1]"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
}

// DefaultApollo is torch_optimizer's defaults.
func DefaultApollo() Apollo { return Apollo{LR: 1e-2, Beta: .9, Eps: 1e-4, InitLR: 1e-2} }

var apolloEntry = entry{
	name: "Apollo", rule: DefaultApollo(), doc: "a quasi-Newton method with a diagonal Hessian",
	formula: "m += α·(g − m); B −= (α·Σ (g−m)·d/‖d‖₄ + Σ B·d²)·d²; d = m/max(|B|, 1); w −= lr·d",
	source:  "Ma, Apollo: An Adaptive Parameter-wise Diagonal Quasi-Newton Method, 2020", paths: []string{"torch_optimizer.Apollo"},
}

// Check implements Rule.
func (o Apollo) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkShare("beta parameter", o.Beta), checkAtLeastZero("warmup updates", float64(o.Warmup)), checkUnit("initial learning rate", o.InitLR))
}

// Layout implements Rule.
func (o Apollo) Layout(shape []int) Layout {
	l := tensors("exp_avg_grad", "approx_hessian", "update")
	l.Scalars = []Scalar{{"base_lr", o.LR}}
	return l
}

// Whole implements Whole: the direction is normalised as a whole.
func (o Apollo) Whole() bool { return true }

// Update32 implements Updater.
func (o Apollo) Update32(c *Cell[float32]) { apollo(&o, c) }

// Update64 implements Updater.
func (o Apollo) Update64(c *Cell[float64]) { apollo(&o, c) }

func apollo[T Float](o *Apollo, c *Cell[T]) {
	lr := o.LR
	if n := c.Step - 1; n < o.Warmup {
		lr = (c.Scalars[0]-o.InitLR)*float64(n)/float64(o.Warmup) + o.InitLR
	}
	alpha := (1 - o.Beta) / (1 - math.Pow(o.Beta, float64(c.Step)))
	m, b, d := c.S[0], c.S[1], c.S[2]
	fourth := 0.0
	for _, x := range d {
		fourth += float64(x) * float64(x) * float64(x) * float64(x)
	}
	denom := T(math.Sqrt(math.Sqrt(fourth)) + o.Eps)
	slope, curve := 0.0, 0.0
	for i, g := range c.G {
		delta := penalised(g, T(o.WeightDecay), c.W[i]) - m[i]
		m[i] += T(alpha) * delta
		d[i] /= denom
		slope += float64(delta/denom) * float64(d[i])
		curve += float64(b[i]) * float64(d[i]) * float64(d[i])
	}
	move := T(-alpha*slope - curve)
	for i := range d {
		b[i] += d[i] * d[i] * move
		d[i] = m[i] / max(abs(b[i]), 1)
		c.W[i] -= T(lr) * d[i]
	}
}
