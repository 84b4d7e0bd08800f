package optim

import "math"

// SparseAdam is torch.optim.SparseAdam: Adam on the rows that have a gradient,
// whose moments alone move. m += (1−β1)(g−m), v += (1−β2)(g²−v),
// w −= lr·√(1−β2ᵗ)/(1−β1ᵗ) · m/(√v+eps), where t counts the parameter's steps.
type SparseAdam struct {
	LR       float64    `json:"lr" doc:"learning rate, above 0"`
	Betas    [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps      float64    `json:"eps" doc:"added to the root of the second moment, above 0"`
	Maximize bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultSparseAdam is torch's defaults.
func DefaultSparseAdam() SparseAdam {
	return SparseAdam{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8}
}

var sparseAdamEntry = entry{
	name: "SparseAdam", rule: DefaultSparseAdam(), doc: "Adam for gradients of some rows, as embeddings have",
	formula: "rows with a gradient: m += (1−β1)(g−m); v += (1−β2)(g²−v); w −= lr·√(1−β2ᵗ)/(1−β1ᵗ)·m/(√v + eps)", source: "torch.optim.SparseAdam; Kingma and Ba 2015",
}

// Check implements Rule.
func (o SparseAdam) Check() error {
	switch {
	case !(o.LR > 0):
		return outside("learning rate", o.LR, "lr must be above 0")
	case !(o.Eps > 0):
		return outside("epsilon value", o.Eps, "eps must be above 0")
	}
	return checkBetas(o.Betas[:]...)
}

// Layout implements Rule.
func (o SparseAdam) Layout([]int) Layout {
	l := tensors("exp_avg", "exp_avg_sq")
	l.Counter = CountInt
	return l
}

// Sparse implements Sparse.
func (o SparseAdam) Sparse() (Rows, error) { return RowsOnly, nil }

// Update32 implements Updater.
func (o SparseAdam) Update32(c *Cell[float32]) { sparseAdam(&o, c) }

// Update64 implements Updater.
func (o SparseAdam) Update64(c *Cell[float64]) { sparseAdam(&o, c) }

func sparseAdam[T Float](o *SparseAdam, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	step := T(o.LR * math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t)))
	a1, a2, eps, sign := T(1-b1), T(1-b2), T(o.Eps), signed[T](o.Maximize)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, d := range c.G {
		d *= sign
		m[i] += a1 * (d - m[i])
		v[i] += a2 * (d*d - v[i])
		w[i] -= step * m[i] / (sqrt(v[i]) + eps)
	}
}
