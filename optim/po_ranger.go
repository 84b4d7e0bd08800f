package optim

import "math"

// PORanger is pytorch_optimizer.Ranger (Wright, Ranger; Yong et al., Gradient
// Centralization, 2020): the mean of each row of the gradient is taken out of
// it first (of parameters with two axes or more, with gc_conv_only four), then
// RAdam from n_sma_threshold on, before it SGD, or, where that is off, a step
// against the average, as the original takes it by a slip, and after every k-th
// step Lookahead.
type PORanger struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Alpha       float64    `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
	K           int        `json:"k" doc:"steps between two looks, at least 1"`
	Threshold   int        `json:"n_sma_threshold" doc:"length from which the variance is rectified"`
	SGD         bool       `json:"degenerated_to_sgd" doc:"step along the average while it is not"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Centralise  bool       `json:"use_gc" doc:"take the mean of each row out of the gradient"`
	ConvOnly    bool       `json:"gc_conv_only" doc:"of convolutions only"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPORanger is pytorch_optimizer's defaults.
func DefaultPORanger() PORanger {
	return PORanger{LR: 1e-3, Betas: [2]float64{.95, .999}, Alpha: .5, K: 6, Threshold: 5, Decouple: true, Centralise: true, Eps: 1e-5}
}

var poRangerEntry = entry{
	name: "PORanger", rule: DefaultPORanger(), doc: "Ranger as pytorch_optimizer has it",
	formula: "RAdam of centred gradients; every k steps slow = lerp(slow, w, α); w = slow",
	source:  "Wright, Ranger; Yong et al., Gradient Centralization, 2020", paths: []string{"pytorch_optimizer.Ranger"},
}

// Check implements Rule.
func (o PORanger) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkLook(o.K, o.Alpha))
}

// Layout implements Rule.
func (o PORanger) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(true, Tensor{Name: "slow_buffer", Copy: true})
}

// Whole implements Whole: rows are centred as a whole.
func (o PORanger) Whole() bool { return true }

// Update32 implements Updater.
func (o PORanger) Update32(c *Cell[float32]) { poRanger(&o, c) }

// Update64 implements Updater.
func (o PORanger) Update64(c *Cell[float64]) { poRanger(&o, c) }

func poRanger[T Float](o *PORanger, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	a1, k2, a2 := T(1-b1), T(b2), T(1-b2)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	step, rectified := rectifiedStep(1/(1-math.Pow(b1, t)), rectifying{b2, t, o.Threshold, o.SGD})
	size, eps, up := T(o.LR*step), T(o.Eps), signed[T](o.Maximize)
	rows := 0
	if axes := len(c.Shape); o.Centralise && (axes > 3 || axes > 1 && !o.ConvOnly) {
		rows = c.Shape[0]
	}
	w, m, v := c.W, c.S[0], c.S[1]
	width := len(w) / max(rows, 1)
	mean := T(0)
	for i, g := range c.G {
		if rows > 0 && i%width == 0 {
			mean = T(sum(c.G[i:][:width]) / float64(width))
		}
		g = penalised(up*(g-mean), wd, w[i])
		m[i] = lerp(m[i], g, a1)
		v[i] = k2*v[i] + a2*g*g
		if rectified {
			w[i] = w[i]*decay - size*m[i]/(sqrt(v[i])+eps)
		} else {
			w[i] = w[i]*decay - size*m[i]
		}
	}
	lookAhead(c, c.S[2], o.K, o.Alpha)
}
