package optim

// LARS is torch_optimizer.LARS (You et al., Large Batch Training of
// Convolutional Networks, 2017): with weight decay d = (g +
// wd·w)·trust_coefficient·‖w‖/(‖g‖ + wd·‖w‖ + eps), where neither norm is 0,
// without it d = g; then momentum as in SGD.
type LARS struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty; the scaling takes place only with one"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Trust       float64 `json:"trust_coefficient" doc:"size of a step against that of the weights, not negative"`
	Eps         float64 `json:"eps" doc:"added to the denominator, not negative"`
}

// DefaultLARS is torch_optimizer's defaults.
func DefaultLARS() LARS { return LARS{LR: 1e-2, Trust: 1e-2, Eps: 1e-8} }

var larsEntry = entry{
	name: "LARS", rule: DefaultLARS(), doc: "SGD with steps in proportion to the size of the weights",
	formula: "d = (g + wd·w)·trust·‖w‖/(‖g‖ + wd·‖w‖ + eps); buf = μ·buf + (1−dampening)·d; w −= lr·buf",
	source:  "You et al., Large Batch Training of Convolutional Networks, 2017", paths: []string{"torch_optimizer.LARS"},
}

// Check implements Rule.
func (o LARS) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkAtLeastZero("momentum value", o.Momentum), checkAtLeastZero("dampening value", o.Dampening), checkAtLeastZero("trust_coefficient value", o.Trust), checkNesterov(o.Nesterov, o.Momentum, o.Dampening))
}

// Layout implements Rule.
func (o LARS) Layout(shape []int) Layout {
	var l Layout
	if o.Momentum != 0 {
		l = tensors("momentum_buffer")
	}
	l.Counter = Uncounted
	return l
}

// Whole implements Whole: norms are over all elements.
func (o LARS) Whole() bool { return true }

// Update32 implements Updater.
func (o LARS) Update32(c *Cell[float32]) { lars(&o, c) }

// Update64 implements Updater.
func (o LARS) Update64(c *Cell[float64]) { lars(&o, c) }

func lars[T Float](o *LARS, c *Cell[T]) {
	scale, penalty := T(1), T(0)
	if size, slope := length(c.W), length(c.G); o.WeightDecay != 0 && size != 0 && slope != 0 {
		scale = T(size / (slope + size*o.WeightDecay + o.Eps) * o.Trust)
		penalty = T(o.WeightDecay)
	}
	w, lr, mu, in := c.W, T(o.LR), T(o.Momentum), T(1-o.Dampening)
	for i, g := range c.G {
		d := (g + penalty*w[i]) * scale
		if o.Momentum != 0 {
			buf := momentum(c, &c.S[0][i], d, mu, in)
			if o.Nesterov {
				d += mu * buf
			} else {
				d = buf
			}
		}
		w[i] -= lr * d
	}
}
