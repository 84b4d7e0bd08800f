package tensor

import "github.com/thaw-go/thaw/engine"

// Linear is x·wᵀ + b over x's last axis, as torch's: w[out,in], b[out], which
// may be nil.
func (t *Tape) Linear(x, w, b *Tensor) *Tensor { return t.LinearAct(x, w, b, engine.FnNone) }

// LinearAct is fn(x·wᵀ + b), in one kernel where the backward pass can do
// without the argument of fn (relu, tanh) or there is none. fn is one of those
// that engine.OpMatMul takes.
func (t *Tape) LinearAct(x, w, b *Tensor, fn engine.Fn) *Tensor {
	t.begin("linear", x, w, b)
	t.wantFloat(x, w, b)
	if x.Rank() == 0 || w.Rank() != 2 || x.Dim(-1) != w.Dim(1) {
		t.failf("input %v has a last axis that does not fit the weight %v [out,in]", x.shape, w.shape)
	}
	t.wantShape("the bias", b, engine.Of(w.Dim(0)))
	if fn != engine.FnNone && !fn.SavesOutput() && t.records(x, w, b) {
		y := t.LinearAct(x, w, b, engine.FnNone)
		z := t.unary(t.op, engine.Attr{Fn: fn}, y)
		t.Drop(y)
		return z
	}
	out := w.Dim(0)
	rows := x.Len() / max(x.Dim(-1), 1)
	attr := engine.Attr{TransB: true, Alpha: 1, Fn: fn}
	y := t.fresh(x.dt, x.shape.With(-1, out))
	if x.Dim(-1) == 0 {
		rows = lead(x.shape, 1).Len()
	}
	x2, y2 := x.val().as(engine.Of(rows, x.Dim(-1))), y.val().as(engine.Of(rows, out))
	t.run(engine.OpMatMul, &attr, []val{x2, w.val(), b.val()}, []val{y2})
	n := t.record(backLinear, &attr, y, x, w, b)
	if n == nil {
		return y
	}
	act := val{}
	if fn != engine.FnNone {
		act = y2
	}
	t.save(n, t.ifNeeds(n, 1, x2), t.ifNeeds(n, 0, w.val()), act)
	return y
}

func backLinear(t *Tape, n *node) {
	x, w, act := t.held(n, 0), t.held(n, 1), t.held(n, 2)
	rows, in, out := x.shape.Dim(0), x.shape.Dim(1), w.shape.Dim(0)
	gy := n.gy().as(engine.Of(rows, out)).retain()
	if !act.absent() {
		g := t.like(gy)
		t.run(engine.OpUnaryGrad, &engine.Attr{Fn: n.attr.Fn}, []val{act, gy}, []val{g})
		gy.drop()
		gy = g
	}
	if t.needs(n, 1) {
		gw := t.alloc(gy.st.buf.DType(), w.shape)
		t.run(engine.OpMatMul, &engine.Attr{TransA: true, Alpha: 1}, []val{gy, x, {}}, []val{gw})
		t.give(n, 1, gw)
	}
	if t.needs(n, 2) {
		t.give(n, 2, t.summed(gy, engine.Of(out), 1))
	}
	if t.needs(n, 0) {
		gx := t.alloc(gy.st.buf.DType(), engine.Of(rows, in))
		t.run(engine.OpMatMul, &engine.Attr{Alpha: 1}, []val{gy, w, {}}, []val{gx})
		t.give(n, 0, gx)
	}
	gy.drop()
}

// records reports whether an operator of these operands would be recorded.
func (t *Tape) records(xs ...*Tensor) bool {
	if t.quiet > 0 {
		return false
	}
	for _, x := range xs {
		if x != nil && x.needs {
			return true
		}
	}
	return false
}
