package optim

import "math"

// A2GradUni is torch_optimizer.A2GradUni (Deng et al., Optimal Adaptive and
// Accelerated Stochastic Gradient Descent, 2018): with γ = 2·lips/t and h from
// the sum of (g − mean g)²: x −= g/(γ + beta·h), w = (1−α)·w + α·x −
// (1−α)·α′·g/(γ + beta·h), α = 2/(t+2) and α′ that of the step before. v +=
// Σ(g−ḡ)²; h = √v.
type A2GradUni struct {
	LR   float64 `json:"lr" doc:"has no effect: the method chooses its steps"`
	Beta float64 `json:"beta" doc:"factor of the deviation of the gradients, not negative"`
	Lips float64 `json:"lips" doc:"Lipschitz constant of the gradient, not negative"`
}

// DefaultA2GradUni is torch_optimizer's defaults.
func DefaultA2GradUni() A2GradUni { return A2GradUni{Beta: 10, Lips: 10} }

var a2GradUniEntry = entry{
	name: "A2GradUni", rule: DefaultA2GradUni(), doc: "accelerated descent with uniform averages",
	formula: "v += Σ(g−ḡ)²; h = √v; x −= g/(γ + beta·h); w = (1−α)·w + α·x − (1−α)·α′·g/(γ + beta·h)",
	source:  "Deng et al., Optimal Adaptive and Accelerated Stochastic Gradient Descent, 2018", paths: []string{"torch_optimizer.A2GradUni"},
}

// Check implements Rule.
func (o A2GradUni) Check() error {
	return firstOf(checkAtLeastZero("beta value", o.Beta), checkAtLeastZero("lips value", o.Lips))
}

// Layout implements Rule.
func (o A2GradUni) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "x_k", Copy: true}, {Name: "avg_grad"}, {Name: "v_k", Shape: []int{1}}}, Counter: CountInt}
}

// Whole implements Whole: the deviation is over all elements.
func (o A2GradUni) Whole() bool { return true }

// Update32 implements Updater.
func (o A2GradUni) Update32(c *Cell[float32]) { a2GradUni(&o, c) }

// Update64 implements Updater.
func (o A2GradUni) Update64(c *Cell[float64]) { a2GradUni(&o, c) }

func a2GradUni[T Float](o *A2GradUni, c *Cell[T]) {
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
	v[0] += T(spread)
	h := math.Sqrt(float64(v[0]))
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
