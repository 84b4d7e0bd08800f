package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// sumTo reduces axis after axis, from the last one on. A step sums the middle
// of [outer, n, inner] in float64; a long middle is first cut into parts, so
// that small results use all threads too.
type sumTo[T float] struct {
	cpu      *host.CPU
	x        []T       // the first step's operand
	from, to []float64 // a later step's operand; a step's result

	outer, n, inner int
	parts, blocks   int // of the middle; of the inner axis
}

// A step has about this many pieces where its operand is large enough; columns
// are taken in blocks.
const (
	sumPieces  = 64
	sumColumns = 1 << 10
)

func (k *sumTo[T]) call(c *engine.Call) error {
	xs, ys := in(c, 0).Shape, out(c, 0).Shape
	y := view[T](out(c, 0))
	k.x, k.from = view[T](in(c, 0)), nil
	if len(k.x) == 0 {
		clear(y)
		return nil
	}
	l := layout{rank: xs.Rank()}
	for i := range xs.Rank() {
		l.dim[i] = xs.Dim(i)
	}
	l.stride[0], l.stride[1] = strides(xs, xs.Rank()), strides(ys, xs.Rank())
	l.squeeze()

	most := 0
	k.steps(&l, func() { most = max(most, k.outer*k.parts*k.inner) })
	buf, mem, err := scratch[float64](k.cpu, 2*most)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	half := 0
	k.steps(&l, func() {
		k.to = mem[half*most:][:k.outer*k.parts*k.inner]
		half = 1 - half
		k.cpu.Threads.Run(k.outer*k.parts*k.blocks, perRow(cheapBlock, (k.n+k.parts-1)/k.parts*min(k.inner, sumColumns)), k)
		k.from = k.to
	})
	a := c.Attr.Alpha
	if k.from == nil {
		for i, v := range k.x {
			y[i] = T(a * float64(v))
		}
		return nil
	}
	for i, v := range k.from {
		y[i] = T(a * v)
	}
	return nil
}

// steps calls do for each step, with its sizes set.
func (k *sumTo[T]) steps(l *layout, do func()) {
	k.inner = 1
	for i := l.rank - 1; i >= 0; i-- {
		if l.stride[1][i] != 0 {
			k.inner *= l.dim[i]
			continue
		}
		k.outer = 1
		for _, d := range l.dim[:i] {
			k.outer *= d
		}
		for k.n = l.dim[i]; ; k.n = k.parts {
			k.blocks = (k.inner + sumColumns - 1) / sumColumns
			k.parts = min(sumPieces/(k.outer*k.blocks), k.n*k.inner/cheapBlock)
			k.parts = max(k.parts, 1)
			do()
			if k.parts == 1 {
				break
			}
		}
	}
}

// Run sums one part of one middle axis in one block of columns.
func (k *sumTo[T]) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		block, part, o := lo%k.blocks, lo/k.blocks%k.parts, lo/k.blocks/k.parts
		c0 := block * sumColumns
		c1 := min(c0+sumColumns, k.inner)
		r0, r1 := part*k.n/k.parts, (part+1)*k.n/k.parts
		y := k.to[(o*k.parts+part)*k.inner:][c0:c1]
		at := (o*k.n+r0)*k.inner + c0
		if k.from == nil {
			sumRows(y, k.x[at:], r1-r0, k.inner)
		} else {
			sumRows(y, k.from[at:], r1-r0, k.inner)
		}
	}
}

// sumRows sets y to the sum of n rows of x, which lie stride apart.
func sumRows[T float](y []float64, x []T, n, stride int) {
	if len(y) == 1 && stride == 1 {
		y[0] = sum(x[:n])
		return
	}
	clear(y)
	for r := range n {
		row := x[r*stride:][:len(y)]
		for i, v := range row {
			y[i] += float64(v)
		}
	}
}

// sum adds in four interleaved lanes.
func sum[T float](x []T) float64 {
	var a, b, c, d float64
	for len(x) >= 4 {
		a += float64(x[0])
		b += float64(x[1])
		c += float64(x[2])
		d += float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		a += float64(v)
	}
	return (a + b) + (c + d)
}

// sumBlock is how many squares are added before they join the others: short,
// so that errors do not add up in float64 either.
const sumBlock = 1 << 12

// sumSquares of a whole array, by blocks.
type sumSquares[T float] struct {
	cpu  *host.CPU
	x    []T
	part []float64
}

func (k *sumSquares[T]) call(c *engine.Call) error {
	k.x = view[T](in(c, 0))
	blocks := (len(k.x) + sumBlock - 1) / sumBlock
	buf, part, err := scratch[float64](k.cpu, blocks)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.part = part
	k.cpu.Threads.Run(blocks, cheapBlock/sumBlock, k)
	view[T](out(c, 0))[0] = T(sum(part))
	return nil
}

func (k *sumSquares[T]) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		k.part[lo] = squares(k.x[lo*sumBlock : min((lo+1)*sumBlock, len(k.x))])
	}
}

// squares adds in four interleaved lanes.
func squares[T float](x []T) float64 {
	var a, b, c, d float64
	for len(x) >= 4 {
		p, q, r, s := float64(x[0]), float64(x[1]), float64(x[2]), float64(x[3])
		a += p * p
		b += q * q
		c += r * r
		d += s * s
		x = x[4:]
	}
	for _, v := range x {
		a += float64(v) * float64(v)
	}
	return (a + b) + (c + d)
}
