//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// maskedRows is the softmax of rows of d numbers times alpha, plus a mask that
// broadcasts to all of them.
type maskedRows struct {
	shared
	mask     []float32
	l        layout
	inner    int  // rows for which the mask moves by step
	step     int  // elements from one row's mask to the next
	constant bool // along a row
	cols     int
	alpha    float32
}

func (k *maskedRows) set(x engine.Shape, mask engine.Array, alpha float64) {
	k.mask, k.cols, k.alpha = floats(mask), x.Dim(-1), float32(alpha)
	if k.mask == nil {
		return
	}
	k.constant = mask.Shape.Rank() == 0 || mask.Shape.Dim(-1) != k.cols
	k.l = maskLayout(x, mask.Shape)
	var strides [2]int
	k.inner, strides = k.l.last(0)
	k.step = strides[1]
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

// at is where the mask's row for row r begins, and for how many rows from there
// on it moves on evenly.
func (k *maskedRows) at(r int) (place, rows int) {
	i := r % k.inner
	return k.l.places(r/k.inner, 1)[1] + i*k.step, k.inner - i
}

// rows sets y to the softmax of x, which are the rows lo … hi−1 of all; stats
// get two numbers for each, as the kernel says. Where the mask is constant along
// the rows, spare has room for a row.
func (k *maskedRows) rows(y, x, stats, spare []float32, lo, hi int) {
	for r := lo; r < hi; {
		i := r - lo
		g := asm.Grid{Rows: min(hi-r, rowsInCall(k.cols)), Cols: k.cols}
		g.P[0], g.P[1], g.P[2] = at(y, i*k.cols), at(x, i*k.cols), at(stats, 2*i)
		g.Step[0], g.Step[1], g.Step[2] = 4*k.cols, 4*k.cols, 8
		g.F[0] = k.alpha
		if k.mask == nil {
			k.isa.Softmax(&g)
			r += g.Rows
			continue
		}
		from, evenly := k.at(r)
		g.Rows, g.P[3], g.Step[3] = min(g.Rows, evenly), at(k.mask, from), 4*k.step
		if k.constant {
			fill(spare[:k.cols], k.mask[from])
			g.Rows, g.P[3] = 1, at(spare, 0)
		}
		k.isa.SoftmaxMasked(&g)
		r += g.Rows
	}
}

// softmaxCost is about how many nanoseconds an element takes.
const softmaxCost = 1.2

// softmax is OpSoftmax and OpSoftmaxGrad.
type softmax struct {
	maskedRows
	x, y, gy []float32
	stats    []float32
	spare    []float32 // a row for each thread
}

func (k *softmax) call(c *engine.Call) error {
	x := in(c, 0)
	k.x, k.y = floats(x), floats(out(c, 0))
	if len(k.y) == 0 {
		return nil
	}
	k.set(x.Shape, in(c, 1), c.Attr.Alpha)
	rows, cost := len(k.y)/k.cols, softmaxCost*float64(k.cols)+10
	spare := 0
	if k.constant {
		spare = k.cols * k.threads(rows, cost)
	}
	buf, v, err := k.scratch(2*rows + spare)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.stats, k.spare = v[:2*rows], v[2*rows:]
	k.spread(rows, 1, cost, k)
	return nil
}

func (k *softmax) Run(worker, lo, hi int) {
	var spare []float32
	if len(k.spare) > 0 {
		spare = k.spare[worker*k.cols:][:k.cols]
	}
	k.rows(k.y[lo*k.cols:], k.x[lo*k.cols:], k.stats[2*lo:], spare, lo, hi)
}

func (k *softmax) grad(c *engine.Call) error {
	k.x, k.gy, k.y = floats(in(c, 0)), floats(in(c, 1)), floats(out(c, 0))
	k.cols, k.alpha = in(c, 0).Shape.Dim(-1), float32(c.Attr.Alpha)
	if len(k.y) > 0 {
		k.spread(len(k.y)/k.cols, 1, 0.3*float64(k.cols)+10, (*softmaxGrad)(k))
	}
	return nil
}

type softmaxGrad softmax

func (k *softmaxGrad) Run(_, lo, hi int) {
	(*softmax)(k).gradRows(k.y[lo*k.cols:], k.x[lo*k.cols:], k.gy[lo*k.cols:], hi-lo)
}

// gradRows sets gx to alpha·y·(gy − Σy·gy) for n rows.
func (k *maskedRows) gradRows(gx, y, gy []float32, n int) {
	for r := 0; r < n; {
		g := asm.Grid{Rows: min(n-r, rowsInCall(k.cols)), Cols: k.cols}
		g.P[0], g.P[1], g.P[2] = at(gx, r*k.cols), at(y, r*k.cols), at(gy, r*k.cols)
		g.Step[0], g.Step[1], g.Step[2] = 4*k.cols, 4*k.cols, 4*k.cols
		g.F[0] = k.alpha
		k.isa.SoftmaxGrad(&g)
		r += g.Rows
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
