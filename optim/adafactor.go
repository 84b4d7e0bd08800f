package optim

import (
	"fmt"
	"math"
)

// Adafactor is torch.optim.Adafactor (Shazeer and Stern, Adafactor: Adaptive
// Learning Rates with Sublinear Memory Cost, 2018): with o = t^beta2_decay,
// ρ = min(lr, 1/√t), α = max(ε2, RMS(w))·ρ, w is scaled by 1−lr·wd; a matrix
// keeps R = lerp(R, mean of g² over the last axis, o) and C likewise over the
// one before, V = R·C/max(mean of R, ε1), anything else V = lerp(V, g², o);
// U = g/√max(V, ε1²), w −= α/max(1, RMS(U)/d)·U. It is not the Adafactor of
// transformers and torch_optimizer.
type Adafactor struct {
	LR          float64     `json:"lr" doc:"largest relative step, not negative"`
	Beta2Decay  float64     `json:"beta2_decay" doc:"power of t by which the second moment forgets, not above 0"`
	Eps         [2]*float64 `json:"eps" doc:"least second moment's root (null: the type's rounding unit) and least RMS of the weights"`
	D           float64     `json:"d" doc:"largest RMS of an update, at least 1"`
	WeightDecay float64     `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	Maximize    bool        `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdafactor is torch's defaults.
func DefaultAdafactor() Adafactor {
	return Adafactor{LR: 1e-2, Beta2Decay: -.8, Eps: [2]*float64{nil, ptr(1e-3)}, D: 1}
}

var adafactorEntry = entry{
	name: "Adafactor", rule: DefaultAdafactor(), doc: "second moments kept by rows and columns",
	formula: "V = R·C/mean(R); U = g/√V; w −= max(ε2, RMS(w))·min(lr, 1/√t)/max(1, RMS(U)/d)·U", source: "torch.optim.Adafactor; Shazeer and Stern 2018",
}

// Check implements Rule.
func (o Adafactor) Check() error {
	switch {
	case !(o.LR >= 0):
		return wrong("learning rate should be >= 0 but is", o.LR)
	case !(o.Beta2Decay <= 0):
		return wrong("beta2_decay should be <= 0 but is", o.Beta2Decay)
	case o.Eps[0] != nil && !(*o.Eps[0] >= 0):
		return wrong("epsilon1 should be >= 0 but is", *o.Eps[0])
	case o.Eps[1] == nil:
		return fmt.Errorf("epsilon2 should be >= 0 but is: null")
	case !(*o.Eps[1] >= 0):
		return wrong("epsilon2 should be >= 0 but is", *o.Eps[1])
	case !(o.D >= 1):
		return wrong("clipping threshold d should be >= 1 but is", o.D)
	case !(o.WeightDecay >= 0):
		return wrong("weight_decay should be >= 0 but is", o.WeightDecay)
	}
	return nil
}

// Layout implements Rule.
func (o Adafactor) Layout(shape []int) Layout {
	n := len(shape)
	if n < 2 {
		return tensors("variance")
	}
	row, col := append([]int{}, shape...), append([]int{}, shape...)
	row[n-1], col[n-2] = 1, 1
	return Layout{Tensors: []Tensor{{Name: "row_var", Shape: row}, {Name: "col_var", Shape: col}}}
}

// Whole implements Whole: the rows and columns need the whole matrix.
func (o Adafactor) Whole() bool { return true }

// Switches implements Switched.
func (o Adafactor) Switches() []string { return []string{"foreach"} }

// Update32 implements Updater.
func (o Adafactor) Update32(c *Cell[float32]) { adafactor(&o, c, 0x1p-23) }

// Update64 implements Updater.
func (o Adafactor) Update64(c *Cell[float64]) { adafactor(&o, c, 0x1p-52) }

func adafactor[T Float](o *Adafactor, c *Cell[T], eps1 float64) {
	if o.Eps[0] != nil {
		eps1 = *o.Eps[0]
	}
	t := float64(c.Step)
	weight := math.Pow(t, o.Beta2Decay)
	rate := math.Max(*o.Eps[1], rms(c.W)) * math.Min(o.LR, 1/math.Sqrt(t))
	u, release := c.Scratch(len(c.G))
	defer release()
	if n := len(c.Shape); n < 2 {
		v := c.S[0]
		for i, g := range c.G {
			v[i] = lerp(v[i], g*g, T(weight))
			u[i] = v[i]
		}
	} else {
		factored(c, u, T(weight), T(eps1))
	}
	least, up := T(eps1*eps1), signed[T](o.Maximize)
	for i, g := range c.G {
		u[i] = up * g / sqrt(max(u[i], least))
	}
	shrink := T(1 - o.LR*o.WeightDecay)
	step := T(rate / math.Max(1, rms(u)/o.D))
	for i := range c.W {
		c.W[i] = c.W[i]*shrink - step*u[i]
	}
}

// factored updates the means of rows and columns of each matrix of the last two
// axes, and writes the second moments that they stand for to v.
func factored[T Float](c *Cell[T], v []T, weight, eps1 T) {
	n := len(c.Shape)
	rows, cols := c.Shape[n-2], c.Shape[n-1]
	for k := range len(v) / max(1, rows*cols) {
		g, v := c.G[k*rows*cols:][:rows*cols], v[k*rows*cols:][:rows*cols]
		row, col := c.S[0][k*rows:][:rows], c.S[1][k*cols:][:cols]
		for i := range row {
			row[i] = lerp(row[i], T(sumSquares(g[i*cols:][:cols])/float64(cols)), weight)
		}
		lerpColumns(g, col, weight)
		mean := max(T(sum(row)/float64(rows)), eps1)
		for i, r := range row {
			for j, x := range col {
				v[i*cols+j] = r * x / mean
			}
		}
	}
}

// lerpColumns moves col towards the mean of g² over the rows, a few columns at
// a time so that the sums are in float64.
func lerpColumns[T Float](g, col []T, weight T) {
	const width = 32
	rows := len(g) / len(col)
	for from := 0; from < len(col); from += width {
		part := col[from:min(from+width, len(col))]
		var sums [width]float64
		for i := range rows {
			for j, x := range g[i*len(col)+from:][:len(part)] {
				sums[j] += float64(x) * float64(x)
			}
		}
		for j := range part {
			part[j] = lerp(part[j], T(sums[j]/float64(rows)), weight)
		}
	}
}

func ptr[T any](v T) *T { return &v }
