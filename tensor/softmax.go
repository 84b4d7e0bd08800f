package tensor

import "github.com/thaw-go/thaw/engine"

// Softmax is eˣ over the axis, divided by its sum. A row that is −∞ throughout
// gives zeros.
func (t *Tape) Softmax(x *Tensor, axis int) *Tensor {
	return t.alongLast("softmax", x, axis, func(x *Tensor) *Tensor { return t.softmax(x, nil, 1) })
}

// LogSoftmax is the logarithm of Softmax.
func (t *Tape) LogSoftmax(x *Tensor, axis int) *Tensor {
	return t.alongLast("log_softmax", x, axis, t.logSoftmax)
}

// MaskedSoftmax is the softmax of scale·x + mask over the last axis. The mask,
// which may be nil, broadcasts to x.
func (t *Tape) MaskedSoftmax(x, mask *Tensor, scale float64) *Tensor {
	t.begin("softmax", x, mask)
	if mask == nil || !mask.needs {
		return t.softmax(x, mask, scale)
	}
	s := t.Scale(x, scale, 0)
	m := t.Add(s, mask)
	y := t.softmax(m, nil, 1)
	t.Drop(s)
	t.Drop(m)
	return y
}

func (t *Tape) softmax(x, mask *Tensor, scale float64) *Tensor {
	t.wantFloat(x, mask)
	if mask != nil {
		if s, ok := x.shape.Broadcast(mask.shape); !ok || s != x.shape {
			t.failf("a mask of shape %v does not broadcast to %v", mask.shape, x.shape)
		}
	}
	attr := engine.Attr{Alpha: scale}
	y := t.fresh(x.dt, x.shape)
	t.run(engine.OpSoftmax, &attr, []val{x.val(), mask.val()}, []val{y.val()})
	if n := t.record(backSoftmax, &attr, y, x); n != nil {
		t.save(n, y.val())
	}
	return y
}

func backSoftmax(t *Tape, n *node) {
	gx := t.like(n.gy())
	t.run(engine.OpSoftmaxGrad, &n.attr, []val{t.held(n, 0), n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

func (t *Tape) logSoftmax(x *Tensor) *Tensor {
	t.wantFloat(x)
	y := t.fresh(x.dt, x.shape)
	t.run(engine.OpLogSoftmax, &engine.Attr{}, []val{x.val()}, []val{y.val()})
	if n := t.record(backLogSoftmax, &engine.Attr{}, y, x); n != nil {
		t.save(n, y.val())
	}
	return y
}

func backLogSoftmax(t *Tape, n *node) {
	gx := t.like(n.gy())
	t.run(engine.OpLogSoftmaxGrad, &n.attr, []val{t.held(n, 0), n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// alongLast runs fn with the given axis moved to the end.
func (t *Tape) alongLast(op string, x *Tensor, axis int, fn func(*Tensor) *Tensor) *Tensor {
	t.begin(op, x)
	if x.Rank() == 0 {
		t.failf("a scalar has no axis")
	}
	axis = t.axis(x, axis)
	if axis == x.Rank()-1 {
		return fn(x)
	}
	moved := t.Transpose(x, axis, -1)
	t.op = op
	y := fn(moved)
	back := t.Transpose(y, axis, -1)
	t.Drop(moved)
	t.Drop(y)
	return back
}
