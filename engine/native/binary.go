//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// binary is OpBinary. Its last two axes make a grid, in which an operand may
// repeat its rows; one that repeats an element along the rows is a number.
type binary struct {
	shared
	a, b, y    []float32
	fn         engine.Fn
	l          layout
	rows, cols int
	rowStep    [2]int
	colStep    [2]int
	perRow     int // pieces of work
}

func (k *binary) call(c *engine.Call) error {
	a, b, y := in(c, 0), in(c, 1), out(c, 0)
	k.a, k.b, k.y, k.fn = floats(a), floats(b), floats(y), c.Attr.Fn
	if len(k.y) == 0 {
		return nil
	}
	k.l = layoutOf(y.Shape, a.Shape, b.Shape)
	k.cols, k.colStep = k.l.last(0)
	k.rows, k.rowStep = k.l.last(1)
	// A piece of work is a row, or a part of one that is long.
	k.perRow = (k.cols + mostInCall - 1) / mostInCall
	k.spread(len(k.y)/k.cols*k.perRow, 1, 0.25*float64(min(k.cols, mostInCall))+5, k)
	return nil
}

func (k *binary) Run(_, lo, hi int) {
	for lo < hi {
		n := 1
		index := lo / k.perRow
		row := index % k.rows
		if k.perRow == 1 && k.colStep == [2]int{1, 1} {
			n = min(k.rows-row, hi-lo, rowsInCall(k.cols))
		}
		from := k.l.places(index/k.rows, 2)
		col := lo % k.perRow * mostInCall
		for o := range from {
			from[o] += row*k.rowStep[o] + col*k.colStep[o]
		}
		k.part(index*k.cols+col, from, n, min(k.cols-col, mostInCall))
		lo += n
	}
}

// part computes some rows, or a part of one.
func (k *binary) part(y int, from [2]int, rows, cols int) {
	g := asm.Grid{Rows: rows, Cols: cols}
	a, b := at(k.a, from[0]), at(k.b, from[1])
	g.P[0], g.Step[0] = at(k.y, y), 4*k.cols
	switch {
	case k.colStep == [2]int{}: // one number for all
		g.Cols = 1
		g.P[1], g.P[2] = a, b
		k.vectors(&g)
		fill(k.y[y:][:cols], k.y[y])
	case k.colStep[0] == 0:
		g.F[0] = *(*float32)(a)
		g.P[1] = b
		k.fromNumber(&g)
	case k.colStep[1] == 0:
		g.F[0] = *(*float32)(b)
		g.P[1] = a
		k.withNumber(&g)
	default:
		g.P[1], g.P[2] = a, b
		g.Step[1], g.Step[2] = 4*k.rowStep[0], 4*k.rowStep[1]
		k.vectors(&g)
	}
}

func (k *binary) vectors(g *asm.Grid) {
	switch k.fn {
	case engine.FnAdd:
		k.isa.Add(g)
	case engine.FnSub:
		k.isa.Sub(g)
	case engine.FnMul:
		k.isa.Mul(g)
	case engine.FnDiv:
		k.isa.Div(g)
	case engine.FnMax:
		k.isa.Max(g)
	case engine.FnMin:
		k.isa.Min(g)
	}
}

func (k *binary) withNumber(g *asm.Grid) {
	switch k.fn {
	case engine.FnAdd:
		k.isa.AddNumber(g)
	case engine.FnSub:
		k.isa.SubNumber(g)
	case engine.FnMul:
		k.isa.MulNumber(g)
	case engine.FnDiv:
		k.isa.DivNumber(g)
	case engine.FnMax:
		k.isa.MaxNumber(g)
	case engine.FnMin:
		k.isa.MinNumber(g)
	}
}

func (k *binary) fromNumber(g *asm.Grid) {
	switch k.fn {
	case engine.FnSub:
		k.isa.NumberSub(g)
	case engine.FnDiv:
		k.isa.NumberDiv(g)
	default: // the others commute
		k.withNumber(g)
	}
}

// fill sets all elements to v.
func fill(y []float32, v float32) {
	if len(y) == 0 {
		return
	}
	y[0] = v
	for n := 1; n < len(y); n *= 2 {
		copy(y[n:], y[:n])
	}
}
