package optim

import "math"

// A2GradExp is torch_optimizer.A2GradExp (Deng et al., Optimal Adaptive and
// Accelerated Stochastic Gradient Descent, 2018): with γ = 2·lips/t and h from
// the sum of (g − mean g)²: x −= g/(γ + beta·h), w = (1−α)·w + α·x −
// (1−α)·α′·g/(γ + beta·h), α = 2/(t+2) and α′ that of the step before. u =
// rho·u + (1−rho)·Σ(g−ḡ)², v = max(u, v), h = √(t·v).
type A2GradExp struct {
	LR   float64 `json:"lr" doc:"has no effect: the method chooses its steps"`
	Beta float64 `json:"beta" doc:"factor of the deviation of the gradients, not negative"`
	Lips float64 `json:"lips" doc:"Lipschitz constant of the gradient, not negative"`
	Rho  float64 `json:"rho" doc:"decay of the average of the deviations, in [0,1]"`
}

// DefaultA2GradExp is torch_optimizer's defaults.
func DefaultA2GradExp() A2GradExp { return A2GradExp{Beta: 10, Lips: 10, Rho: .5} }

var a2GradExpEntry = entry{
	name: "A2GradExp", rule: DefaultA2GradExp(), doc: "accelerated descent with exponential averages",
	formula: "u = rho·u + (1−rho)·Σ(g−ḡ)²; v = max(u, v); h = √(t·v); x −= g/(γ + beta·h); w = (1−α)·w + α·x − (1−α)·α′·g/(γ + beta·h)",
	source:  "Deng et al., Optimal Adaptive and Accelerated Stochastic Gradient Descent, 2018", paths: []string{"torch_optimizer.A2GradExp"},
}

// Check implements Rule.
func (o A2GradExp) Check() error {
	return firstOf(checkAtLeastZero("beta value", o.Beta), checkAtLeastZero("lips value", o.Lips), checkUnit("rho value", o.Rho))
}

// Layout implements Rule.
func (o A2GradExp) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "x_k", Copy: true}, {Name: "avg_grad"}, {Name: "v_k", Shape: []int{1}}, {Name: "v_kk", Shape: []int{1}}}, Counter: CountInt}
}

// Whole implements Whole: the deviation is over all elements.
func (o A2GradExp) Whole() bool { return true }

// Update32 implements Updater.
func (o A2GradExp) Update32(c *Cell[float32]) { a2GradExp(&o, c) }

// Update64 implements Updater.
func (o A2GradExp) Update64(c *Cell[float64]) { a2GradExp(&o, c) }

func a2GradExp[T Float](o *A2GradExp, c *Cell[T]) {
	n := float64(c.Step - 1)
	x, avg, v := c.S[0], c.S[1], c.S[2]
	spread := 0.0
	for i, g := range c.G {
		if c.Fresh {
			avg[i] = g
		}
		avg[i] = (avg[i]*T(n) + g) / T(n+1)
		spread += float64(g-avg[i]) * float64(g-avg[i])
	}
	u := c.S[3]
	if c.Fresh {
		u[0] = T(spread)
	} else {
		u[0] = T(o.Rho)*u[0] + T((1-o.Rho)*spread)
	}
	v[0] = max(u[0], v[0])
	h := math.Sqrt((n + 1) * float64(v[0]))
	step := T(1 / (2*o.Lips/(n+1) + o.Beta*h))
	before := 1.0
	if n > 0 {
		before = 2 / (n + 2)
	}
	next := T(2 / (n + 3))
	for i, g := range c.G {
		x[i] -= step * g
		c.W[i] = c.W[i]*(1-next) + x[i]*next - (1-next)*T(before)*step*g
	}
}
