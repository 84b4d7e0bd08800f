package tensor

import "github.com/thaw-go/thaw/engine"

// BatchNormOptions are the operands and constants of a batch norm beside its
// input. All tensors are [c] and may be nil; they are leaves.
type BatchNormOptions struct {
	Weight, Bias *Tensor
	// Mean and Var are the running statistics.
	Mean, Var *Tensor
	// Stored normalises with the running statistics; else with the batch's,
	// and then running statistics that are there move by Momentum (the variance
	// unbiased).
	Stored        bool
	Momentum, Eps float64
	// Residual, of x's shape, is added to the result, and Act applied to the
	// sum; nil and FnNone leave that out.
	Residual *Tensor
	Act      engine.Fn
}

// BatchNorm normalises x[n,c,...] by channel (Ioffe and Szegedy, Batch
// Normalization, 2015).
func (t *Tape) BatchNorm(x *Tensor, o BatchNormOptions) *Tensor {
	t.begin("batch_norm", x, o.Weight, o.Bias, o.Mean, o.Var, o.Residual)
	t.wantFloat(x, o.Weight, o.Bias, o.Mean, o.Var, o.Residual)
	t.wantShape("the residual", o.Residual, x.shape)
	if o.Residual == nil && o.Act == engine.FnNone {
		return t.batchNorm(x, o)
	}
	if o.Stored && !t.records(x, o.Weight, o.Bias, o.Residual) && t.kernel(engine.OpBatchNormEvalAct, x.dt) != nil {
		return t.batchNorm(x, o)
	}
	if !o.Stored && (o.Act == engine.FnNone || o.Act.SavesOutput()) && t.kernel(engine.OpBatchNormAct, x.dt) != nil && t.kernel(engine.OpBatchNormActGrad, x.dt) != nil {
		return t.batchNorm(x, o)
	}
	y := t.batchNorm(x, BatchNormOptions{
		Weight: o.Weight, Bias: o.Bias, Mean: o.Mean, Var: o.Var, Stored: o.Stored, Momentum: o.Momentum, Eps: o.Eps,
	})
	if o.Residual != nil {
		z := t.Add(y, o.Residual)
		t.Drop(y)
		y = z
	}
	if o.Act != engine.FnNone {
		z := t.unary("batch_norm", engine.Attr{Fn: o.Act}, y)
		t.Drop(y)
		y = z
	}
	return y
}

// batchNorm is BatchNorm in one kernel.
func (t *Tape) batchNorm(x *Tensor, o BatchNormOptions) *Tensor {
	if x.Rank() < 2 {
		t.failf("wants [n,c,...], not %v", x.shape)
	}
	c := engine.Of(x.Dim(1))
	for _, p := range [...]*Tensor{o.Weight, o.Bias, o.Mean, o.Var} {
		t.wantShape("a parameter", p, c)
	}
	if (o.Mean == nil) != (o.Var == nil) {
		t.failf("running mean and variance come together")
	}
	attr := engine.Attr{Eps: o.Eps, Momentum: o.Momentum, Fn: o.Act}
	if o.Stored {
		return t.storedNorm(x, o, &attr)
	}
	if x.Len() == x.Dim(1) {
		t.failHint("make the batch larger", "one value per channel has no variance: input %v in training", x.shape)
	}
	mean, rvar := o.Mean.val(), o.Var.val()
	if t.replay != nil { // the first run has moved them
		mean, rvar = val{}, val{}
	}
	y := t.fresh(x.dt, x.shape)
	m, r := t.alloc(x.dt, c), t.alloc(x.dt, c)
	in := [...]val{x.val(), o.Weight.val(), o.Bias.val(), mean, rvar, o.Residual.val()}
	if o.Residual == nil && o.Act == engine.FnNone {
		t.run(engine.OpBatchNorm, &attr, in[:5], []val{y.val(), m, r})
		if n := t.record(backBatchNorm, &attr, y, x, o.Weight, o.Bias); n != nil {
			t.save(n, x.val(), o.Weight.val(), m, r)
		}
	} else {
		t.run(engine.OpBatchNormAct, &attr, in[:], []val{y.val(), m, r})
		if n := t.record(backBatchNormAct, &attr, y, x, o.Weight, o.Bias, o.Residual); n != nil {
			t.save(n, x.val(), o.Weight.val(), m, r, y.val())
		}
	}
	m.drop()
	r.drop()
	return y
}

func backBatchNormAct(t *Tape, n *node) {
	gx, gw, gb := t.normGrads(n, n.gy().shape)
	var gres val
	if t.needs(n, 3) {
		gres = t.like(n.gy())
	}
	in := []val{t.held(n, 0), n.gy(), t.held(n, 1), t.held(n, 2), t.held(n, 3), t.held(n, 4)}
	t.run(engine.OpBatchNormActGrad, &n.attr, in, []val{gx, gw, gb, gres})
	t.giveNorm(n, gx, gw, gb)
	if !gres.absent() {
		t.give(n, 3, gres)
	}
}

func (t *Tape) storedNorm(x *Tensor, o BatchNormOptions, attr *engine.Attr) *Tensor {
	if o.Mean == nil {
		t.failf("there are no running statistics to normalise with")
	}
	y := t.fresh(x.dt, x.shape)
	in := [...]val{x.val(), o.Weight.val(), o.Bias.val(), o.Mean.val(), o.Var.val(), o.Residual.val()}
	if o.Residual != nil || o.Act != engine.FnNone { // nothing is recorded
		t.run(engine.OpBatchNormEvalAct, attr, in[:], []val{y.val()})
		return y
	}
	t.run(engine.OpBatchNormEval, attr, in[:5], []val{y.val()})
	if n := t.record(backStoredNorm, attr, y, x, o.Weight, o.Bias); n != nil {
		t.save(n, t.ifNeeds(n, 1, x.val()), o.Weight.val(), o.Mean.val(), o.Var.val())
	}
	return y
}

func backBatchNorm(t *Tape, n *node) { t.backNorm(n, engine.OpBatchNormGrad, n.gy().shape) }

// backStoredNorm needs the input for the weight's gradient only; without it any
// value of its shape serves.
func backStoredNorm(t *Tape, n *node) {
	x, w, mean, rvar := t.held(n, 0), t.held(n, 1), t.held(n, 2), t.held(n, 3)
	if x.absent() {
		x = n.gy()
	}
	gx, gw, gb := t.normGrads(n, n.gy().shape)
	t.run(engine.OpBatchNormEvalGrad, &n.attr, []val{x, n.gy(), w, mean, rvar}, []val{gx, gw, gb})
	t.giveNorm(n, gx, gw, gb)
}
