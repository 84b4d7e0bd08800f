package optim

// PID is pytorch_optimizer.PID (An et al., A PID Controller Approach for
// Stochastic Optimization of Deep Networks, 2018): I = μ·I + (1−dampening)·g, D
// = μ·D + (1−μ)·(g−g′) for the gradient g′ of the step before, from the second
// step on, w −= lr·(g + integral·I + derivative·D); without momentum plain SGD.
type PID struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of both parts that is kept, in [0,1)"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	Derivative  float64 `json:"derivative" doc:"factor of the derivative part, not negative"`
	Integral    float64 `json:"integral" doc:"factor of the integral part, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool    `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool    `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPID is pytorch_optimizer's defaults.
func DefaultPID() PID { return PID{LR: 1e-3, Derivative: 10, Integral: 5} }

var pidEntry = entry{
	name: "PID", rule: DefaultPID(), doc: "gradient descent with integral and derivative parts",
	formula: "I = μ·I + (1−dampening)·g; D = μ·D + (1−μ)·(g − g′); w −= lr·(g + integral·I + derivative·D)",
	source:  "An et al., A PID Controller Approach for Stochastic Optimization of Deep Networks, 2018", paths: []string{"pytorch_optimizer.PID"},
}

// Check implements Rule.
func (o PID) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkShare("momentum value", o.Momentum), checkAtLeastZero("derivative value", o.Derivative), checkAtLeastZero("integral value", o.Integral))
}

// Layout implements Rule.
func (o PID) Layout(shape []int) Layout {
	if o.Momentum > 0 {
		return tensors("i_buffer", "grad_buffer", "d_buffer")
	}
	return Layout{}
}

// Update32 implements Updater.
func (o PID) Update32(c *Cell[float32]) { pid(&o, c) }

// Update64 implements Updater.
func (o PID) Update64(c *Cell[float64]) { pid(&o, c) }

func pid[T Float](o *PID, c *Cell[T]) {
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	lr, mu, in, up := T(o.LR), T(o.Momentum), T(1-o.Dampening), signed[T](o.Maximize)
	ki, kd := T(o.Integral), T(o.Derivative)
	w := c.W
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		d := g
		if o.Momentum > 0 {
			sum, before, diff := &c.S[0][i], &c.S[1][i], &c.S[2][i]
			*sum = mu**sum + in*g
			*diff = mu * *diff
			if !c.Fresh {
				*diff += (1 - mu) * (g - *before)
			}
			*before = g
			d = g + ki**sum + kd**diff
		}
		w[i] = w[i]*decay - lr*d
	}
}
