package tensor

import "github.com/thaw-go/thaw/engine"

// MatMulOptions are the constants of a matrix product.
type MatMulOptions struct {
	// TransA and TransB take the operand's last two axes exchanged.
	TransA, TransB bool
	// Scale multiplies the product; 0 stands for 1.
	Scale float64
}

// MatMul is the matrix product over the last two axes, the axes before them
// broadcast. An operand of rank 1 is a row on the left, a column on the right.
func (t *Tape) MatMul(a, b *Tensor) *Tensor { return t.MatMulWith(a, b, MatMulOptions{}) }

// MatMulWith is MatMul of transposed or scaled operands.
func (t *Tape) MatMulWith(a, b *Tensor, o MatMulOptions) *Tensor {
	t.begin("mat_mul", a, b)
	t.wantFloat(a, b)
	if a.Rank() == 0 || b.Rank() == 0 {
		t.failf("shapes %v and %v: a scalar is no matrix", a.shape, b.shape)
	}
	if a.Rank() == 1 || b.Rank() == 1 {
		return t.matVec(a, b, o)
	}
	p := t.product(a, b, o)
	if p.expand {
		x, y := t.expand(a, p.outA), t.expand(b, p.outB)
		z := t.MatMulWith(x, y, o)
		t.Drop(x)
		t.Drop(y)
		return z
	}
	attr := engine.Attr{TransA: o.TransA, TransB: o.TransB, Alpha: 1}
	if o.Scale != 0 {
		attr.Alpha = o.Scale
	}
	y := t.fresh(a.dt, p.out)
	t.run(engine.OpMatMul, &attr, []val{a.val().as(p.a), b.val().as(p.b), {}}, []val{y.val().as(p.y)})
	if n := t.record(backMatMul, &attr, y, a, b); n != nil {
		t.save(n, t.ifNeeds(n, 1, a.val().as(p.a)), t.ifNeeds(n, 0, b.val().as(p.b)), val{shape: p.y})
	}
	return y
}

// product is how a matrix product is laid out for the kernel, which knows one
// batch axis.
type product struct {
	a, b, y engine.Shape // as the kernel sees them
	out     engine.Shape // as the caller does
	// expand: both operands broadcast, so they have to be copied to outA, outB.
	expand     bool
	outA, outB engine.Shape
}

func (t *Tape) product(a, b *Tensor, o MatMulOptions) product {
	m, k := a.Dim(-2), a.Dim(-1)
	if o.TransA {
		m, k = k, m
	}
	k2, n := b.Dim(-2), b.Dim(-1)
	if o.TransB {
		k2, n = n, k2
	}
	batchA, batchB := lead(a.shape, 2), lead(b.shape, 2)
	batch, ok := batchA.Broadcast(batchB)
	if k != k2 || !ok {
		t.failf("shapes %v and %v cannot be multiplied (transposed: %v, %v)", a.shape, b.shape, o.TransA, o.TransB)
	}
	p := product{out: join(batch, m, n)}
	switch na, nb := batchA.Len(), batchB.Len(); {
	case b.Rank() == 2 && !o.TransA: // one right matrix: all rows at once
		p.a, p.b, p.y = engine.Of(na*m, k), b.shape, engine.Of(na*m, n)
	case batch.Len() == 1:
		p.a, p.b, p.y = last2(a.shape), last2(b.shape), engine.Of(m, n)
	case (na == batch.Len() || na == 1) && (nb == batch.Len() || nb == 1):
		p.a = join(engine.Of(na), a.Dim(-2), a.Dim(-1))
		p.b = join(engine.Of(nb), b.Dim(-2), b.Dim(-1))
		p.y = engine.Of(batch.Len(), m, n)
	default:
		p.expand = true
		p.outA, p.outB = join(batch, a.Dim(-2), a.Dim(-1)), join(batch, b.Dim(-2), b.Dim(-1))
	}
	return p
}

// lead is the shape without its last n axes.
func lead(s engine.Shape, n int) engine.Shape {
	var d [engine.MaxRank]int
	for i := range s.Rank() - n {
		d[i] = s.Dim(i)
	}
	return engine.Of(d[:s.Rank()-n]...)
}

// join is the batch's shape with two more axes.
func join(batch engine.Shape, m, n int) engine.Shape {
	var d [engine.MaxRank]int
	r := batch.Rank()
	for i := range r {
		d[i] = batch.Dim(i)
	}
	d[r], d[r+1] = m, n
	return engine.Of(d[:r+2]...)
}

func last2(s engine.Shape) engine.Shape { return engine.Of(s.Dim(-2), s.Dim(-1)) }

func backMatMul(t *Tape, n *node) {
	a, b, gy := t.held(n, 0), t.held(n, 1), n.gy().as(t.held(n, 2).shape)
	ta, tb := n.attr.TransA, n.attr.TransB
	if t.needs(n, 0) {
		if ta {
			t.giveProduct(n, 0, b, gy, engine.Attr{TransA: tb, TransB: true}, a.shape)
		} else {
			t.giveProduct(n, 0, gy, b, engine.Attr{TransB: !tb}, a.shape)
		}
	}
	if t.needs(n, 1) {
		if tb {
			t.giveProduct(n, 1, gy, a, engine.Attr{TransA: true, TransB: ta}, b.shape)
		} else {
			t.giveProduct(n, 1, a, gy, engine.Attr{TransA: !ta}, b.shape)
		}
	}
}

// giveProduct gives the i-th operand, which the kernel sees with the given
// shape, the product of x and y; an operand that served every batch gets the
// sum over them.
func (t *Tape) giveProduct(n *node, i int, x, y val, attr engine.Attr, shape engine.Shape) {
	attr.Alpha = n.attr.Alpha
	full := shape
	if batch := max(batchLen(x.shape), batchLen(y.shape)); batch != batchLen(shape) {
		full = engine.Of(batch, shape.Dim(-2), shape.Dim(-1))
	}
	g := t.alloc(x.st.buf.DType(), full)
	t.run(engine.OpMatMul, &attr, []val{x, y, {}}, []val{g})
	t.give(n, i, t.summed(g, shape, 1))
	g.drop()
}

func batchLen(s engine.Shape) int {
	if s.Rank() == 3 {
		return s.Dim(0)
	}
	return 1
}

// matVec multiplies by vectors: a row on the left, a column on the right.
func (t *Tape) matVec(a, b *Tensor, o MatMulOptions) *Tensor {
	x, y := a, b
	if a.Rank() == 1 {
		x, o.TransA = t.seen(a, engine.Of(1, a.Len())), false
	}
	if b.Rank() == 1 {
		y, o.TransB = t.seen(b, engine.Of(b.Len(), 1)), false
	}
	z := t.MatMulWith(x, y, o)
	var d [engine.MaxRank]int
	dims := d[:0]
	for i := range z.Rank() - 2 {
		dims = append(dims, z.Dim(i))
	}
	if a.Rank() > 1 {
		dims = append(dims, z.Dim(-2))
	}
	if b.Rank() > 1 {
		dims = append(dims, z.Dim(-1))
	}
	r := t.seen(z, engine.Of(dims...))
	t.Drop(z)
	return r
}
