package tensor

import "github.com/thaw-go/thaw/engine"

// AddNormOptions are the operands and constants of AddLayerNorm beside its
// inputs. Tensors may be nil.
type AddNormOptions struct {
	// XBias is added to x first.
	XBias *Tensor
	// Weight and Bias of the norm.
	Weight, Bias *Tensor
	Eps          float64
	// Dropout of x in training, keyed by Module.
	Dropout float64
	Module  string
}

// AddLayerNorm is the layer norm over the last axis of
// residual + dropout(x + XBias): the end of a transformer's sub-layer.
func (t *Tape) AddLayerNorm(x, residual *Tensor, o AddNormOptions) *Tensor {
	t.begin("add_layer_norm", x, residual, o.XBias, o.Weight, o.Bias)
	t.wantFloat(x, residual, o.XBias, o.Weight, o.Bias)
	t.wantShape("the residual", residual, x.shape)
	rows := t.normRows(x, 1, o.Weight, o.Bias)
	t.wantShape("the bias of the input", o.XBias, engine.Of(rows.Dim(1)))
	if t.kernel(engine.OpAddLayerNorm, x.dt) == nil {
		return t.addNormInSteps(x, residual, o)
	}
	attr := engine.Attr{Eps: o.Eps}
	var ids val
	if t.training && o.Dropout > 0 {
		attr.P, attr.Key = o.Dropout, t.drawKey(o.Module)
		ids = t.sampleIDs(x).val()
	}
	y := t.fresh(x.dt, x.shape)
	stat := engine.Of(rows.Dim(0))
	sum, mean, rstd := t.alloc(x.dt, rows), t.alloc(x.dt, stat), t.alloc(x.dt, stat)
	in := []val{x.val().as(rows), residual.val().as(rows), o.XBias.val(), o.Weight.val(), o.Bias.val(), ids}
	t.run(engine.OpAddLayerNorm, &attr, in, []val{sum, y.val().as(rows), mean, rstd})
	if n := t.record(backAddNorm, &attr, y, x, o.Weight, o.Bias, residual, o.XBias); n != nil {
		t.save(n, sum, o.Weight.val(), mean, rstd, ids)
	}
	sum.drop()
	mean.drop()
	rstd.drop()
	return y
}

func (t *Tape) addNormInSteps(x, residual *Tensor, o AddNormOptions) *Tensor {
	t.Enter("")
	if o.XBias != nil {
		x = t.Add(x, o.XBias)
	}
	s := t.Add(t.Dropout(x, o.Dropout, o.Module), residual)
	return t.Leave(t.LayerNorm(s, o.Weight, o.Bias, 1, o.Eps))
}

func backAddNorm(t *Tape, n *node) {
	sum, ids := t.held(n, 0), t.held(n, 4)
	gsum, gw, gb := t.normGrads(n, sum.shape)
	if gsum.absent() {
		gsum = t.like(sum)
	}
	in := []val{sum, n.gy().as(sum.shape), t.held(n, 1), t.held(n, 2), t.held(n, 3)}
	t.run(engine.OpLayerNormGrad, &n.attr, in, []val{gsum, gw, gb})
	t.giveNorm(n, val{}, gw, gb)
	if t.needs(n, 0) || t.needs(n, 4) {
		gx := gsum
		if ids.absent() {
			gx.retain()
		} else {
			gx = t.like(sum)
			each := engine.Of(ids.shape.Len(), sum.shape.Len()/ids.shape.Len())
			t.run(engine.OpDropout, &n.attr, []val{gsum.as(each), ids}, []val{gx.as(each)})
		}
		if t.needs(n, 4) {
			t.give(n, 4, t.summed(gx, engine.Of(sum.shape.Dim(1)), 1))
		}
		t.give(n, 0, gx)
	}
	t.give(n, 3, gsum)
}
