package optim

// SGDP is torch_optimizer.SGDP (Heo et al., AdamP, 2021): buf = μ·buf +
// (1−dampening)·g, the direction buf, or g + μ·buf with Nesterov, projected as
// in AdamP; decoupled weight decay by lr·wd·ratio/(1−μ).
type SGDP struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	Eps         float64 `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	Delta       float64 `json:"delta" doc:"largest cosine of gradient and weights, times the root of their number, that is projected; not negative"`
	Ratio       float64 `json:"wd_ratio" doc:"factor of the weight decay where the step is projected, not negative"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
}

// DefaultSGDP is torch_optimizer's defaults.
func DefaultSGDP() SGDP { return SGDP{LR: 1e-3, Eps: 1e-8, Delta: .1, Ratio: .1} }

var sgdpEntry = entry{
	name: "SGDP", rule: DefaultSGDP(), doc: "SGD that does not let scale-invariant weights grow",
	formula: "buf = μ·buf + (1−dampening)·g; p = buf − (ŵ·buf)·ŵ; w −= lr·p",
	source:  "Heo et al., AdamP, 2021", paths: []string{"torch_optimizer.SGDP"},
}

// Check implements Rule.
func (o SGDP) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkAtLeastZero("momentum value", o.Momentum), checkAtLeastZero("dampening value", o.Dampening), checkAtLeastZero("delta value", o.Delta), checkAtLeastZero("wd_ratio value", o.Ratio))
}

// Layout implements Rule.
func (o SGDP) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "momentum"}}, Counter: Uncounted}
}

// Whole implements Whole: the projection is of all elements.
func (o SGDP) Whole() bool { return true }

// Update32 implements Updater.
func (o SGDP) Update32(c *Cell[float32]) { sgdp(&o, c) }

// Update64 implements Updater.
func (o SGDP) Update64(c *Cell[float64]) { sgdp(&o, c) }

func sgdp[T Float](o *SGDP, c *Cell[T]) {
	p, release := c.Scratch(len(c.G))
	defer release()
	buf, mu, in := c.S[0], T(o.Momentum), T(1-o.Dampening)
	for i, g := range c.G {
		buf[i] = mu*buf[i] + in*g
		p[i] = buf[i]
		if o.Nesterov {
			p[i] = g + mu*buf[i]
		}
	}
	ratio := project(c, p, projection{o.Delta, o.Ratio, o.Eps})
	decay, lr := T(1), T(o.LR)
	if o.WeightDecay != 0 {
		decay = T(1 - o.LR*o.WeightDecay*ratio/(1-o.Momentum))
	}
	if !o.Nesterov { // the buffer itself is projected, as in the original
		copy(buf, p)
	}
	for i, d := range p {
		c.W[i] = c.W[i]*decay - lr*d
	}
}
