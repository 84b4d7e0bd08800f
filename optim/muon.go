package optim

import (
	"errors"
	"fmt"
	"math"
)

// Muon is torch.optim.Muon (Jordan et al., Muon: An optimizer for hidden layers
// in neural networks, 2024), for matrices: buf = lerp(buf, g, 1−μ), u is buf or,
// with Nesterov, lerp(g, buf, μ), w is scaled by 1−lr·wd,
// w −= lr·ratio·NS(u), where NS makes the singular values of u nearly 1 by
// Newton–Schulz iterations. They are computed in the parameter's type (torch
// casts to bfloat16). Other parameters need another optimizer.
type Muon struct {
	LR           float64   `json:"lr" doc:"learning rate, not negative"`
	WeightDecay  float64   `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	Momentum     float64   `json:"momentum" doc:"share of the average that is kept"`
	Nesterov     bool      `json:"nesterov" doc:"look ahead along the momentum"`
	Coefficients []float64 `json:"ns_coefficients" doc:"the three coefficients a, b, c of x ← a·x + b·x³ + c·x⁵"`
	Eps          float64   `json:"eps" doc:"least norm that u is divided by"`
	Steps        int       `json:"ns_steps" doc:"Newton–Schulz iterations, below 100"`
	Adjust       string    `json:"adjust_lr_fn" doc:"ratio: original (null too) √max(1, rows/cols), match_rms_adamw 0.2·√max(rows, cols), spectral_unclamped √(rows/cols)"`
}

// DefaultMuon is torch's defaults.
func DefaultMuon() Muon {
	return Muon{LR: 1e-3, WeightDecay: .1, Momentum: .95, Nesterov: true, Coefficients: []float64{3.4445, -4.775, 2.0315}, Eps: 1e-7, Steps: 5}
}

var muonEntry = entry{
	name: "Muon", rule: DefaultMuon(), doc: "orthogonalised momentum, for matrices",
	formula: "buf = lerp(buf, g, 1−μ); u = lerp(g, buf, μ); w = w·(1−lr·wd) − lr·ratio·NewtonSchulz(u)", source: "torch.optim.Muon; Jordan et al. 2024",
}

// Check implements Rule. Like torch, it leaves the momentum and eps unchecked.
func (o Muon) Check() error {
	switch {
	case !(o.LR >= 0):
		return wrong("learning rate should be >= 0 but is", o.LR)
	case !(o.Momentum >= 0):
		return wrong("momentum should be >= 0 but is", o.Momentum)
	case !(o.WeightDecay >= 0):
		return wrong("weight decay should be >= 0 but is", o.WeightDecay)
	case o.Adjust != "" && o.Adjust != "original" && o.Adjust != "match_rms_adamw" && o.Adjust != "spectral_unclamped":
		return fmt.Errorf("adjust learning rate function %s is not supported", o.Adjust)
	}
	return nil
}

// CheckShape implements ShapeChecker. It also checks what torch checks no
// sooner than at the first step.
func (o Muon) CheckShape(shape []int) error {
	switch {
	case len(shape) != 2:
		return fmt.Errorf("Muon only supports 2D parameters whereas we found a parameter with size: %v", shape)
	case len(o.Coefficients) != 3:
		return errors.New("coefficients must be a tuple of exactly 3 values")
	case o.Steps >= 100:
		return errors.New("number of steps must be less than 100 for computational efficiency")
	}
	return nil
}

// Layout implements Rule.
func (o Muon) Layout([]int) Layout {
	l := tensors("momentum_buffer")
	l.Counter = Uncounted
	return l
}

// Whole implements Whole.
func (o Muon) Whole() bool { return true }

// ratio is the factor of the learning rate for a matrix of those sizes.
func (o *Muon) ratio(rows, cols int) float64 {
	a, b := float64(rows), float64(cols)
	switch o.Adjust {
	case "match_rms_adamw":
		return 0.2 * math.Sqrt(math.Max(a, b))
	case "spectral_unclamped":
		return math.Sqrt(a / b)
	}
	return math.Sqrt(math.Max(1, a/b))
}

// Update32 implements Updater.
func (o Muon) Update32(c *Cell[float32]) { muon(&o, c) }

// Update64 implements Updater.
func (o Muon) Update64(c *Cell[float64]) { muon(&o, c) }

func muon[T Float](o *Muon, c *Cell[T]) {
	u, release := c.Scratch(len(c.W))
	defer release()
	add, mu, buf := T(1-o.Momentum), T(o.Momentum), c.S[0]
	for i, g := range c.G {
		buf[i] = lerp(buf[i], g, add)
		u[i] = buf[i]
		if o.Nesterov {
			u[i] = lerp(g, buf[i], mu)
		}
	}
	rows, cols := c.Shape[0], c.Shape[1]
	newtonSchulz(o, c, u)
	shrink, step := T(1-o.LR*o.WeightDecay), T(o.LR*o.ratio(rows, cols))
	for i := range c.W {
		c.W[i] = c.W[i]*shrink - step*u[i]
	}
}
