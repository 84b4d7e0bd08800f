package optim

import (
	"errors"
	"maps"
	"math"

	"github.com/thaw-go/thaw/registry"
)

// HFAdafactor is the Adafactor of transformers, after fairseq's (Shazeer and
// Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, 2018):
// with β2 = 1−t^decay_rate, a matrix keeps the means of g²+ε1 over rows and
// columns, anything else v = β2·v + (1−β2)(g²+ε1); U = g/√v, divided by
// max(1, RMS(U)/clip_threshold); the rate is lr, or min(1e-2, 1/√t) with
// relative_step (1e-6·t in place of 1e-2 with warmup_init), times
// max(ε2, RMS(w)) with scale_parameter; w −= rate·(U + wd·w), where β1 averages
// rate·U. It is not torch's Adafactor.
type HFAdafactor struct {
	LR             float64    `json:"lr" doc:"learning rate; 0 (null too) with relative_step"`
	Eps            [2]float64 `json:"eps" doc:"added to the squared gradient, and least RMS of the weights"`
	ClipThreshold  float64    `json:"clip_threshold" doc:"largest RMS of an update before the rate"`
	DecayRate      float64    `json:"decay_rate" doc:"power of t by which the second moment forgets"`
	Beta1          *float64   `json:"beta1" doc:"decay of the average of the updates; null: none"`
	WeightDecay    float64    `json:"weight_decay" doc:"decoupled weight decay"`
	ScaleParameter bool       `json:"scale_parameter" doc:"scale the rate by the weights' RMS"`
	RelativeStep   bool       `json:"relative_step" doc:"take the rate from the number of steps"`
	WarmupInit     bool       `json:"warmup_init" doc:"begin with small relative steps"`
}

// DefaultHFAdafactor is transformers' defaults.
func DefaultHFAdafactor() HFAdafactor {
	return HFAdafactor{Eps: [2]float64{1e-30, 1e-3}, ClipThreshold: 1, DecayRate: -.8, ScaleParameter: true, RelativeStep: true}
}

var hfAdafactorEntry = entry{
	name: "HFAdafactor", rule: DefaultHFAdafactor(), doc: "Adafactor as in transformers, with a rate of its own",
	formula: "U = g/√v; w −= max(ε2, RMS(w))·min(1e-2, 1/√t)/max(1, RMS(U)/clip_threshold)·U", source: "transformers.Adafactor; Shazeer and Stern 2018",
	paths: []string{"transformers.Adafactor", "transformers.optimization.Adafactor"},
}

// Check implements Rule. Like transformers, it leaves the numbers unchecked but
// for their combination.
func (o HFAdafactor) Check() error {
	switch {
	case o.LR != 0 && o.RelativeStep:
		return errors.New("cannot combine manual `lr` and `relative_step=True` options")
	case o.WarmupInit && !o.RelativeStep:
		return errors.New("`warmup_init=True` requires `relative_step=True`")
	}
	return nil
}

// bind reads a learning rate of null.
func (o HFAdafactor) bind(_ *Catalog, args registry.Args) (Rule, registry.Args, error) {
	if v, has := args["lr"]; has && v == nil {
		args = maps.Clone(args)
		delete(args, "lr")
		o.LR = 0
	}
	return o, args, nil
}

// Layout implements Rule.
func (o HFAdafactor) Layout(shape []int) Layout {
	l := Layout{Counter: CountInt}.with(o.Beta1 != nil, Tensor{Name: "exp_avg"})
	n := len(shape)
	if n < 2 {
		return l.with(true, Tensor{Name: "exp_avg_sq"})
	}
	col := append(append([]int{}, shape[:n-2]...), shape[n-1])
	return l.with(true, Tensor{Name: "exp_avg_sq_row", Shape: shape[:n-1]}).with(true, Tensor{Name: "exp_avg_sq_col", Shape: col})
}

// Whole implements Whole.
func (o HFAdafactor) Whole() bool { return true }

// Update32 implements Updater.
func (o HFAdafactor) Update32(c *Cell[float32]) { hfAdafactor(&o, c, false) }

// Update64 implements Updater.
func (o HFAdafactor) Update64(c *Cell[float64]) { hfAdafactor(&o, c, false) }

// rate is the learning rate for weights of that RMS in step t.
func (o *HFAdafactor) rate(t, rms float64) float64 {
	rate := o.LR
	if o.RelativeStep {
		most := 1e-2
		if o.WarmupInit {
			most = 1e-6 * t
		}
		rate = math.Min(most, 1/math.Sqrt(t))
	}
	if o.ScaleParameter {
		rate *= math.Max(o.Eps[1], rms)
	}
	return rate
}

func hfAdafactor[T Float](o *HFAdafactor, c *Cell[T], crossed bool) {
	t := float64(c.Step)
	rate, keep := o.rate(t, rms(c.W)), 1-math.Pow(t, o.DecayRate)
	u, release := c.Scratch(len(c.G))
	defer release()
	moments := c.S
	if o.Beta1 != nil {
		moments = c.S[1:]
	}
	if len(c.Shape) < 2 {
		k, add, eps, v := T(keep), T(1-keep), T(o.Eps[0]), moments[0]
		for i, g := range c.G {
			v[i] = k*v[i] + add*(g*g+eps)
			u[i] = g / sqrt(v[i])
		}
	} else {
		n := len(c.Shape)
		f := factors{keep: keep, eps: o.Eps[0], rows: c.Shape[n-2], cols: c.Shape[n-1]}
		f.crossed = crossed && n == 3 && c.Shape[0] == f.rows
		factorise(f, c.G, u, moments)
	}
	step := T(rate / math.Max(1, rms(u)/o.ClipThreshold))
	decay := T(1 - o.WeightDecay*rate)
	for i := range u {
		d := step * u[i]
		if o.Beta1 != nil {
			b := T(*o.Beta1)
			c.S[0][i] = b*c.S[0][i] + T(1-*o.Beta1)*d
			d = c.S[0][i]
		}
		c.W[i] = c.W[i]*decay - d
	}
}

// factors are what a factored second moment is computed with.
type factors struct {
	keep, eps  float64
	rows, cols int
	// crossed divides row i of each matrix by the mean of matrix i, not by that of
	// its own: see TOAdafactor.
	crossed bool
}

// factorise updates the means over rows and columns of each matrix, and writes
// the gradient over the root of what they stand for to u.
func factorise[T Float](f factors, g, u []T, moments [][]T) {
	keep, add := T(f.keep), 1-f.keep
	size := f.rows * f.cols
	sums := make([]float64, f.cols)
	for k := range len(g) / max(1, size) {
		g := g[k*size:][:size]
		row, col := moments[0][k*f.rows:][:f.rows], moments[1][k*f.cols:][:f.cols]
		clear(sums)
		for i := range row {
			var s float64
			for j, x := range g[i*f.cols:][:f.cols] {
				square := float64(x)*float64(x) + f.eps
				s += square
				sums[j] += square
			}
			row[i] = keep*row[i] + T(add*s/float64(f.cols))
		}
		for j, s := range sums {
			col[j] = keep*col[j] + T(add*s/float64(f.rows))
		}
	}
	for k := range len(g) / max(1, size) {
		g, u := g[k*size:][:size], u[k*size:][:size]
		row, col := moments[0][k*f.rows:][:f.rows], moments[1][k*f.cols:][:f.cols]
		mean := sum(row) / float64(f.rows)
		for i, r := range row {
			if f.crossed {
				mean = sum(moments[0][i*f.rows:][:f.rows]) / float64(f.rows)
			}
			over := math.Sqrt(float64(r) / mean)
			for j, x := range col {
				u[i*f.cols+j] = T(float64(g[i*f.cols+j]) / over / math.Sqrt(float64(x)))
			}
		}
	}
}
