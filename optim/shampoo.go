package optim

import (
	"math"
	"strconv"
)

// Shampoo is torch_optimizer.Shampoo (Gupta, Koren and Singer, Shampoo:
// Preconditioned Stochastic Tensor Optimization, 2018): for each of the n axes of
// a parameter P += G·Gᵀ, where the axis is the rows of G, and G is multiplied by
// P^(−1/n); w −= lr·G. With momentum g = (1−μ)·g + μ·buf, where buf is the
// preconditioned gradient of the step before, and the first gradient at the
// start. Powers are taken by eigenvalues, every update_freq steps, which takes
// time with the cube of an axis.
type Shampoo struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Epsilon     float64 `json:"epsilon" doc:"what the preconditioners have on the diagonal at the start, not negative"`
	UpdateFreq  int     `json:"update_freq" doc:"steps between two powers of the preconditioners, at least 1"`
}

// DefaultShampoo is torch_optimizer's defaults.
func DefaultShampoo() Shampoo { return Shampoo{LR: .1, Epsilon: 1e-4, UpdateFreq: 1} }

var shampooEntry = entry{
	name: "Shampoo", rule: DefaultShampoo(), doc: "a preconditioner for each axis",
	formula: "Pᵢ += Gᵢ·Gᵢᵀ; G = G ×ᵢ Pᵢ^(−1/n) over the axes; w −= lr·G", source: "Gupta, Koren and Singer 2018", paths: []string{"torch_optimizer.Shampoo"},
}

// Check implements Rule.
func (o Shampoo) Check() error {
	if o.UpdateFreq < 1 {
		return outside("update_freq value", float64(o.UpdateFreq), "update_freq must be at least 1")
	}
	return firstOf(checkRate(o.LR, o.WeightDecay), checkAtLeastZero("momentum value", o.Momentum), checkAtLeastZero("epsilon value", o.Epsilon))
}

// Layout implements Rule.
func (o Shampoo) Layout(shape []int) Layout {
	l := tensors("momentum_buffer")
	for i, d := range shape {
		l = l.with(true, Tensor{Name: "precond_" + strconv.Itoa(i), Shape: []int{d, d}}).with(true, Tensor{Name: "inv_precond_" + strconv.Itoa(i), Shape: []int{d, d}})
	}
	l.Counter = CountInt
	return l
}

// Whole implements Whole: preconditioners look at all elements.
func (o Shampoo) Whole() bool { return true }

// Update32 implements Updater.
func (o Shampoo) Update32(c *Cell[float32]) { shampoo(&o, c) }

// Update64 implements Updater.
func (o Shampoo) Update64(c *Cell[float64]) { shampoo(&o, c) }

func shampoo[T Float](o *Shampoo, c *Cell[T]) {
	g := make([]float64, len(c.G))
	buf := c.S[0]
	for i, d := range c.G {
		g[i] = float64(d)
		if o.Momentum > 0 {
			before := float64(buf[i])
			if c.Fresh {
				before = g[i]
			}
			g[i] = g[i]*(1-o.Momentum) + before*o.Momentum
		}
		g[i] += o.WeightDecay * float64(c.W[i])
	}
	for axis, d := range c.Shape {
		p := preconditioner[T]{c.S[1+2*axis], c.S[2+2*axis], d, len(g) / max(d, 1)}
		if c.Fresh {
			for i := range d {
				p.sums[i*d+i] = T(o.Epsilon)
			}
		}
		rows := unfold(g, c.Shape, axis)
		p.add(rows)
		if (c.Step-1)%o.UpdateFreq == 0 {
			p.invert(-1 / float64(len(c.Shape)))
		}
		fold(g, p.times(rows), c.Shape, axis)
	}
	for i, d := range g {
		buf[i] = T(d)
		c.W[i] -= T(o.LR * d)
	}
}

// unfold makes the axis of a tensor the rows of a matrix.
func unfold(g []float64, shape []int, axis int) []float64 {
	out := make([]float64, len(g))
	eachUnfolded(shape, axis, func(from, to int) { out[to] = g[from] })
	return out
}

// fold undoes unfold.
func fold(g, rows []float64, shape []int, axis int) {
	eachUnfolded(shape, axis, func(from, to int) { g[from] = rows[to] })
}

func eachUnfolded(shape []int, axis int, do func(from, to int)) {
	outer, inner := 1, 1
	for i, d := range shape {
		if i < axis {
			outer *= d
		}
		if i > axis {
			inner *= d
		}
	}
	d := shape[axis]
	for a := range outer {
		for r := range d {
			for b := range inner {
				do((a*d+r)*inner+b, (r*outer+a)*inner+b)
			}
		}
	}
}

// preconditioner is that of an axis: the sums of G·Gᵀ and their power, d×d.
type preconditioner[T Float] struct {
	sums, power []T
	d, width    int
}

func (p *preconditioner[T]) add(g []float64) {
	for i := range p.d {
		for j := range i + 1 {
			s := T(dot(g[i*p.width:][:p.width], g[j*p.width:][:p.width]))
			p.sums[i*p.d+j] += s
			if i != j {
				p.sums[j*p.d+i] += s
			}
		}
	}
}

// invert takes the sums to a power.
func (p *preconditioner[T]) invert(power float64) {
	a := make([]float64, p.d*p.d)
	for i, v := range p.sums {
		a[i] = float64(v)
	}
	values, vectors := eigen(a, p.d)
	for i, v := range values {
		values[i] = math.Pow(math.Abs(v), power)
	}
	for i := range p.d {
		for j := range p.d {
			var s float64
			for k, v := range values {
				s += vectors[i*p.d+k] * v * vectors[j*p.d+k]
			}
			p.power[i*p.d+j] = T(s)
		}
	}
}

// times is the power times g.
func (p *preconditioner[T]) times(g []float64) []float64 {
	out := make([]float64, len(g))
	for i := range p.d {
		row := out[i*p.width:][:p.width]
		for k := range p.d {
			x := float64(p.power[i*p.d+k])
			for j, v := range g[k*p.width:][:p.width] {
				row[j] += x * v
			}
		}
	}
	return out
}
