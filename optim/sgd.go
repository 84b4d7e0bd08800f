package optim

import "errors"

// SGD is torch.optim.SGD: g = ±∇ + wd·w; with momentum μ the first step takes
// buf = g, later ones buf = μ·buf + (1−dampening)·g; the direction is buf, or
// g + μ·buf with Nesterov (Sutskever et al., On the importance of
// initialization and momentum in deep learning, 2013); w −= lr·direction.
type SGD struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that momentum leaves out"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultSGD is torch's defaults.
func DefaultSGD() SGD { return SGD{LR: 1e-3} }

var sgdEntry = entry{
	name: "SGD", rule: DefaultSGD(), doc: "stochastic gradient descent, with momentum",
	formula: "buf = μ·buf + (1−dampening)·g; w −= lr·buf", source: "torch.optim.SGD; Sutskever et al. 2013",
}

// Check implements Rule. Like torch, it lets a learning rate of NaN pass.
func (o SGD) Check() error {
	switch {
	case o.LR < 0:
		return outside("learning rate", o.LR, "lr must not be negative")
	case o.Momentum < 0:
		return outside("momentum value", o.Momentum, "momentum must not be negative")
	case o.WeightDecay < 0:
		return outside("weight_decay value", o.WeightDecay, "weight_decay must not be negative")
	case o.Nesterov && (o.Momentum <= 0 || o.Dampening != 0):
		return errNesterov
	}
	return nil
}

var errNesterov = errors.New("nesterov momentum requires a momentum and zero dampening")

// Layout implements Rule.
func (o SGD) Layout([]int) Layout {
	return Layout{Counter: Uncounted}.with(o.Momentum != 0, Tensor{Name: "momentum_buffer"})
}

// Sparse implements Sparse: momentum moves rows without a gradient too.
func (o SGD) Sparse() (Rows, error) {
	if o.WeightDecay != 0 {
		return 0, errDecayedRows
	}
	if o.Momentum != 0 {
		return RowsAmongZeros, nil
	}
	return RowsAlone, nil
}

// Switches implements Switched.
func (o SGD) Switches() []string { return []string{"foreach", "differentiable", "fused"} }

// Update32 implements Updater.
func (o SGD) Update32(c *Cell[float32]) { sgd(o, c) }

// Update64 implements Updater.
func (o SGD) Update64(c *Cell[float64]) { sgd(o, c) }

func sgd[T Float](o SGD, c *Cell[T]) {
	lr, wd, sign := T(o.LR), T(o.WeightDecay), signed[T](o.Maximize)
	w := c.W
	if o.Momentum == 0 {
		for i, d := range c.G {
			d = penalised(sign*d, wd, w[i])
			w[i] -= lr * d
		}
		return
	}
	mu, damp := T(o.Momentum), T(1-o.Dampening)
	buf := c.S[0]
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		if c.Fresh {
			buf[i] = d
		} else {
			buf[i] = mu*buf[i] + damp*d
		}
		if o.Nesterov {
			d += mu * buf[i]
		} else {
			d = buf[i]
		}
		w[i] -= lr * d
	}
}
