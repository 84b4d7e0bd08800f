//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// softmax is OpSoftmax and OpSoftmaxGrad, by rows of d. A mask that is constant
// along the rows is left to the reference engine.
type softmax struct {
	shared
	base       engine.Kernel
	x, mask, y []float32
	gy         []float32
	l          layout
	inner      int // rows for which the mask moves by maskStep
	maskStep   int
	d          int
	alpha      float32
	stats      []float32 // two numbers that the kernel tells of each row
}

func (k *softmax) call(c *engine.Call) error {
	x, mask := in(c, 0), in(c, 1)
	k.x, k.mask, k.y = floats(x), floats(mask), floats(out(c, 0))
	k.d, k.alpha = x.Shape.Dim(-1), float32(c.Attr.Alpha)
	if len(k.y) == 0 {
		return nil
	}
	if k.mask != nil && k.d > 1 {
		if mask.Shape.Rank() == 0 || mask.Shape.Dim(-1) != k.d {
			return k.base(c)
		}
	}
	rows := len(k.y) / k.d
	if k.mask != nil {
		k.l = maskLayout(x.Shape, mask.Shape)
		var strides [2]int
		k.inner, strides = k.l.last(0)
		k.maskStep = strides[1]
	}
	buf, v, err := k.scratch(2 * rows)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.stats = v
	k.spread(rows, 1, 1.2*float64(k.d)+10, k)
	return nil
}

// maskLayout walks the rows of a shape and of the mask that broadcasts to it:
// all axes but the last one, in steps of elements.
func maskLayout(x, mask engine.Shape) layout {
	rows, full := x.With(-1, 1), layout{}
	full.rank = x.Rank()
	st := strides(mask, x.Rank())
	for i := range x.Rank() {
		full.dim[i], full.stride[1][i] = rows.Dim(i), st[i]
	}
	step := x.Dim(-1)
	for i := x.Rank() - 2; i >= 0; i-- {
		if x.Dim(i) != 1 {
			full.stride[0][i] = step
		}
		step *= x.Dim(i)
	}
	return full.joined()
}

// maskAt is where the mask's row for row r begins, and how many rows from there
// on it moves on evenly.
func (k *softmax) maskAt(r int) (at, rows int) {
	i := r % k.inner
	return k.l.places(r/k.inner, 1)[1] + i*k.maskStep, k.inner - i
}

func (k *softmax) Run(_, lo, hi int) {
	for lo < hi {
		n := min(hi-lo, rowsInCall(k.d))
		g := asm.Grid{Cols: k.d}
		g.P[0], g.P[1], g.P[2] = at(k.y, lo*k.d), at(k.x, lo*k.d), at(k.stats, 2*lo)
		g.Step[0], g.Step[1], g.Step[2] = 4*k.d, 4*k.d, 8
		g.F[0] = k.alpha
		if k.mask == nil {
			g.Rows = n
			k.isa.Softmax(&g)
		} else {
			from, rows := k.maskAt(lo)
			n = min(n, rows)
			g.Rows, g.P[3], g.Step[3] = n, at(k.mask, from), 4*k.maskStep
			k.isa.SoftmaxMasked(&g)
		}
		lo += n
	}
}

func (k *softmax) grad(c *engine.Call) error {
	k.x, k.gy, k.y = floats(in(c, 0)), floats(in(c, 1)), floats(out(c, 0))
	k.d, k.alpha = in(c, 0).Shape.Dim(-1), float32(c.Attr.Alpha)
	if len(k.y) > 0 {
		k.spread(len(k.y)/k.d, 1, 0.3*float64(k.d)+10, (*softmaxGrad)(k))
	}
	return nil
}

type softmaxGrad softmax

func (k *softmaxGrad) Run(_, lo, hi int) {
	for lo < hi {
		g := asm.Grid{Rows: min(hi-lo, rowsInCall(k.d)), Cols: k.d}
		for i, v := range [][]float32{k.y, k.x, k.gy} {
			g.P[i], g.Step[i] = at(v, lo*k.d), 4*k.d
		}
		g.F[0] = k.alpha
		k.isa.SoftmaxGrad(&g)
		lo += g.Rows
	}
}

// logSoftmax is OpLogSoftmax and OpLogSoftmaxGrad, by rows of d.
type logSoftmax struct {
	shared
	x, gy, y []float32
	d        int
}

func (k *logSoftmax) call(c *engine.Call) error {
	k.x, k.y, k.d = floats(in(c, 0)), floats(out(c, 0)), in(c, 0).Shape.Dim(-1)
	if len(k.y) > 0 {
		k.spread(len(k.y)/k.d, 1, float64(k.d)+100, k)
	}
	return nil
}

func (k *logSoftmax) Run(_, lo, hi int) {
	for r := lo; r < hi; r++ {
		k.logSoftmaxRow(k.y[r*k.d:][:k.d], k.x[r*k.d:][:k.d])
	}
}

// logSoftmaxRow sets y to x − ln Σeˣ.
func (s *shared) logSoftmaxRow(y, x []float32) {
	top := float32(math.Inf(-1))
	for lo := 0; lo < len(x); lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(len(x)-lo, mostInCall)}
		g.P[0] = at(x, lo)
		s.isa.Largest(&g)
		top = max(top, g.F[0])
	}
	sum := 0.0
	for lo := 0; lo < len(x); lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(len(x)-lo, mostInCall)}
		g.P[0], g.F[0] = at(x, lo), top
		s.isa.ExpSum(&g)
		sum += g.Sums[0]
	}
	rest := float32(math.Log(sum))
	for lo := 0; lo < len(x); lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(len(x)-lo, mostInCall)}
		g.P[0], g.P[1], g.F[0], g.F[1] = at(y, lo), at(x, lo), top, rest
		s.isa.LessBoth(&g)
	}
}

func (k *logSoftmax) grad(c *engine.Call) error {
	k.x, k.gy, k.y = floats(in(c, 0)), floats(in(c, 1)), floats(out(c, 0))
	k.d = in(c, 0).Shape.Dim(-1)
	if len(k.y) > 0 {
		k.spread(len(k.y)/k.d, 1, float64(k.d)+10, (*logSoftmaxGrad)(k))
	}
	return nil
}

type logSoftmaxGrad logSoftmax

func (k *logSoftmaxGrad) Run(_, lo, hi int) {
	for lo < hi {
		g := asm.Grid{Rows: min(hi-lo, rowsInCall(k.d)), Cols: k.d}
		for i, v := range [][]float32{k.y, k.x, k.gy} {
			g.P[i], g.Step[i] = at(v, lo*k.d), 4*k.d
		}
		k.isa.LogSoftmaxGrad(&g)
		lo += g.Rows
	}
}
