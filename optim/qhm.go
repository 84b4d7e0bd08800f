package optim

// QHM is torch_optimizer.QHM (Ma and Yarats, Quasi-hyperbolic momentum and Adam
// for deep learning, 2019): buf = μ·buf + (1−μ)·g, w −= lr·(ν·buf + (1−ν)·g).
type QHM struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Nu          float64 `json:"nu" doc:"share of the momentum in the step"`
	WeightDecay float64 `json:"weight_decay" doc:"weight decay, not negative"`
	DecayType   string  `json:"weight_decay_type" doc:"grad adds the decay to the gradient, direct decays the weights"`
}

// DefaultQHM is torch_optimizer's defaults.
func DefaultQHM() QHM { return QHM{LR: 1e-3, Nu: .7, DecayType: "grad"} }

var qhmEntry = entry{
	name: "QHM", rule: DefaultQHM(), doc: "a mean of gradient descent and momentum",
	formula: "buf = μ·buf + (1−μ)·g; w −= lr·(ν·buf + (1−ν)·g)",
	source:  "Ma and Yarats, Quasi-hyperbolic momentum and Adam for deep learning, 2019", paths: []string{"torch_optimizer.QHM"},
}

// Check implements Rule.
func (o QHM) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkAtLeastZero("momentum value", o.Momentum), checkChoice("weight_decay_type", o.DecayType, "grad", "direct"))
}

// Layout implements Rule.
func (o QHM) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "momentum_buffer"}}, Counter: Uncounted}
}

// Update32 implements Updater.
func (o QHM) Update32(c *Cell[float32]) { qhm(&o, c) }

// Update64 implements Updater.
func (o QHM) Update64(c *Cell[float64]) { qhm(&o, c) }

func qhm[T Float](o *QHM, c *Cell[T]) {
	keep, take, ofBuf, ofG := T(o.Momentum), T(1-o.Momentum), T(o.LR*o.Nu), T(o.LR*(1-o.Nu))
	decay, wd := T(1), T(o.WeightDecay)
	if o.DecayType == "direct" {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	w, buf := c.W, c.S[0]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		buf[i] = keep*buf[i] + take*g
		w[i] = w[i]*decay - ofBuf*buf[i] - ofG*g
	}
}
