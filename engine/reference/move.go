package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// word is an element that is only moved.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

// moves are the kernels that serve every type of elements.
func moves(cpu *host.CPU) (t kernels) {
	t[engine.OpFill] = byWidth((&fill[uint8]{cpu: cpu}).call, (&fill[uint16]{cpu: cpu}).call, (&fill[uint32]{cpu: cpu}).call, (&fill[uint64]{cpu: cpu}).call)
	t[engine.OpCopy] = byWidth((&move[uint8]{cpu: cpu}).copy, (&move[uint16]{cpu: cpu}).copy, (&move[uint32]{cpu: cpu}).copy, (&move[uint64]{cpu: cpu}).copy)
	t[engine.OpPermute] = byWidth((&move[uint8]{cpu: cpu}).permute, (&move[uint16]{cpu: cpu}).permute, (&move[uint32]{cpu: cpu}).permute, (&move[uint64]{cpu: cpu}).permute)
	t[engine.OpSlice] = byWidth((&move[uint8]{cpu: cpu}).slice, (&move[uint16]{cpu: cpu}).slice, (&move[uint32]{cpu: cpu}).slice, (&move[uint64]{cpu: cpu}).slice)
	t[engine.OpSliceAssign] = byWidth((&move[uint8]{cpu: cpu}).assign, (&move[uint16]{cpu: cpu}).assign, (&move[uint32]{cpu: cpu}).assign, (&move[uint64]{cpu: cpu}).assign)
	t[engine.OpCast] = (&cast{cpu: cpu}).call
	return t
}

func byWidth(k1, k2, k4, k8 engine.Kernel) engine.Kernel {
	return func(c *engine.Call) error {
		switch out(c, 0).Buf.DType().Size() {
		case 1:
			return k1(c)
		case 2:
			return k2(c)
		case 4:
			return k4(c)
		}
		return k8(c)
	}
}

func words[W word](a engine.Array) []W { return host.Bits[W](a.Buf)[:a.Shape.Len()] }

type fill[W word] struct {
	cpu *host.CPU
	y   []W
	v   W
}

func (k *fill[W]) call(c *engine.Call) error {
	k.y, k.v = words[W](out(c, 0)), W(pattern(out(c, 0).Buf.DType(), c.Attr.Alpha))
	k.cpu.Threads.Run(len(k.y), cheapBlock, k)
	return nil
}

func (k *fill[W]) Run(_, lo, hi int) {
	y, v := k.y[lo:hi], k.v
	for i := range y {
		y[i] = v
	}
}

// pattern is a number as the bits of an element.
func pattern(dt engine.DType, v float64) uint64 {
	switch dt {
	case engine.F32:
		return uint64(math.Float32bits(float32(v)))
	case engine.F64:
		return math.Float64bits(v)
	case engine.BF16:
		return uint64(host.ToBF16(float32(v)))
	}
	return uint64(int64(v))
}

// move copies x's elements to other places in y.
type move[W word] struct {
	cpu  *host.CPU
	x, y []W
	l    layout
	unit int // the axis along which x is contiguous
}

func (k *move[W]) copy(c *engine.Call) error {
	n := out(c, 0).Shape.Len()
	k.l = layout{rank: 1, dim: [engine.MaxRank]int{n}, stride: [3][engine.MaxRank]int{{1}, {1}}}
	return k.start(c)
}

func (k *move[W]) permute(c *engine.Call) error {
	xs, ys := in(c, 0).Shape, out(c, 0).Shape
	k.l = layout{rank: ys.Rank()}
	from := strides(xs, xs.Rank())
	k.l.stride[1] = strides(ys, ys.Rank())
	for i := range ys.Rank() {
		k.l.dim[i], k.l.stride[0][i] = ys.Dim(i), from[c.Attr.Axes[i]]
	}
	return k.start(c)
}

func (k *move[W]) slice(c *engine.Call) error {
	k.l = sliced(out(c, 0).Shape, in(c, 0).Shape, &c.Attr, 0)
	return k.start(c)
}

func (k *move[W]) assign(c *engine.Call) error {
	k.l = sliced(in(c, 0).Shape, out(c, 0).Shape, &c.Attr, 1)
	return k.start(c)
}

// sliced walks a part and the whole that it is cut from; the whole is operand o.
func sliced(part, whole engine.Shape, a *engine.Attr, o int) layout {
	l := layout{rank: part.Rank()}
	l.stride[1-o] = strides(part, part.Rank())
	st := strides(whole, whole.Rank())
	for i := range part.Rank() {
		l.dim[i] = part.Dim(i)
		l.stride[o][i] = st[i] * a.Step[i]
		l.base[o] += st[i] * a.Start[i]
	}
	return l
}

func (k *move[W]) start(c *engine.Call) error {
	k.x, k.y = words[W](in(c, 0)), words[W](out(c, 0))
	k.l.squeeze()
	n := k.l.len()
	k.unit = k.transposed()
	if k.unit < 0 {
		k.cpu.Threads.Run(n, cheapBlock, k)
		return nil
	}
	// Bring the two axes of the transposition to the end.
	k.l.swap(k.unit, k.l.rank-2)
	if n > 0 {
		tiles := (k.l.dim[k.l.rank-2] + tile - 1) / tile
		planes := n / (k.l.dim[k.l.rank-2] * k.l.dim[k.l.rank-1])
		k.cpu.Threads.Run(planes*tiles, perRow(cheapBlock, tile*k.l.inner()), (*transpose[W])(k))
	}
	return nil
}

// transposed is the axis before the last one along which x is contiguous, −1
// where rows are better copied one by one.
func (k *move[W]) transposed() int {
	last := k.l.rank - 1
	if k.l.stride[0][last] == 1 || k.l.stride[1][last] != 1 {
		return -1
	}
	for i := range last {
		if k.l.stride[0][i] == 1 {
			return i
		}
	}
	return -1
}

func (l *layout) swap(i, j int) {
	l.dim[i], l.dim[j] = l.dim[j], l.dim[i]
	for o := range l.stride {
		l.stride[o][i], l.stride[o][j] = l.stride[o][j], l.stride[o][i]
	}
}

func (k *move[W]) Run(_, lo, hi int) {
	l := &k.l
	inner, sx, sy := l.inner(), l.innerStride(0), l.innerStride(1)
	c := l.seek(lo / inner)
	for col := lo % inner; lo < hi; col = 0 {
		n := min(inner-col, hi-lo)
		x, y := c.off[0]+col*sx, c.off[1]+col*sy
		if sx == 1 && sy == 1 {
			copy(k.y[y:y+n], k.x[x:x+n])
		} else {
			for range n {
				k.y[y] = k.x[x]
				x, y = x+sx, y+sy
			}
		}
		lo += n
		l.next(&c)
	}
}

// tile is the side of the squares in which planes are transposed.
const tile = 32

// transpose is the stage of move whose last axis is contiguous in y and whose
// last but one is contiguous in x. An index is a plane and a strip of tiles.
type transpose[W word] move[W]

func (k *transpose[W]) Run(_, lo, hi int) {
	rank := k.l.rank
	rows, cols := k.l.dim[rank-2], k.l.dim[rank-1]
	sx, sy := k.l.stride[0][rank-1], k.l.stride[1][rank-2]
	tiles := (rows + tile - 1) / tile
	planes := k.l // without the last axis: seek then counts planes
	planes.rank--
	for ; lo < hi; lo++ {
		c := planes.seek(lo / tiles)
		r0 := lo % tiles * tile
		r1 := min(r0+tile, rows)
		for c0 := 0; c0 < cols; c0 += tile {
			c1 := min(c0+tile, cols)
			for r := r0; r < r1; r++ {
				y := k.y[c.off[1]+r*sy+c0 : c.off[1]+r*sy+c1]
				x := c.off[0] + r + c0*sx
				for i := range y {
					y[i] = k.x[x]
					x += sx
				}
			}
		}
	}
}

// cast converts between float types.
type cast struct {
	cpu  *host.CPU
	x, y engine.Array
}

func (k *cast) call(c *engine.Call) error {
	k.x, k.y = in(c, 0), out(c, 0)
	k.cpu.Threads.Run(k.y.Shape.Len(), cheapBlock, k)
	return nil
}

func (k *cast) Run(_, lo, hi int) {
	switch {
	case k.x.Buf.DType() == engine.F64 && k.y.Buf.DType() == engine.F64:
		copy(host.F64(k.y.Buf)[lo:hi], host.F64(k.x.Buf)[lo:hi])
	case k.y.Buf.DType() == engine.F32:
		castFrom(host.F32(k.y.Buf)[lo:hi], k.x, lo, func(v float32) float32 { return v })
	case k.y.Buf.DType() == engine.F64:
		castFrom(host.F64(k.y.Buf)[lo:hi], k.x, lo, func(v float32) float64 { return float64(v) })
	default:
		castFrom(host.Bits[uint16](k.y.Buf)[lo:hi], k.x, lo, host.ToBF16)
	}
}

// castFrom converts by way of float32, which holds every value of the narrower
// of the two types.
func castFrom[D float32 | float64 | uint16](y []D, x engine.Array, lo int, conv func(float32) D) {
	switch x.Buf.DType() {
	case engine.F64:
		for i, v := range host.F64(x.Buf)[lo : lo+len(y)] {
			y[i] = conv(float32(v))
		}
	case engine.F32:
		for i, v := range host.F32(x.Buf)[lo : lo+len(y)] {
			y[i] = conv(v)
		}
	default:
		for i, v := range host.Bits[uint16](x.Buf)[lo : lo+len(y)] {
			y[i] = conv(host.FromBF16(v))
		}
	}
}
