package optim

import "math"

// LaProp is pytorch_optimizer.LaProp (Ziyin et al., LaProp: Separating Momentum
// and Adaptivity in Adam, 2020): v = β2·v + (1−β2)·g², m = β1·m +
// (1−β1)·lr·g/(√v̂+eps), w −= m/c (1e-15 is added under the root), where c is 1−β1ᵗ, or with changing rates the
// average rate's share of the present one; the decay of the weights comes last.
// With centered v is less the square of the average gradient from a step on.
type LaProp struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Centered    bool       `json:"centered" doc:"take the square of the average gradient from the second moment"`
	Before      int        `json:"steps_before_using_centered" doc:"steps before that begins"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	AMSBound    bool       `json:"ams_bound" doc:"divide by the largest second moment so far"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultLaProp is pytorch_optimizer's defaults.
func DefaultLaProp() LaProp {
	return LaProp{LR: 4e-4, Betas: [2]float64{.9, .999}, Before: 10, Decouple: true, Eps: 1e-15}
}

var laPropEntry = entry{
	name: "LaProp", rule: DefaultLaProp(), doc: "Adam that normalises before it averages",
	formula: "m = β1·m + (1−β1)·lr·g/(√v̂ + eps); w −= m/(1−β1ᵗ)",
	source:  "Ziyin et al., LaProp: Separating Momentum and Adaptivity in Adam, 2020", paths: []string{"pytorch_optimizer.LaProp"},
}

// Check implements Rule.
func (o LaProp) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o LaProp) Layout(shape []int) Layout {
	l := tensors("exp_avg", "exp_avg_sq").with(o.Centered, Tensor{Name: "exp_mean_avg_beta2"}).with(o.AMSBound, Tensor{Name: "max_exp_avg_sq"})
	l.Scalars = []Scalar{{"exp_avg_lr_1", 0}}
	return l
}

// Advance implements Advancer.
func (o LaProp) Advance(s *State) { s.Scalars[0] = s.Scalars[0]*o.Betas[0] + (1-o.Betas[0])*o.LR }

// Update32 implements Updater.
func (o LaProp) Update32(c *Cell[float32]) { laProp(&o, c) }

// Update64 implements Updater.
func (o LaProp) Update64(c *Cell[float64]) { laProp(&o, c) }

func laProp[T Float](o *LaProp, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	step, rate := T(1), c.Scalars[0]*b1+(1-b1)*o.LR
	if o.LR != 0 {
		step = T(o.LR / rate)
	}
	correction, eps, up := T(math.Sqrt(1-math.Pow(b2, t))), T(o.Eps), signed[T](o.Maximize)
	k1, in, k2, a2 := T(b1), T((1-b1)*o.LR), T(b2), T(1-b2)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g *= up
		v[i] = k2*v[i] + a2*g*g
		x := v[i]
		if o.Centered {
			mean := &c.S[2][i]
			*mean = lerp(*mean, g, a2)
			if c.Step > o.Before {
				x -= *mean * *mean
			}
		}
		if o.AMSBound {
			most := &c.S[len(c.S)-1][i]
			*most = max(*most, x)
			x = *most
		}
		m[i] = k1*m[i] + in*g/((sqrt(x+1e-15)+eps)/correction)
		w[i] -= step * m[i]
		if o.Decouple || wd == 0 {
			w[i] *= decay
		}
	}
}
