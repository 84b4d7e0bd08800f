package optim

import "math"

// AdamP is torch_optimizer.AdamP (Heo et al., AdamP: Slowing Down the Slowdown
// for Momentum Optimizers on Scale-invariant Weights, 2021): Adam's direction p
// = m/(√v/√(1−β2ᵗ) + eps) without its part along the weights, where these
// hardly matter to the loss: for each channel, or else for all, if no cosine of
// gradient and weights is above delta/√n. Only parameters with two axes or more
// are projected. Decoupled weight decay, times wd_ratio where projected.
type AdamP struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	Delta       float64    `json:"delta" doc:"largest cosine of gradient and weights, times the root of their number, that is projected; not negative"`
	Ratio       float64    `json:"wd_ratio" doc:"factor of the weight decay where the step is projected, not negative"`
	Nesterov    bool       `json:"nesterov" doc:"look ahead along the momentum"`
}

// DefaultAdamP is torch_optimizer's defaults.
func DefaultAdamP() AdamP {
	return AdamP{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8, Delta: .1, Ratio: .1}
}

var adamPEntry = entry{
	name: "AdamP", rule: DefaultAdamP(), doc: "Adam that does not let scale-invariant weights grow",
	formula: "p = m/(√v/√(1−β2ᵗ) + eps); p −= (ŵ·p)·ŵ; w −= lr/(1−β1ᵗ)·p",
	source:  "Heo et al., AdamP: Slowing Down the Slowdown for Momentum Optimizers on Scale-invariant Weights, 2021", paths: []string{"torch_optimizer.AdamP"},
}

// Check implements Rule.
func (o AdamP) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkAtLeastZero("delta value", o.Delta), checkAtLeastZero("wd_ratio value", o.Ratio))
}

// Layout implements Rule.
func (o AdamP) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Whole implements Whole: the projection is of all elements.
func (o AdamP) Whole() bool { return true }

// Update32 implements Updater.
func (o AdamP) Update32(c *Cell[float32]) { adamP(&o, c) }

// Update64 implements Updater.
func (o AdamP) Update64(c *Cell[float64]) { adamP(&o, c) }

func adamP[T Float](o *AdamP, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	correction, eps := T(math.Sqrt(1-math.Pow(b2, t))), T(o.Eps)
	p, release := c.Scratch(len(c.G))
	defer release()
	m, v := c.S[0], c.S[1]
	for i, g := range c.G {
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		d := m[i]
		if o.Nesterov {
			d = k1*d + a1*g
		}
		p[i] = d / (sqrt(v[i])/correction + eps)
	}
	ratio := project(c, p, projection{o.Delta, o.Ratio, o.Eps})
	decay, step := T(1-o.LR*o.WeightDecay*ratio), T(o.LR/(1-math.Pow(b1, t)))
	for i, d := range p {
		c.W[i] = c.W[i]*decay - step*d
	}
}

// projection is when and how AdamP and SGDP project their steps.
type projection struct{ delta, ratio, eps float64 }

// project takes the part along the weights out of a direction, channel by channel
// or as a whole, where the gradient is nearly at right angles to the weights. It
// gives the factor of the weight decay.
func project[T Float](c *Cell[T], p []T, o projection) float64 {
	if len(c.Shape) < 2 || len(p) == 0 {
		return 1
	}
	for _, rows := range []int{c.Shape[0], 1} {
		width := len(p) / rows
		largest := 0.0
		for r := range rows {
			g, w := c.G[r*width:][:width], c.W[r*width:][:width]
			largest = max(largest, math.Abs(dot(g, w))/(length(g)+o.eps)/(length(w)+o.eps))
		}
		if largest >= o.delta/math.Sqrt(float64(width)) {
			continue
		}
		for r := range rows {
			p, w := p[r*width:][:width], c.W[r*width:][:width]
			size := length(w) + o.eps
			along := T(dot(w, p) / size / size)
			for i := range p {
				p[i] -= w[i] * along
			}
		}
		return o.ratio
	}
	return 1
}
