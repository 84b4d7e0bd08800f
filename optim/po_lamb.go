package optim

import "math"

// POLAMB is pytorch_optimizer.Lamb (You et al., Large Batch Optimization for
// Deep Learning, 2020): m = β1·m + (1−β1)·g (or + g without grad_averaging), v
// as in Adam, u = m/(√v+eps), w −= lr/(1−β1ᵗ)·min(‖w‖, 10)/(‖u‖+eps)·u. With
// rectify the trust ratio is that of the stepped weights, as in the original.
// pre_norm, which looks at the gradients of all parameters, is not there: clip
// them by norm.
type POLAMB struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Rectify     bool       `json:"rectify" doc:"rectify the variance as RAdam does"`
	SGD         bool       `json:"degenerated_to_sgd" doc:"step along the average while it is not"`
	Threshold   int        `json:"n_sma_threshold" doc:"length from which the variance is rectified"`
	Averaging   bool       `json:"grad_averaging" doc:"take a share of 1−β1 of the gradient into the average"`
	MaxNorm     float64    `json:"max_grad_norm" doc:"has no effect without pre_norm"`
	Adam        bool       `json:"adam" doc:"leave the trust ratio at 1"`
	PreNorm     bool       `json:"pre_norm" doc:"not supported: use gradient_clip_val"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPOLAMB is pytorch_optimizer's defaults.
func DefaultPOLAMB() POLAMB {
	return POLAMB{LR: 1e-3, Betas: [2]float64{.9, .999}, Decouple: true, Threshold: 5, Averaging: true, MaxNorm: 1, Eps: 1e-6}
}

var poLAMBEntry = entry{
	name: "POLAMB", rule: DefaultPOLAMB(), doc: "LAMB as pytorch_optimizer has it",
	formula: "u = m/(√v + eps); w −= lr/(1−β1ᵗ)·min(‖w‖, 10)/(‖u‖ + eps)·u",
	source:  "You et al., Large Batch Optimization for Deep Learning, 2020", paths: []string{"pytorch_optimizer.Lamb", "pytorch_optimizer.LAMB"},
}

// Check implements Rule.
func (o POLAMB) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkOff("pre_norm", o.PreNorm, "clip gradients by norm instead"))
}

// Layout implements Rule.
func (o POLAMB) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Whole implements Whole: norms are over all elements.
func (o POLAMB) Whole() bool { return true }

// Update32 implements Updater.
func (o POLAMB) Update32(c *Cell[float32]) { poLAMB(&o, c) }

// Update64 implements Updater.
func (o POLAMB) Update64(c *Cell[float64]) { poLAMB(&o, c) }

func poLAMB[T Float](o *POLAMB, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	step, rectified := 1/(1-math.Pow(b1, t)), false
	if o.Rectify {
		step, rectified = rectifiedStep(step, rectifying{b2, t, o.Threshold, o.SGD})
	}
	if !o.Averaging {
		a1 = 1
	}
	eps, up := T(o.Eps), signed[T](o.Maximize)
	u, release := c.Scratch(len(c.G))
	defer release()
	m, v := c.S[0], c.S[1]
	for i, g := range c.G {
		g *= up
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		c.W[i] *= decay
		u[i] = m[i]
		if rectified || !o.Rectify {
			u[i] /= sqrt(v[i]) + eps
		}
		if !o.Rectify {
			u[i] += wd * c.W[i]
		}
	}
	if o.Rectify && step <= 0 {
		return
	}
	size := o.LR * step
	if !o.Adam {
		const most = 10
		w, along := min(length(c.W), most), length(u)
		if o.Rectify {
			along = lengthAfter(c.W, u, T(size))
		}
		if w != 0 && along != 0 {
			size *= w / (along + o.Eps)
		}
	}
	for i, d := range u {
		c.W[i] -= T(size) * d
	}
}

// lengthAfter is the norm of w − step·u.
func lengthAfter[T Float](w, u []T, step T) float64 {
	var s float64
	for i, x := range w {
		d := float64(x - step*u[i])
		s += d * d
	}
	return math.Sqrt(s)
}
