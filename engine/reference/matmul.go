package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// matMul splits y into tiles, which are sums of rows of b; where b is transposed
// in memory, its part is first turned.
type matMul[T float] struct {
	cpu        *host.CPU
	a, b       operand[T]
	y, bias    []T
	m, n, k    int
	attr       engine.Attr
	rows, cols int // of a tile
	mt, nt     int // tiles by axis
	turned     []T // blocks of b, one for each worker
}

// apart keeps the rows of turned blocks from starting at the same place of the
// cache.
const apart = 16

// operand is a batch of matrices; a single one serves the whole batch.
type operand[T float] struct {
	v      []T
	trans  bool
	rows   int // in memory
	cols   int
	stride int // from one matrix to the next
}

func operandOf[T float](a engine.Array, trans bool) operand[T] {
	o := operand[T]{v: view[T](a), trans: trans, rows: a.Shape.Dim(-2), cols: a.Shape.Dim(-1)}
	if a.Shape.Rank() == 3 && a.Shape.Dim(0) > 1 {
		o.stride = o.rows * o.cols
	}
	return o
}

func (o *operand[T]) matrix(batch int) matrix[T] {
	m := matrix[T]{v: o.v[batch*o.stride:], row: o.cols, col: 1}
	if o.trans {
		m.row, m.col = 1, o.cols
	}
	return m
}

func (k *matMul[T]) call(c *engine.Call) error {
	a, b, y := in(c, 0), in(c, 1), out(c, 0)
	k.attr = c.Attr
	k.a, k.b = operandOf[T](a, c.Attr.TransA), operandOf[T](b, c.Attr.TransB)
	k.y, k.bias = view[T](y), view[T](in(c, 2))
	k.m, k.n = y.Shape.Dim(-2), y.Shape.Dim(-1)
	k.k = k.a.cols
	if k.a.trans {
		k.k = k.a.rows
	}
	batch := 1
	if y.Shape.Rank() == 3 {
		batch = y.Shape.Dim(0)
	}
	// About 2²⁰ multiplications make a tile, and enough rows where b is turned.
	k.cols = min(blockN, max(k.n, 1))
	least := 8
	if k.b.trans {
		k.cols, least = min(128, max(k.n, 1)), 128
		buf, v, err := scratch[T](k.cpu, k.cpu.Threads.Len()*min(k.k, blockK)*(k.cols+apart))
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.turned = v
	}
	k.rows = min(max(1<<20/max(k.cols*k.k, 1)&^1, least), 128)
	k.mt, k.nt = (k.m+k.rows-1)/k.rows, (k.n+k.cols-1)/k.cols
	k.cpu.Threads.Run(batch*k.mt*k.nt, perRow(1<<19, k.rows*k.cols*k.k), k)
	return nil
}

func (k *matMul[T]) Run(worker, lo, hi int) {
	for ; lo < hi; lo++ {
		j0, i0, batch := lo%k.nt*k.cols, lo/k.nt%k.mt*k.rows, lo/k.nt/k.mt
		m, n := min(k.rows, k.m-i0), min(k.cols, k.n-j0)
		y := k.y[(batch*k.m+i0)*k.n+j0:]
		k.begin(y, m, n)
		if k.k > 0 {
			k.multiply(worker, y, k.a.matrix(batch).at(i0, 0), k.b.v[batch*k.b.stride:], j0, m, n)
		}
		k.finish(y, j0, m, n)
	}
}

// multiply adds the product to an m×n tile of y from column j0 on.
func (k *matMul[T]) multiply(worker int, y []T, a matrix[T], b []T, j0, m, n int) {
	alpha := T(k.attr.Alpha)
	switch {
	case !k.b.trans:
		addOuter(y, k.n, a, b[j0:], k.n, m, n, k.k, alpha)
	case m < 4 && !k.a.trans:
		addRows(y, k.n, a.v, b[j0*k.k:], m, n, k.k, alpha)
	default:
		size := len(k.turned) / k.cpu.Threads.Len()
		turned := k.turned[worker*size:][:size]
		for k0 := 0; k0 < k.k; k0 += blockK {
			depth := min(blockK, k.k-k0)
			turn(turned, n+apart, b[j0*k.k+k0:], k.k, n, depth)
			addOuter(y, k.n, a.at(0, k0), turned, n+apart, m, n, depth, alpha)
		}
	}
}

// begin sets a tile to what the product is added to.
func (k *matMul[T]) begin(y []T, m, n int) {
	beta := T(k.attr.Beta)
	for i := range m {
		row := y[i*k.n:][:n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}

// finish applies bias and function to a tile.
func (k *matMul[T]) finish(y []T, j0, m, n int) {
	if k.attr.Beta != 0 || k.bias == nil && k.attr.Fn == engine.FnNone {
		return
	}
	attr := engine.Attr{Fn: k.attr.Fn}
	for i := range m {
		row := y[i*k.n:][:n]
		if k.bias != nil {
			for j, v := range k.bias[j0 : j0+n] {
				row[j] += v
			}
		}
		if attr.Fn != engine.FnNone {
			apply(row, row, &attr)
		}
	}
}
