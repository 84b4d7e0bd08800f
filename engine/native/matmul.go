//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
)

// matMul computes products of matrices. A small one is the work of one thread,
// as is each of a large batch of them. Of a large one the smaller operand is
// packed for all, depth by depth, and the other one is packed and multiplied in
// groups of panels.
type matMul struct {
	shared
	base    engine.Kernel // for what has no depth
	a, b    operand
	y       []float32
	fn      engine.Fn
	p       product
	batch   int
	current int       // the one that is shared among the threads
	packed  []float32 // what all threads read
	own     []float32 // for each thread
	ownLen  int
	k0, kd  int  // the current depth
	group   int  // panels or stripes of a piece of work
	sharesA bool // A is packed for all, else B
}

// operand is a batch of matrices; a single one serves the whole batch.
type operand struct {
	v        []float32
	row, col int
	stride   int // bytes from one matrix to the next
}

func operandOf(a engine.Array, turned bool) operand {
	rows, cols := a.Shape.Dim(-2), a.Shape.Dim(-1)
	o := operand{v: floats(a), row: 4 * cols, col: 4}
	if turned {
		o.row, o.col = o.col, o.row
	}
	if a.Shape.Rank() == 3 && a.Shape.Dim(0) > 1 {
		o.stride = 4 * rows * cols
	}
	return o
}

func (o *operand) matrix(batch int) matrix {
	return matrix{unsafe.Add(at(o.v, 0), batch*o.stride), o.row, o.col}
}

func (k *matMul) call(c *engine.Call) error {
	a, b, y := in(c, 0), in(c, 1), out(c, 0)
	depth := a.Shape.Dim(-1)
	if c.Attr.TransA {
		depth = a.Shape.Dim(-2)
	}
	if y.Shape.Len() == 0 || depth == 0 {
		return k.base(c)
	}
	k.a, k.b = operandOf(a, c.Attr.TransA), operandOf(b, c.Attr.TransB)
	k.y, k.fn = floats(y), engine.FnNone
	k.p = productOf(k.isa, y.Shape.Dim(-2), y.Shape.Dim(-1), depth)
	k.p.alpha, k.p.beta = float32(c.Attr.Alpha), float32(c.Attr.Beta)
	if k.p.beta == 0 {
		k.p.colBias, k.fn = at(floats(in(c, 2)), 0), c.Attr.Fn
	}
	k.batch = 1
	if y.Shape.Rank() == 3 {
		k.batch = y.Shape.Dim(0)
	}
	many := k.batch >= 2*k.cpu.Threads.Len() && k.p.cost() < 20*worthSharing
	if k.p.cost() < worthSharing || many {
		return k.whole()
	}
	return k.inPieces()
}

// whole gives each product of the batch to one thread.
func (k *matMul) whole() error {
	k.ownLen = k.p.serialMemory()
	buf, v, err := k.scratch(k.threads(k.batch, k.p.cost()) * k.ownLen)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.own = v
	k.spread(k.batch, 1, k.p.cost(), (*wholeProducts)(k))
	return nil
}

type wholeProducts matMul

func (k *wholeProducts) Run(worker, lo, hi int) {
	for ; lo < hi; lo++ {
		p := k.p
		p.c = at(k.y, lo*p.m*p.n)
		p.serial(k.a.matrix(lo), k.b.matrix(lo), k.own[worker*k.ownLen:][:k.ownLen])
		p.activate(k.fn, 0, p.m, 0, p.n)
	}
}

// How many panels of A or stripes of B a piece of work has.
const (
	groupPanels  = 14
	blockStripes = 8
)

// inPieces shares each product among the threads.
func (k *matMul) inPieces() error {
	p, d, threads := &k.p, k.p.depth(), k.cpu.Threads.Len()
	k.sharesA = p.m < p.n
	shared, pieces, most := p.sizeB(p.stripes(), d), p.rows.panels, groupPanels
	if k.sharesA {
		shared, pieces, most = p.sizeA(p.rows.panels, d), p.stripes(), blockStripes
	}
	k.group = most
	if threads > 1 {
		k.group = min(most, max(pieces/(4*threads), 1))
	}
	k.ownLen = p.sizeA(k.group, d)
	if k.sharesA {
		k.ownLen = p.sizeB(k.group, d)
	}
	buf, v, err := k.scratch(shared + threads*k.ownLen)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.packed, k.own = v[:shared], v[shared:]
	for k.current = range k.batch {
		p.c = at(k.y, k.current*p.m*p.n)
		for k.k0 = 0; k.k0 < p.k; k.k0 += d {
			k.kd = min(d, p.k-k.k0)
			if k.sharesA {
				k.spread(p.rows.panels, 1, packCost*float64(k.kd*p.rows.rows), (*packShared)(k))
			} else {
				k.spread(p.stripes(), 1, packCost*float64(k.kd*2*k.isa.Width()), (*packShared)(k))
			}
			k.cpu.Threads.Run((pieces+k.group-1)/k.group, 1, (*pieceProducts)(k))
		}
	}
	return nil
}

// packShared packs panels of A, or stripes of B, for all.
type packShared matMul

func (k *packShared) Run(_, lo, hi int) {
	if k.sharesA {
		k.p.packA(k.packed[k.p.sizeA(lo, k.kd):], k.a.matrix(k.current), lo, hi, k.k0, k.kd)
		return
	}
	k.p.packB(k.packed[k.p.sizeB(lo, k.kd):], k.b.matrix(k.current), lo, hi, k.k0, k.kd)
}

// pieceProducts packs groups of the other operand and multiplies.
type pieceProducts matMul

func (k *pieceProducts) Run(worker, lo, hi int) {
	p, own := &k.p, k.own[worker*k.ownLen:][:k.ownLen]
	w, last := 2*k.isa.Width(), k.k0+k.kd == k.p.k
	for ; lo < hi; lo++ {
		from := lo * k.group
		if k.sharesA {
			to := min(from+k.group, p.stripes())
			p.packB(own, k.b.matrix(k.current), from, to, k.k0, k.kd)
			p.tiles(k.packed, 0, p.rows.panels, own, from, to, k.kd, k.k0 == 0)
			if last {
				p.activate(k.fn, 0, p.m, from*w, min(to*w, p.n))
			}
			continue
		}
		to := min(from+k.group, p.rows.panels)
		p.packA(own, k.a.matrix(k.current), from, to, k.k0, k.kd)
		p.tiles(own, from, to, k.packed, 0, p.stripes(), k.kd, k.k0 == 0)
		if last {
			p.activate(k.fn, p.rows.start(from), p.rows.start(to), 0, p.n)
		}
	}
}
