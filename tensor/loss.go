package tensor

import "github.com/thaw-go/thaw/engine"

// BCEOptions are the constants of a binary cross-entropy.
type BCEOptions struct {
	// Weight multiplies single losses, PosWeight the loss of positive targets.
	// Both broadcast to the logits and may be nil.
	Weight, PosWeight *Tensor
	Reduction         Reduction
}

// BCEWithLogits is the binary cross-entropy between sigmoid(x) and the target.
func (t *Tape) BCEWithLogits(x, target *Tensor, o BCEOptions) *Tensor {
	t.begin("bce_with_logits", x, target, o.Weight, o.PosWeight)
	t.wantFloat(x, target, o.Weight, o.PosWeight)
	t.wantShape("the target", target, x.shape)
	t.frozen("the target", target)
	t.frozen("the weight of positives", o.PosWeight)
	if p := o.PosWeight; p != nil {
		if s, ok := x.shape.Broadcast(p.shape); !ok || s != x.shape {
			t.failf("the weight of positives %v does not broadcast to %v", p.shape, x.shape)
		}
	}
	t.Enter("")
	y := t.fresh(x.dt, x.shape)
	t.run(engine.OpBCEWithLogits, &engine.Attr{}, []val{x.val(), target.val(), o.PosWeight.val()}, []val{y.val()})
	if n := t.record(backBCE, &engine.Attr{}, y, x); n != nil {
		t.save(n, x.val(), target.val(), o.PosWeight.val())
	}
	if o.Weight != nil {
		y = t.Mul(y, o.Weight)
	}
	return t.Leave(t.reduced(y, o.Reduction))
}

func backBCE(t *Tape, n *node) {
	gx := t.like(n.gy())
	t.run(engine.OpBCEWithLogitsGrad, &n.attr, []val{t.held(n, 0), t.held(n, 1), t.held(n, 2), n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// frozen throws where an operand that has no gradient wants one.
func (t *Tape) frozen(what string, x *Tensor) {
	if x != nil && x.needs && t.quiet == 0 {
		t.failHint("Detach it", "%s cannot have a gradient", what)
	}
}

// MSE is (x − target)².
func (t *Tape) MSE(x, target *Tensor, r Reduction) *Tensor {
	return t.elementLoss("mse", x, target, engine.Attr{Fn: engine.FnSquaredError}, r)
}

// L1 is |x − target|.
func (t *Tape) L1(x, target *Tensor, r Reduction) *Tensor {
	return t.elementLoss("l1", x, target, engine.Attr{Fn: engine.FnAbsError}, r)
}

// SmoothL1 is ½d²/beta where |d| < beta, else |d| − ½beta.
func (t *Tape) SmoothL1(x, target *Tensor, beta float64, r Reduction) *Tensor {
	if beta == 0 {
		return t.L1(x, target, r)
	}
	return t.elementLoss("smooth_l1", x, target, engine.Attr{Fn: engine.FnSmoothL1, Alpha: beta}, r)
}

// Huber is ½d² where |d| ≤ delta, else delta·(|d| − ½delta).
func (t *Tape) Huber(x, target *Tensor, delta float64, r Reduction) *Tensor {
	return t.elementLoss("huber", x, target, engine.Attr{Fn: engine.FnHuber, Alpha: delta}, r)
}

// KLDiv is target·(ln target − x) for log-probabilities x.
func (t *Tape) KLDiv(x, target *Tensor, r Reduction) *Tensor {
	t.begin("kl_div", x, target)
	t.frozen("the target", target)
	return t.elementLoss("kl_div", x, target, engine.Attr{Fn: engine.FnKLDiv}, r)
}

// elementLoss broadcasts, as torch does, and reduces.
func (t *Tape) elementLoss(op string, x, target *Tensor, attr engine.Attr, r Reduction) *Tensor {
	t.begin(op, x, target)
	t.wantFloat(x, target)
	shape, ok := x.shape.Broadcast(target.shape)
	if !ok {
		t.failf("input %v and target %v", x.shape, target.shape)
	}
	if !(attr.Alpha >= 0) {
		t.failf("the parameter %v is negative", attr.Alpha)
	}
	t.Enter("")
	if x.shape != shape {
		x = t.expand(x, shape)
	}
	if target.shape != shape {
		target = t.expand(target, shape)
	}
	t.op = op
	y := t.fresh(x.dt, shape)
	t.run(engine.OpElementLoss, &attr, []val{x.val(), target.val()}, []val{y.val()})
	if n := t.record(backElementLoss, &attr, y, x, target); n != nil {
		t.save(n, x.val(), target.val())
	}
	return t.Leave(t.reduced(y, r))
}

// backElementLoss: all of these but kl_div, whose target is frozen, depend on
// x − target alone.
func backElementLoss(t *Tape, n *node) {
	gx := t.like(n.gy())
	t.run(engine.OpElementLossGrad, &n.attr, []val{t.held(n, 0), t.held(n, 1), n.gy()}, []val{gx})
	if t.needs(n, 1) {
		t.give(n, 1, t.scaled(gx, -1))
	}
	t.give(n, 0, gx)
}
