package tensor

import "github.com/thaw-go/thaw/engine"

// Reduction says what becomes of the losses of single elements.
type Reduction = engine.Reduction

// The reductions.
const (
	Mean = engine.ReduceMean
	Sum  = engine.ReduceSum
	None = engine.ReduceNone
)

// CrossEntropyOptions are the constants of a cross-entropy, as torch's.
type CrossEntropyOptions struct {
	// Weight[c] of the classes; nil: all 1.
	Weight *Tensor
	// Smoothing spreads that share of the target over all classes.
	Smoothing float64
	// IgnoreIndex is the target that does not count; nil stands for −100.
	IgnoreIndex *int64
	Reduction   Reduction
}

// CrossEntropy is −log softmax(x) at the target. x is [n,c], [n,c,d1,…] or [c];
// the target holds class indices in the shape without c, or probabilities in
// x's own shape.
func (t *Tape) CrossEntropy(x, target *Tensor, o CrossEntropyOptions) *Tensor {
	t.begin("cross_entropy", x, target, o.Weight)
	t.wantFloat(x, o.Weight)
	if !(o.Smoothing >= 0 && o.Smoothing <= 1) {
		t.failf("smoothing %v is not in [0, 1]", o.Smoothing)
	}
	if x.Rank() == 0 {
		t.failf("logits %v have no axis of classes", x.shape)
	}
	axis := min(1, x.Rank()-1)
	classes := x.Dim(axis)
	t.wantShape("the class weight", o.Weight, engine.Of(classes))
	if target.dt.Float() {
		return t.softTargets(x, target, o, axis)
	}
	t.wantIDs("class indices", target)
	outer := t.targetShape(x, axis)
	if target.shape != outer {
		t.failf("logits %v want targets of shape %v, not %v", x.shape, outer, target.shape)
	}
	rows := x
	if axis < x.Rank()-1 {
		rows = t.Transpose(x, axis, -1)
		if x.Rank() > 3 { // [n,d2,…,d1,c] back into [n,d1,d2,…,c]
			rows = t.classesLast(x, rows)
		}
	}
	t.op = "cross_entropy"
	y := t.hardTargets(rows, target, o, outer)
	if rows != x {
		t.Drop(rows)
	}
	return y
}

// targetShape is x's shape without the axis of classes.
func (t *Tape) targetShape(x *Tensor, axis int) engine.Shape {
	var d [engine.MaxRank]int
	k := 0
	for i := range x.Rank() {
		if i != axis {
			d[k] = x.Dim(i)
			k++
		}
	}
	return engine.Of(d[:k]...)
}

// classesLast moves the axis 1 of x to the end, in place of rows.
func (t *Tape) classesLast(x, rows *Tensor) *Tensor {
	t.Drop(rows)
	axes := [engine.MaxRank]int{0}
	for i := 2; i < x.Rank(); i++ {
		axes[i-1] = i
	}
	axes[x.Rank()-1] = 1
	return t.Permute(x, axes[:x.Rank()]...)
}

// hardTargets is the loss of rows[...,c] against class indices.
func (t *Tape) hardTargets(rows, target *Tensor, o CrossEntropyOptions, outer engine.Shape) *Tensor {
	attr := engine.Attr{Smoothing: o.Smoothing, IgnoreIndex: -100, Reduction: o.Reduction}
	if o.IgnoreIndex != nil {
		attr.IgnoreIndex = *o.IgnoreIndex
	}
	n, c := target.Len(), rows.Dim(-1)
	nc, flat, loss := engine.Of(n, c), engine.Of(n), engine.Of()
	out := loss
	if o.Reduction == None {
		loss, out = flat, outer
	}
	y := t.fresh(rows.dt, out)
	logp, denom := t.alloc(rows.dt, nc), t.alloc(rows.dt, engine.Of())
	t.run(engine.OpCrossEntropy, &attr, []val{rows.val().as(nc), target.val().as(flat), o.Weight.val()}, []val{y.val().as(loss), logp, denom})
	if nd := t.record(backCrossEntropy, &attr, y, rows); nd != nil {
		t.save(nd, logp, target.val().as(flat), o.Weight.val(), denom, val{shape: loss})
	}
	logp.drop()
	denom.drop()
	return y
}

func backCrossEntropy(t *Tape, n *node) {
	logp := t.held(n, 0)
	gx := t.like(logp)
	in := []val{logp, t.held(n, 1), t.held(n, 2), n.gy().as(t.held(n, 4).shape), t.held(n, 3)}
	t.run(engine.OpCrossEntropyGrad, &n.attr, in, []val{gx})
	t.give(n, 0, gx)
}

// softTargets is −Σ w·p·log softmax(x) over the classes; the mean is over what
// is left, whatever the weights.
func (t *Tape) softTargets(x, p *Tensor, o CrossEntropyOptions, axis int) *Tensor {
	t.wantShape("the target", p, x.shape)
	t.wantFloat(x, p)
	t.Enter("")
	if o.Smoothing > 0 {
		p = t.Scale(p, 1-o.Smoothing, o.Smoothing/float64(x.Dim(axis)))
	}
	if o.Weight != nil {
		var d [engine.MaxRank]int
		for i := range x.Rank() {
			d[i] = 1
		}
		d[axis] = x.Dim(axis)
		p = t.Mul(p, t.seen(o.Weight, engine.Of(d[:x.Rank()]...)))
	}
	loss := t.Scale(t.Sum(t.Mul(t.LogSoftmax(x, axis), p), axis), -1, 0)
	return t.Leave(t.reduced(loss, o.Reduction))
}

// reduced applies a reduction.
func (t *Tape) reduced(loss *Tensor, r Reduction) *Tensor {
	switch r {
	case Mean:
		return t.Mean(loss)
	case Sum:
		return t.Sum(loss)
	}
	return loss
}
