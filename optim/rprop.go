package optim

import "fmt"

// Rprop is torch.optim.Rprop (Riedmiller and Braun, A Direct Adaptive Method
// for Faster Backpropagation Learning, 1993): q = sign(g·g_prev);
// z = clamp(z·{η⁺ if q>0, η⁻ if q<0, 1}, min, max), from lr; where q<0, g = 0;
// w −= sign(g)·z; g_prev = g. It is meant for full batches.
type Rprop struct {
	LR        float64    `json:"lr" doc:"first step of each element, not negative"`
	Etas      [2]float64 `json:"etas" doc:"factors of a step after a change of sign and without one: 0 < η⁻ < 1 < η⁺"`
	StepSizes [2]float64 `json:"step_sizes" doc:"smallest and largest step"`
	Maximize  bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultRprop is torch's defaults.
func DefaultRprop() Rprop {
	return Rprop{LR: 1e-2, Etas: [2]float64{.5, 1.2}, StepSizes: [2]float64{1e-6, 50}}
}

var rpropEntry = entry{
	name: "Rprop", rule: DefaultRprop(), doc: "steps by the signs of the gradient alone, for full batches",
	formula: "z = clamp(z·{η⁺, η⁻, 1} by sign(g·g_prev), min, max); w −= sign(g)·z", source: "torch.optim.Rprop; Riedmiller and Braun 1993",
}

// Check implements Rule.
func (o Rprop) Check() error {
	if err := checkRate(o.LR, 0); err != nil {
		return err
	}
	if !(0 < o.Etas[0] && o.Etas[0] < 1 && 1 < o.Etas[1]) {
		return fmt.Errorf("invalid eta values: %s, %s (etas must be one in (0,1) and one above 1)", python(o.Etas[0]), python(o.Etas[1]))
	}
	return nil
}

// Layout implements Rule.
func (o Rprop) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "prev"}, {Name: "step_size", Fill: o.LR}}}
}

// Switches implements Switched.
func (o Rprop) Switches() []string { return []string{"foreach", "differentiable", "capturable"} }

// Update32 implements Updater.
func (o Rprop) Update32(c *Cell[float32]) { rprop(&o, c) }

// Update64 implements Updater.
func (o Rprop) Update64(c *Cell[float64]) { rprop(&o, c) }

func rprop[T Float](o *Rprop, c *Cell[T]) {
	lowest, highest := T(o.StepSizes[0]), T(o.StepSizes[1])
	shrink, grow := T(o.Etas[0]), T(o.Etas[1])
	up := signed[T](o.Maximize)
	w, prev, z := c.W, c.S[0], c.S[1]
	for i, d := range c.G {
		d *= up
		f := T(1)
		switch q := d * prev[i]; {
		case q > 0:
			f = grow
		case q < 0:
			f, d = shrink, 0
		}
		z[i] = min(max(z[i]*f, lowest), highest)
		w[i] -= sign(d) * z[i]
		prev[i] = d
	}
}
