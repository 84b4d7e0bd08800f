package optim

// TOSGDW is torch_optimizer.SGDW (Loshchilov and Hutter, Decoupled Weight Decay
// Regularization, 2019, as torch_optimizer has it): SGD, and then w −=
// lr·weight_decay: the decay is a constant, not a share of w, as the original
// has it. SGDW decays in proportion.
type TOSGDW struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	WeightDecay float64 `json:"weight_decay" doc:"what is taken off every weight, times lr; not negative"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
}

// DefaultTOSGDW is torch_optimizer's defaults.
func DefaultTOSGDW() TOSGDW { return TOSGDW{LR: 1e-3} }

var toSGDWEntry = entry{
	name: "TOSGDW", rule: DefaultTOSGDW(), doc: "SGD with a constant decay (see SGDW)",
	formula: "buf = μ·buf + (1−dampening)·g; w −= lr·buf; w −= lr·weight_decay",
	source:  "Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, as torch_optimizer has it", paths: []string{"torch_optimizer.SGDW"},
}

// Check implements Rule.
func (o TOSGDW) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkAtLeastZero("momentum value", o.Momentum), checkAtLeastZero("dampening value", o.Dampening), checkNesterov(o.Nesterov, o.Momentum, o.Dampening))
}

// Layout implements Rule.
func (o TOSGDW) Layout(shape []int) Layout {
	var l Layout
	if o.Momentum != 0 {
		l = tensors("momentum_buffer")
	}
	l.Counter = Uncounted
	return l
}

// Update32 implements Updater.
func (o TOSGDW) Update32(c *Cell[float32]) { toSGDW(&o, c) }

// Update64 implements Updater.
func (o TOSGDW) Update64(c *Cell[float64]) { toSGDW(&o, c) }

func toSGDW[T Float](o *TOSGDW, c *Cell[T]) {
	lr, mu, in, off := T(o.LR), T(o.Momentum), T(1-o.Dampening), T(o.LR*o.WeightDecay)
	w := c.W
	for i, g := range c.G {
		if o.Momentum != 0 {
			g = momentum(c, &c.S[0][i], g, mu, in)
			if o.Nesterov {
				g = c.G[i] + mu*g
			}
		}
		w[i] = w[i] - lr*g - off
	}
}

// momentum moves a momentum buffer, which begins with the first gradient.
func momentum[T Float](c *Cell[T], buf *T, g, mu, in T) T {
	if c.Fresh {
		*buf = g
	} else {
		*buf = mu**buf + in*g
	}
	return *buf
}
