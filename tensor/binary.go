package tensor

import "github.com/thaw-go/thaw/engine"

// Add is a + b. Like the other operators of two operands it broadcasts them to
// a common shape by NumPy's rule.
func (t *Tape) Add(a, b *Tensor) *Tensor { return t.binary("add", engine.FnAdd, backAdd, a, b) }

// Sub is a − b.
func (t *Tape) Sub(a, b *Tensor) *Tensor { return t.binary("sub", engine.FnSub, backSub, a, b) }

// Mul is a · b, element by element.
func (t *Tape) Mul(a, b *Tensor) *Tensor { return t.binary("mul", engine.FnMul, backMul, a, b) }

// Div is a / b.
func (t *Tape) Div(a, b *Tensor) *Tensor { return t.binary("div", engine.FnDiv, backDiv, a, b) }

// Max is the larger of a and b; equals share the gradient.
func (t *Tape) Max(a, b *Tensor) *Tensor { return t.binary("max", engine.FnMax, backExtreme, a, b) }

// Min is the smaller of a and b; equals share the gradient.
func (t *Tape) Min(a, b *Tensor) *Tensor { return t.binary("min", engine.FnMin, backExtreme, a, b) }

func (t *Tape) binary(op string, fn engine.Fn, back func(*Tape, *node), a, b *Tensor) *Tensor {
	t.begin(op, a, b)
	t.wantFloat(a, b)
	shape, ok := a.shape.Broadcast(b.shape)
	if !ok {
		t.failHint("sizes, aligned at the last axis, must be equal or 1", "shapes %v and %v do not broadcast", a.shape, b.shape)
	}
	attr := engine.Attr{Fn: fn}
	y := t.fresh(a.dt, shape)
	t.run(engine.OpBinary, &attr, []val{a.val(), b.val()}, []val{y.val()})
	n := t.record(back, &attr, y, a, b)
	if n == nil {
		return y
	}
	switch fn {
	case engine.FnMul:
		t.save(n, t.ifNeeds(n, 1, a.val()), t.ifNeeds(n, 0, b.val()))
	case engine.FnDiv:
		t.save(n, t.ifNeeds(n, 1, y.val()), b.val())
	case engine.FnMax, engine.FnMin:
		t.save(n, a.val(), b.val())
	}
	return y
}

// ifNeeds is v where the i-th operand needs a gradient, else only its shape.
func (t *Tape) ifNeeds(n *node, i int, v val) val {
	if t.needs(n, i) {
		return v
	}
	return v.shapeOnly()
}

func backAdd(t *Tape, n *node) {
	for i := range 2 {
		if t.needs(n, i) {
			t.give(n, i, t.summed(n.gy(), t.input(n, i).shape, 1))
		}
	}
}

func backSub(t *Tape, n *node) {
	if t.needs(n, 0) {
		t.give(n, 0, t.summed(n.gy(), t.input(n, 0).shape, 1))
	}
	if t.needs(n, 1) {
		t.give(n, 1, t.summed(n.gy(), t.input(n, 1).shape, -1))
	}
}

func backMul(t *Tape, n *node) {
	for i := range 2 {
		if t.needs(n, i) {
			t.giveSummed(n, i, t.bin(engine.FnMul, n.gy(), t.held(n, 1-i)), 1)
		}
	}
}

func backDiv(t *Tape, n *node) {
	ga := t.bin(engine.FnDiv, n.gy(), t.held(n, 1))
	if t.needs(n, 1) { // −gy·y/b
		t.giveSummed(n, 1, t.bin(engine.FnMul, ga, t.held(n, 0)), -1)
	}
	if t.needs(n, 0) {
		t.giveSummed(n, 0, ga, 1)
	} else {
		ga.drop()
	}
}

// backExtreme gives each operand gy·(1 ± sign(a−b))/2.
func backExtreme(t *Tape, n *node) {
	gy := n.gy()
	sign := t.like(gy)
	d := t.like(gy)
	t.run(engine.OpBinary, &engine.Attr{Fn: engine.FnSub}, []val{t.held(n, 0), t.held(n, 1)}, []val{d})
	t.run(engine.OpUnaryGrad, &engine.Attr{Fn: engine.FnAbs}, []val{d, gy}, []val{sign})
	d.drop()
	first := engine.FnAdd // max: the first operand wins where a−b > 0
	if n.attr.Fn == engine.FnMin {
		first = engine.FnSub
	}
	if t.needs(n, 0) {
		t.giveSummed(n, 0, t.bin(first, gy, sign), .5)
	}
	if t.needs(n, 1) {
		t.giveSummed(n, 1, t.bin(engine.FnAdd+engine.FnSub-first, gy, sign), .5)
	}
	sign.drop()
}

// bin is fn(a, b) in a's shape.
func (t *Tape) bin(fn engine.Fn, a, b val) val {
	y := t.like(a)
	t.run(engine.OpBinary, &engine.Attr{Fn: fn}, []val{a, b}, []val{y})
	return y
}

// summed is scale·v, summed over the axes along which shape broadcasts to v's.
func (t *Tape) summed(v val, shape engine.Shape, scale float64) val {
	if v.shape == shape || v.shape.Len() == shape.Len() {
		return t.scaled(v, scale)
	}
	y := t.alloc(v.st.buf.DType(), shape)
	t.run(engine.OpSumTo, &engine.Attr{Alpha: scale}, []val{v}, []val{y})
	return y
}

// giveSummed gives the i-th operand what g sums to, and takes over g's count.
func (t *Tape) giveSummed(n *node, i int, g val, scale float64) {
	t.give(n, i, t.summed(g, t.input(n, i).shape, scale))
	g.drop()
}
