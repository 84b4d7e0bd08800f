package optim

// SGDW is pytorch_optimizer.SGDW (Loshchilov and Hutter, Decoupled Weight
// Decay Regularization, 2019): SGD with decoupled weight decay: buf = μ·buf +
// (1−dampening)·g from the first g, w = (1−lr·wd)·w − lr·buf, or with Nesterov
// g + μ·buf in place of buf.
type SGDW struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool    `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultSGDW is pytorch_optimizer's defaults.
func DefaultSGDW() SGDW { return SGDW{LR: 1e-4, Decouple: true} }

var sgdwEntry = entry{
	name: "SGDW", rule: DefaultSGDW(), doc: "SGD with decoupled weight decay",
	formula: "buf = μ·buf + (1−dampening)·g; w = (1 − lr·wd)·w − lr·buf",
	source:  "Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019", paths: []string{"pytorch_optimizer.SGDW"},
}

// Check implements Rule.
func (o SGDW) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkShare("momentum value", o.Momentum))
}

// Layout implements Rule.
func (o SGDW) Layout(shape []int) Layout {
	var l Layout
	if o.Momentum > 0 {
		l = tensors("momentum_buffer")
	}
	l.Counter = Uncounted
	return l
}

// Update32 implements Updater.
func (o SGDW) Update32(c *Cell[float32]) { sgdw(&o, c) }

// Update64 implements Updater.
func (o SGDW) Update64(c *Cell[float64]) { sgdw(&o, c) }

func sgdw[T Float](o *SGDW, c *Cell[T]) {
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, false})
	lr, mu, in, up := T(o.LR), T(o.Momentum), T(1-o.Dampening), signed[T](o.Maximize)
	w := c.W
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		d := g
		if o.Momentum > 0 {
			d = momentum(c, &c.S[0][i], g, mu, in)
			if o.Nesterov {
				d = g + mu*d
			}
		}
		w[i] = w[i]*decay - lr*d
	}
}
