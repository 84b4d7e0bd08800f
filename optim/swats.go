package optim

import "math"

// SWATS is torch_optimizer.SWATS (Keskar and Socher, Improving Generalization
// Performance by Switching from Adam to SGD, 2017): Adam until the rate
// λ = p·p/(−p·g) of its step p stands still against its average
// Λ = β2·Λ + (1−β2)·λ, corrected for its start; then SGD at rate Λ with momentum
// β1, scaled by 1−β1. As in the original, one parameter switches its whole group,
// from the next one on, and the momentum buffer keeps the scaled direction.
type SWATS struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative; the method's own after the switch"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Nesterov    bool       `json:"nesterov" doc:"look ahead along the momentum"`
}

// DefaultSWATS is torch_optimizer's defaults.
func DefaultSWATS() SWATS { return SWATS{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-3} }

var swatsEntry = entry{
	name: "SWATS", rule: DefaultSWATS(), doc: "Adam that turns into SGD",
	formula: "Λ = β2·Λ + (1−β2)·p·p/(−p·g); where Λ/(1−β2ᵗ) stands still: SGD at that rate", source: "Keskar and Socher 2017",
	paths: []string{"torch_optimizer.SWATS"},
}

// Check implements Rule.
func (o SWATS) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Numbers of a parameter: the rate of its group's SGD after its own update, how
// often that was set, and whether it has a momentum buffer.
const (
	swatsRate = iota
	swatsSwitches
	swatsBuffered
)

// Layout implements Rule.
func (o SWATS) Layout([]int) Layout {
	one := []int{1}
	l := tensors("exp_avg", "exp_avg_sq", "momentum_buffer").with(true, Tensor{Name: "exp_avg2", Shape: one}).with(true, Tensor{Name: "estimate", Shape: one})
	l.Scalars = []Scalar{{"rate", 0}, {"switches", 0}, {"buffered", 0}}
	return l.with(o.AMSGrad, Tensor{Name: "max_exp_avg_sq"})
}

// Whole implements Whole: the estimate is over all elements.
func (o SWATS) Whole() bool { return true }

// Follow implements Follower: the group's latest rate is everyone's.
func (o SWATS) Follow(s, other *State) {
	if other.Scalars[swatsSwitches] > s.Scalars[swatsSwitches] {
		copy(s.Scalars[:swatsBuffered], other.Scalars)
	}
}

// Advance implements Advancer: it switches where the estimate stands still.
func (o SWATS) Advance(s *State) {
	if s.Scalars[swatsSwitches] > 0 {
		s.Scalars[swatsBuffered] = 1
	}
	rate := s.Tensors[3].At(0) / (1 - math.Pow(o.Betas[1], float64(s.Step)))
	now := s.Tensors[4].At(0)
	if s.Step > 1 && rate > 0 && math.Abs(rate-now) <= 1e-8+1e-6*math.Abs(now) {
		s.Scalars[swatsRate] = rate
		s.Scalars[swatsSwitches]++
	}
}

// Update32 implements Updater.
func (o SWATS) Update32(c *Cell[float32]) { swats(&o, c) }

// Update64 implements Updater.
func (o SWATS) Update64(c *Cell[float64]) { swats(&o, c) }

func swats[T Float](o *SWATS, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	if c.Scalars[swatsSwitches] > 0 {
		swatsSGD(o, c)
		return
	}
	step, eps, wd := T(o.LR*math.Sqrt(1-math.Pow(b2, t))/(1-math.Pow(b1, t))), T(o.Eps), T(o.WeightDecay)
	w, m, v := c.W, c.S[0], c.S[1]
	square, along := 0.0, 0.0
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		x := v[i]
		if o.AMSGrad {
			c.S[5][i] = max(c.S[5][i], x)
			x = c.S[5][i]
		}
		p := -step * m[i] / (sqrt(x) + eps)
		w[i] += p
		square += float64(p) * float64(p)
		along += float64(p) * float64(g)
	}
	if along != 0 {
		now := T(square / -along)
		c.S[3][0], c.S[4][0] = k2*c.S[3][0]+a2*now, now
	} else {
		c.S[4][0] = T(math.NaN())
	}
}

// swatsSGD is a step after the switch.
func swatsSGD[T Float](o *SWATS, c *Cell[T]) {
	keep, take, lr, wd := T(o.Betas[0]), T(1-o.Betas[0]), T(c.Scalars[swatsRate]), T(o.WeightDecay)
	c.S[4][0] = T(math.NaN()) // nothing is estimated any more
	w, buf := c.W, c.S[2]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		if c.Scalars[swatsBuffered] == 0 {
			buf[i] = g
			g *= take
			if o.Nesterov {
				g += keep * buf[i]
			}
			w[i] -= lr * g
			continue
		}
		buf[i] = (keep*buf[i] + g) * take
		if o.Nesterov {
			buf[i] += keep * buf[i]
		}
		w[i] -= lr * buf[i]
	}
}
