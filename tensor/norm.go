package tensor

import "github.com/thaw-go/thaw/engine"

// LayerNorm normalises over the last k axes (Ba et al., Layer Normalization,
// 2016). w and b have their shape and may be nil.
func (t *Tape) LayerNorm(x, w, b *Tensor, k int, eps float64) *Tensor {
	t.begin("layer_norm", x, w, b)
	rows := t.normRows(x, k, w, b)
	attr := engine.Attr{Eps: eps}
	y := t.fresh(x.dt, x.shape)
	stat := engine.Of(rows.Dim(0))
	mean, rstd := t.alloc(x.dt, stat), t.alloc(x.dt, stat)
	d := engine.Of(rows.Dim(1))
	t.run(engine.OpLayerNorm, &attr, []val{x.val().as(rows), w.val().as(d), b.val().as(d)}, []val{y.val().as(rows), mean, rstd})
	if n := t.record(backLayerNorm, &attr, y, x, w, b); n != nil {
		t.save(n, x.val().as(rows), w.val().as(d), mean, rstd)
	}
	mean.drop()
	rstd.drop()
	return y
}

func backLayerNorm(t *Tape, n *node) { t.backNorm(n, engine.OpLayerNormGrad, t.held(n, 0).shape) }

// RMSNorm divides by the root of the mean square over the last k axes (Zhang
// and Sennrich, Root Mean Square Layer Normalization, 2019). w may be nil.
func (t *Tape) RMSNorm(x, w *Tensor, k int, eps float64) *Tensor {
	t.begin("rms_norm", x, w)
	rows := t.normRows(x, k, w, nil)
	attr := engine.Attr{Eps: eps}
	y := t.fresh(x.dt, x.shape)
	rstd := t.alloc(x.dt, engine.Of(rows.Dim(0)))
	d := engine.Of(rows.Dim(1))
	t.run(engine.OpRMSNorm, &attr, []val{x.val().as(rows), w.val().as(d)}, []val{y.val().as(rows), rstd})
	if n := t.record(backRMSNorm, &attr, y, x, w); n != nil {
		t.save(n, x.val().as(rows), w.val().as(d), rstd)
	}
	rstd.drop()
	return y
}

func backRMSNorm(t *Tape, n *node) {
	x, w, rstd := t.held(n, 0), t.held(n, 1), t.held(n, 2)
	gx, gw, _ := t.normGrads(n, x.shape)
	t.run(engine.OpRMSNormGrad, &n.attr, []val{x, n.gy().as(x.shape), w, rstd}, []val{gx, gw})
	t.giveNorm(n, gx, gw, val{})
}

// GroupNorm normalises x[n,c,...] over groups of channels (Wu and He, Group
// Normalization, 2018). w[c] and b[c] may be nil.
func (t *Tape) GroupNorm(x, w, b *Tensor, groups int, eps float64) *Tensor {
	t.begin("group_norm", x, w, b)
	t.wantFloat(x, w, b)
	if x.Rank() < 2 || groups < 1 || x.Dim(1)%groups != 0 {
		t.failf("the channels of input %v are not divisible by %d groups", x.shape, groups)
	}
	c := engine.Of(x.Dim(1))
	t.wantShape("the weight", w, c)
	t.wantShape("the bias", b, c)
	space := 1
	for i := 2; i < x.Rank(); i++ {
		space *= x.Dim(i)
	}
	ncs := engine.Of(x.Dim(0), x.Dim(1), space)
	attr := engine.Attr{Eps: eps, Groups: groups}
	y := t.fresh(x.dt, x.shape)
	stat := engine.Of(x.Dim(0) * groups)
	mean, rstd := t.alloc(x.dt, stat), t.alloc(x.dt, stat)
	t.run(engine.OpGroupNorm, &attr, []val{x.val().as(ncs), w.val(), b.val()}, []val{y.val().as(ncs), mean, rstd})
	if n := t.record(backGroupNorm, &attr, y, x, w, b); n != nil {
		t.save(n, x.val().as(ncs), w.val(), mean, rstd)
	}
	mean.drop()
	rstd.drop()
	return y
}

func backGroupNorm(t *Tape, n *node) { t.backNorm(n, engine.OpGroupNormGrad, t.held(n, 0).shape) }

// normRows sees x as rows of its last k axes, whose shape w and b must have.
func (t *Tape) normRows(x *Tensor, k int, w, b *Tensor) engine.Shape {
	t.wantFloat(x, w, b)
	if k < 1 || k > x.Rank() {
		t.failf("over the last %d axes of %v", k, x.shape)
	}
	var d [engine.MaxRank]int
	n := 1
	for i := range k {
		d[i] = x.Dim(i - k)
		n *= d[i]
	}
	t.wantShape("the weight", w, engine.Of(d[:k]...))
	t.wantShape("the bias", b, engine.Of(d[:k]...))
	return engine.Of(lead(x.shape, k).Len(), n)
}

// backNorm is the backward pass of norms that saved x, w, mean, rstd and were
// recorded with x, w, b; the kernel sees x with the given shape.
func (t *Tape) backNorm(n *node, op engine.Op, shape engine.Shape) {
	gx, gw, gb := t.normGrads(n, shape)
	in := []val{t.held(n, 0), n.gy().as(shape), t.held(n, 1), t.held(n, 2), t.held(n, 3)}
	t.run(op, &n.attr, in, []val{gx, gw, gb})
	t.giveNorm(n, gx, gw, gb)
}

// normGrads allocates the gradients that are needed.
func (t *Tape) normGrads(n *node, shape engine.Shape) (gx, gw, gb val) {
	dt := n.gy().st.buf.DType()
	if t.needs(n, 0) {
		gx = t.alloc(dt, shape)
	}
	if t.needs(n, 1) {
		gw = t.alloc(dt, engine.Of(t.input(n, 1).Len()))
	}
	if n.edges > 2 && t.needs(n, 2) {
		gb = t.alloc(dt, engine.Of(t.input(n, 2).Len()))
	}
	return gx, gw, gb
}

func (t *Tape) giveNorm(n *node, gx, gw, gb val) {
	for i, g := range [...]val{gx, gw, gb} {
		if !g.absent() {
			t.give(n, i, g)
		}
	}
}
