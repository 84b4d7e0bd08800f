package optim

// POLARS is pytorch_optimizer.LARS (You et al., Large Batch Training of
// Convolutional Networks, 2017): parameters with two axes or more take d = (g +
// wd·w)·trust_coefficient·‖w‖/(‖g‖ + wd·‖w‖), others d = g; buf = μ·buf +
// (1−dampening)·d from zero, w −= lr·buf, or with Nesterov w −= lr·(d + μ·buf).
type POLARS struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty of parameters with two axes or more, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, in [0,1)"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum, in [0,1)"`
	Trust       float64 `json:"trust_coefficient" doc:"size of a step against that of the weights, not negative"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPOLARS is pytorch_optimizer's defaults.
func DefaultPOLARS() POLARS { return POLARS{LR: 1e-3, Momentum: .9, Trust: 1e-3} }

var poLARSEntry = entry{
	name: "POLARS", rule: DefaultPOLARS(), doc: "LARS as pytorch_optimizer has it",
	formula: "d = (g + wd·w)·trust·‖w‖/(‖g‖ + wd·‖w‖); buf = μ·buf + (1−dampening)·d; w −= lr·buf",
	source:  "You et al., Large Batch Training of Convolutional Networks, 2017", paths: []string{"pytorch_optimizer.LARS"},
}

// Check implements Rule.
func (o POLARS) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkShare("momentum value", o.Momentum), checkShare("dampening value", o.Dampening), checkAtLeastZero("trust_coefficient value", o.Trust))
}

// Layout implements Rule.
func (o POLARS) Layout(shape []int) Layout {
	var l Layout
	if o.Momentum > 0 {
		l = tensors("momentum_buffer")
	}
	l.Counter = Uncounted
	return l
}

// Whole implements Whole: norms are over all elements.
func (o POLARS) Whole() bool { return true }

// Update32 implements Updater.
func (o POLARS) Update32(c *Cell[float32]) { poLARS(&o, c) }

// Update64 implements Updater.
func (o POLARS) Update64(c *Cell[float64]) { poLARS(&o, c) }

func poLARS[T Float](o *POLARS, c *Cell[T]) {
	scale, penalty := T(1), T(0)
	if len(c.Shape) > 1 {
		penalty = T(o.WeightDecay)
		size := length(c.W)
		if under := length(c.G) + o.WeightDecay*size; size > 0 && under > 0 {
			scale = T(o.Trust * size / under)
		}
	}
	w, lr, mu, in, up := c.W, T(o.LR), T(o.Momentum), T(1-o.Dampening), signed[T](o.Maximize)
	for i, g := range c.G {
		d := (up*g + penalty*w[i]) * scale
		if o.Momentum > 0 {
			buf := &c.S[0][i]
			*buf = mu**buf + in*d
			if o.Nesterov {
				d += mu * *buf
			} else {
				d = *buf
			}
		}
		w[i] -= lr * d
	}
}
