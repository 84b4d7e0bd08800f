//go:build amd64

package native

import (
	"math"
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// maxPool is OpMaxPool2D, plane by plane: a stage with −∞ outside, on which the
// kernel compares one tap after the other.
type maxPool struct {
	shared
	base     engine.Kernel
	x, y     []float32
	pos      []int32
	stage    stage
	taps     []tap
	tables   []int32 // offsets (two words each) and places by tap, columns and firsts, rows and firsts
	own      []float32
	ownLen   int
	attr     engine.Attr
	colPlace int // where the tables of columns begin
	rowPlace int
}

func (k *maxPool) call(c *engine.Call) error {
	xs, ys := in(c, 0).Shape, out(c, 0).Shape
	k.x, k.y, k.pos, k.attr = floats(in(c, 0)), floats(out(c, 0)), view[int32](out(c, 1)), c.Attr
	if len(k.y) == 0 || len(k.x) == 0 || k.attr.Window[0] < 1 || k.attr.Window[1] < 1 {
		return k.base(c)
	}
	for i := range 2 {
		k.attr.Stride[i], k.attr.Dilation[i] = max(k.attr.Stride[i], 1), max(k.attr.Dilation[i], 1)
	}
	a := &k.attr
	k.taps = k.taps[:0]
	for r := range a.Window[0] {
		for q := range a.Window[1] {
			k.taps = append(k.taps, tap{r*a.Dilation[0] - a.Pad[0], q*a.Dilation[1] - a.Pad[1]})
		}
	}
	v := window{h: xs.Dim(-2), w: xs.Dim(-1), rows: ys.Dim(-2), cols: ys.Dim(-1), step: a.Stride, taps: k.taps}
	k.stage.lay(k.isa, v, v.rows)
	k.stage.outside = float32(math.Inf(-1))
	k.ownLen = k.stage.planeLen + 2*k.isa.Width()
	planes := xs.Dim(0) * xs.Dim(1)
	cost := 0.3*float64(v.rows*v.cols*len(k.taps)) + 0.5*float64(k.stage.planeLen)
	tables, err := k.cpu.Pool.Alloc(engine.I32, 3*len(k.taps)+2*(v.cols+v.rows))
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(tables)
	k.fillTables(host.I32(tables))
	buf, own, err := k.scratch(k.threads(planes, cost) * k.ownLen)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.own = own
	k.spread(planes, 1, cost, k)
	return nil
}

// fillTables tells the kernel where things are.
func (k *maxPool) fillTables(t []int32) {
	s, a := &k.stage, &k.attr
	k.tables = t
	offsets := unsafe.Slice((*int64)(unsafe.Pointer(&t[0])), len(k.taps))
	for i, p := range k.taps {
		offsets[i] = 4 * int64(s.offset(p))
		t[2*len(k.taps)+i] = int32(p.row*s.w + p.col)
	}
	k.colPlace = 3 * len(k.taps)
	k.rowPlace = k.colPlace + 2*s.cols
	for axis, n := range [2]int{s.rows, s.cols} {
		at, unit := k.rowPlace, int32(s.w)
		if axis == 1 {
			at, unit = k.colPlace, 1
		}
		for i := range n {
			first := i*a.Stride[axis] - a.Pad[axis]
			t[at+i] = int32(i*a.Stride[axis]) * unit
			if first < 0 { // the first place of the window that is inside
				first += (-first + a.Dilation[axis] - 1) / a.Dilation[axis] * a.Dilation[axis]
			}
			t[at+n+i] = int32(first) * unit
		}
	}
}

func (k *maxPool) Run(worker, lo, hi int) {
	s := &k.stage
	own := k.own[worker*k.ownLen:][:k.ownLen]
	size := s.h * s.w
	rows := max(mostInCall/(s.cols*len(k.taps)), 1)
	for p := lo; p < hi; p++ {
		s.fill(own, k.x[p*size:][:size], 0, s.rows)
		for r := 0; r < s.rows; r += rows {
			y := (p*s.rows + r) * s.cols
			a := asm.MaxPool{
				X: at(own, r*s.rowLen), Y: at(k.y, y), Pos: unsafe.Pointer(&k.pos[y]),
				Columns: k.table(k.colPlace), Firsts: k.table(k.colPlace + s.cols),
				RowPlace: k.table(k.rowPlace + r), RowFirst: k.table(k.rowPlace + s.rows + r),
				Offsets: k.table(0), Places: k.table(2 * len(k.taps)), Taps: len(k.taps),
				Rows: min(rows, s.rows-r), Cols: s.cols, XStep: 4 * s.rowLen, YStep: 4 * s.cols,
			}
			k.isa.MaxPool(&a)
		}
	}
}

func (k *maxPool) table(i int) unsafe.Pointer { return unsafe.Pointer(&k.tables[i]) }
