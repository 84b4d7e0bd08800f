package optim

// TOPID is torch_optimizer.PID (An et al., A PID Controller Approach for
// Stochastic Optimization of Deep Networks, 2018): I = μ·I + (1−dampening)·g, D
// = μ·D + (1−μ)·(g−g′) for the gradient g′ of the step before, w −= lr·(g +
// integral·I + derivative·D). Without momentum it is plain SGD. The first step
// takes all of g into I, nothing into D, and does not keep g, so that the
// second takes the difference to zero, as the original does.
type TOPID struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Integral    float64 `json:"integral" doc:"factor of the integral part, not negative"`
	Derivative  float64 `json:"derivative" doc:"factor of the derivative part, not negative"`
}

// DefaultTOPID is torch_optimizer's defaults.
func DefaultTOPID() TOPID { return TOPID{LR: 1e-3, Integral: 5, Derivative: 10} }

var toPIDEntry = entry{
	name: "TOPID", rule: DefaultTOPID(), doc: "PID as torch_optimizer has it",
	formula: "I = μ·I + (1−dampening)·g; D = μ·D + (1−μ)·(g − g′); w −= lr·(g + integral·I + derivative·D)",
	source:  "An et al., A PID Controller Approach for Stochastic Optimization of Deep Networks, 2018", paths: []string{"torch_optimizer.PID"},
}

// Check implements Rule.
func (o TOPID) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkAtLeastZero("momentum value", o.Momentum), checkAtLeastZero("integral value", o.Integral), checkAtLeastZero("derivative value", o.Derivative))
}

// Layout implements Rule.
func (o TOPID) Layout(shape []int) Layout {
	var l Layout
	if o.Momentum != 0 {
		l = tensors("i_buffer", "grad_buffer", "d_buffer")
	}
	l.Counter = Uncounted
	return l
}

// Update32 implements Updater.
func (o TOPID) Update32(c *Cell[float32]) { toPID(&o, c) }

// Update64 implements Updater.
func (o TOPID) Update64(c *Cell[float64]) { toPID(&o, c) }

func toPID[T Float](o *TOPID, c *Cell[T]) {
	lr, wd, mu, in := T(o.LR), T(o.WeightDecay), T(o.Momentum), T(1-o.Dampening)
	ki, kd := T(o.Integral), T(o.Derivative)
	w := c.W
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		d := g
		if o.Momentum != 0 {
			sum, before, diff := &c.S[0][i], &c.S[1][i], &c.S[2][i]
			if c.Fresh {
				*sum = g
			} else {
				*sum = mu**sum + in*g
				*diff = mu**diff + (1-mu)*(g-*before)
				*before = g
			}
			d = g + ki**sum + kd**diff
		}
		w[i] -= lr * d
	}
}
