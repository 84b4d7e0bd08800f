//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// sumTo is OpSumTo for operands that are, once axes are joined, [a,b,c] summed
// over b, or over a and c; others are left to the reference engine.
type sumTo struct {
	shared
	base    engine.Kernel
	x, y    []float32
	alpha   float64
	a, b, c int
	parts   int       // of the rows that are added up
	cols    []float64 // [a, parts, c rounded up]
	width   int       // c rounded up
	blocks  int       // of columns
}

// A row of columns is summed in parts of this many rows, at most mostParts.
const (
	partRows  = 256
	mostParts = 32
	// blockColumns is how many columns are a piece of work.
	blockColumns = 4096
)

func (k *sumTo) call(c *engine.Call) error {
	x, y := in(c, 0), out(c, 0)
	k.x, k.y, k.alpha = floats(x), floats(y), c.Attr.Alpha
	if len(k.x) == 0 {
		clear(k.y)
		return nil
	}
	l := layoutOf(x.Shape, x.Shape, y.Shape)
	kept := [3]bool{}
	dims := [3]int{1, 1, 1}
	if l.rank > 3 {
		return k.base(c)
	}
	for i := range l.rank {
		j := 3 - l.rank + i
		dims[j], kept[j] = l.dim[i], l.stride[1][i] != 0
	}
	k.a, k.b, k.c = dims[0], dims[1], dims[2]
	switch l.rank {
	case 1:
		if kept[2] {
			k.a, k.b, k.c = k.c, 1, 1
		} else {
			k.a, k.b, k.c = 1, k.c, 1
		}
		return k.middle()
	case 2:
		if kept[2] { // [b,c]
			return k.middle()
		}
		k.a, k.b, k.c = k.b, k.c, 1
		return k.middle()
	}
	if kept[1] {
		k.spread(k.b, 1, 0.1*float64(k.a*k.c), (*sumOuter)(k))
		return nil
	}
	return k.middle()
}

// middle sums [a,b,c] over b.
func (k *sumTo) middle() error {
	if k.c == 1 {
		k.spread(k.a, 1, 0.1*float64(k.b)+10, (*sumRows)(k))
		return nil
	}
	k.parts = min((k.b+partRows-1)/partRows, mostParts)
	w := k.isa.Width()
	k.width = (k.c + w - 1) / w * w
	k.blocks = (k.width + blockColumns - 1) / blockColumns
	buf, err := k.cpu.Pool.Alloc(engine.F64, k.a*k.parts*k.width)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.cols = host.F64(buf)
	rows := (k.b + k.parts - 1) / k.parts
	k.spread(k.a*k.parts*k.blocks, 1, 0.1*float64(rows*min(k.c, blockColumns)), (*sumColumns)(k))
	k.spread(k.a*k.blocks, 1, float64(k.parts*min(k.c, blockColumns)), (*joinParts)(k))
	return nil
}

// joinParts adds the sums of all parts of the rows.
type joinParts sumTo

func (k *joinParts) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		i, from := lo/k.blocks, lo%k.blocks*blockColumns
		y := k.y[i*k.c+from:][:min(k.c-from, blockColumns)]
		parts := k.cols[i*k.parts*k.width+from:]
		for j := range y {
			s := 0.0
			for p := range k.parts {
				s += parts[p*k.width+j]
			}
			y[j] = float32(k.alpha * s)
		}
	}
}

// sumRows adds up rows of b elements.
type sumRows sumTo

func (k *sumRows) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		k.y[lo] = float32(k.alpha * k.sum(k.x[lo*k.b:][:k.b]))
	}
}

// sum adds up elements that lie side by side.
func (s *shared) sum(x []float32) float64 {
	total := 0.0
	for len(x) > 0 {
		n := min(len(x), mostInCall)
		g := asm.Grid{Rows: 1, Cols: n}
		g.P[0] = at(x, 0)
		s.isa.Sum(&g)
		total += g.Sums[0]
		x = x[n:]
	}
	return total
}

// sumColumns adds up a block of columns of a part of the rows.
type sumColumns sumTo

func (k *sumColumns) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		block, part, i := lo%k.blocks, lo/k.blocks%k.parts, lo/k.blocks/k.parts
		col := block * blockColumns
		from, to := part*k.b/k.parts, (part+1)*k.b/k.parts
		sums := k.cols[(i*k.parts+part)*k.width+col:][:min(k.width-col, blockColumns)]
		clear(sums)
		g := asm.Grid{Cols: min(k.c-col, blockColumns)}
		g.P[0], g.P[1], g.Step[1] = unsafe.Pointer(&sums[0]), at(k.x, (i*k.b+from)*k.c+col), 4*k.c
		for from < to {
			g.Rows = min(to-from, rowsInCall(g.Cols))
			k.isa.Columns(&g)
			passed(&g)
			from += g.Rows
		}
	}
}

// sumOuter adds up [a,b,c] over a and c.
type sumOuter sumTo

func (k *sumOuter) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		total := 0.0
		if k.c > mostInCall {
			for i := range k.a {
				total += (*sumTo)(k).sum(k.x[(i*k.b+lo)*k.c:][:k.c])
			}
		}
		for i := 0; i < k.a && k.c <= mostInCall; {
			g := asm.Grid{Rows: min(k.a-i, rowsInCall(k.c)), Cols: k.c}
			g.P[0], g.Step[0] = at(k.x, (i*k.b+lo)*k.c), 4*k.b*k.c
			k.isa.Sum(&g)
			total += g.Sums[0]
			i += g.Rows
		}
		k.y[lo] = float32(k.alpha * total)
	}
}

// sumSquares is OpSumSquares, by blocks that are added in order.
type sumSquares struct {
	shared
	x     []float32
	parts []float64
}

func (k *sumSquares) call(c *engine.Call) error {
	k.x = floats(in(c, 0))
	n := (len(k.x) + mostInCall - 1) / mostInCall
	buf, err := k.cpu.Pool.Alloc(engine.F64, n)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.parts = host.F64(buf)
	k.spread(n, 1, 0.1*mostInCall, k)
	total := 0.0
	for _, p := range k.parts {
		total += p
	}
	floats(out(c, 0))[0] = float32(total)
	return nil
}

func (k *sumSquares) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		x := k.x[lo*mostInCall:]
		g := asm.Grid{Rows: 1, Cols: min(len(x), mostInCall)}
		g.P[0] = at(x, 0)
		k.isa.Squares(&g)
		k.parts[lo] = g.Sums[0]
	}
}
