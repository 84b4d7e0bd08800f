package optim

// RMSprop is torch.optim.RMSprop (Hinton, Neural Networks for Machine Learning,
// lecture 6, 2012): v = α·v + (1−α)·g²; centred, ḡ = lerp(ḡ, g, 1−α) and
// s = v − ḡ², else s = v; w −= lr·g/(√s+eps), or with momentum
// buf = μ·buf + g/(√s+eps) and w −= lr·buf.
type RMSprop struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Alpha       float64 `json:"alpha" doc:"decay of the average of squares, not negative"`
	Eps         float64 `json:"eps" doc:"added to the root, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept"`
	Centered    bool    `json:"centered" doc:"divide by the estimated variance instead of the second moment"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultRMSprop is torch's defaults.
func DefaultRMSprop() RMSprop { return RMSprop{LR: 1e-2, Alpha: .99, Eps: 1e-8} }

var rmspropEntry = entry{
	name: "RMSprop", rule: DefaultRMSprop(), doc: "learning rates by an average of squared gradients",
	formula: "v = α·v + (1−α)·g²; buf = μ·buf + g/(√v + eps); w −= lr·buf", source: "torch.optim.RMSprop; Hinton 2012",
}

// Check implements Rule.
func (o RMSprop) Check() error {
	return firstOf(checkRate(o.LR, 0), checkEps(o.Eps), checkAtLeastZero("momentum value", o.Momentum),
		checkRate(0, o.WeightDecay), checkAtLeastZero("alpha value", o.Alpha))
}

// Layout implements Rule.
func (o RMSprop) Layout([]int) Layout {
	return tensors("square_avg").with(o.Momentum > 0, Tensor{Name: "momentum_buffer"}).with(o.Centered, Tensor{Name: "grad_avg"})
}

// Switches implements Switched.
func (o RMSprop) Switches() []string { return []string{"capturable", "foreach", "differentiable"} }

// Update32 implements Updater.
func (o RMSprop) Update32(c *Cell[float32]) { rmsprop(&o, c) }

// Update64 implements Updater.
func (o RMSprop) Update64(c *Cell[float64]) { rmsprop(&o, c) }

func rmsprop[T Float](o *RMSprop, c *Cell[T]) {
	lr, keep, add, mu := T(o.LR), T(o.Alpha), T(1-o.Alpha), T(o.Momentum)
	eps, wd, sign := T(o.Eps), T(o.WeightDecay), signed[T](o.Maximize)
	w, v := c.W, c.S[0]
	var buf, mean []T
	if o.Momentum > 0 {
		buf = c.S[1]
	}
	if o.Centered {
		mean = c.S[len(c.S)-1]
	}
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		v[i] = keep*v[i] + add*d*d
		s := v[i]
		if mean != nil {
			mean[i] = lerp(mean[i], d, add)
			s -= mean[i] * mean[i]
		}
		d /= sqrt(s) + eps
		if buf != nil {
			buf[i] = mu*buf[i] + d
			d = buf[i]
		}
		w[i] -= lr * d
	}
}
