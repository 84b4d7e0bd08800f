package tensor

import "github.com/thaw-go/thaw/engine"

// Relu is max(0, x).
func (t *Tape) Relu(x *Tensor) *Tensor { return t.unary("relu", engine.Attr{Fn: engine.FnRelu}, x) }

// LeakyRelu is x, scaled by slope where negative.
func (t *Tape) LeakyRelu(x *Tensor, slope float64) *Tensor {
	return t.unary("leaky_relu", engine.Attr{Fn: engine.FnLeakyRelu, Alpha: slope}, x)
}

// Relu6 is min(max(0, x), 6).
func (t *Tape) Relu6(x *Tensor) *Tensor { return t.unary("relu6", engine.Attr{Fn: engine.FnRelu6}, x) }

// Elu is x where positive, else alpha·(eˣ−1).
func (t *Tape) Elu(x *Tensor, alpha float64) *Tensor {
	return t.unary("elu", engine.Attr{Fn: engine.FnElu, Alpha: alpha}, x)
}

// Gelu is x·Φ(x).
func (t *Tape) Gelu(x *Tensor) *Tensor { return t.unary("gelu", engine.Attr{Fn: engine.FnGeluErf}, x) }

// GeluTanh is the tanh approximation of Gelu (HF's gelu_new).
func (t *Tape) GeluTanh(x *Tensor) *Tensor {
	return t.unary("gelu_tanh", engine.Attr{Fn: engine.FnGeluTanh}, x)
}

// Tanh is the hyperbolic tangent.
func (t *Tape) Tanh(x *Tensor) *Tensor { return t.unary("tanh", engine.Attr{Fn: engine.FnTanh}, x) }

// Sigmoid is 1/(1+e⁻ˣ).
func (t *Tape) Sigmoid(x *Tensor) *Tensor {
	return t.unary("sigmoid", engine.Attr{Fn: engine.FnSigmoid}, x)
}

// SiLU is x·sigmoid(x).
func (t *Tape) SiLU(x *Tensor) *Tensor { return t.unary("silu", engine.Attr{Fn: engine.FnSiLU}, x) }

// Softplus is ln(1+e^(beta·x))/beta, and x where beta·x > threshold. torch's
// defaults are 1 and 20.
func (t *Tape) Softplus(x *Tensor, beta, threshold float64) *Tensor {
	return t.unary("softplus", engine.Attr{Fn: engine.FnSoftplus, Alpha: beta, Beta: threshold}, x)
}

// Mish is x·tanh(softplus(x)).
func (t *Tape) Mish(x *Tensor) *Tensor { return t.unary("mish", engine.Attr{Fn: engine.FnMish}, x) }

// HardSwish is x·relu6(x+3)/6.
func (t *Tape) HardSwish(x *Tensor) *Tensor {
	return t.unary("hard_swish", engine.Attr{Fn: engine.FnHardSwish}, x)
}

// HardSigmoid is relu6(x+3)/6.
func (t *Tape) HardSigmoid(x *Tensor) *Tensor {
	return t.unary("hard_sigmoid", engine.Attr{Fn: engine.FnHardSigmoid}, x)
}

// Exp is eˣ.
func (t *Tape) Exp(x *Tensor) *Tensor { return t.unary("exp", engine.Attr{Fn: engine.FnExp}, x) }

// Log is the natural logarithm.
func (t *Tape) Log(x *Tensor) *Tensor { return t.unary("log", engine.Attr{Fn: engine.FnLog}, x) }

// Sqrt is the square root.
func (t *Tape) Sqrt(x *Tensor) *Tensor { return t.unary("sqrt", engine.Attr{Fn: engine.FnSqrt}, x) }

// Abs is the absolute value; its derivative at 0 is 0.
func (t *Tape) Abs(x *Tensor) *Tensor { return t.unary("abs", engine.Attr{Fn: engine.FnAbs}, x) }

// Square is x².
func (t *Tape) Square(x *Tensor) *Tensor {
	return t.unary("square", engine.Attr{Fn: engine.FnSquare}, x)
}

func (t *Tape) unary(op string, attr engine.Attr, x *Tensor) *Tensor {
	t.begin(op, x)
	t.wantFloat(x)
	y := t.fresh(x.dt, x.shape)
	t.run(engine.OpUnary, &attr, []val{x.val()}, []val{y.val()})
	if n := t.record(backUnary, &attr, y, x); n != nil {
		if attr.Fn.SavesOutput() {
			t.save(n, y.val())
		} else {
			t.save(n, x.val())
		}
	}
	return y
}

func backUnary(t *Tape, n *node) {
	gx := t.like(n.gy())
	t.run(engine.OpUnaryGrad, &n.attr, []val{t.held(n, 0), n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// Scale is a·x + b.
func (t *Tape) Scale(x *Tensor, a, b float64) *Tensor {
	t.begin("scale", x)
	t.wantFloat(x)
	attr := engine.Attr{Alpha: a, Beta: b}
	y := t.fresh(x.dt, x.shape)
	t.run(engine.OpScale, &attr, []val{x.val()}, []val{y.val()})
	t.record(backScale, &attr, y, x)
	return y
}

func backScale(t *Tape, n *node) { t.give(n, 0, t.scaled(n.gy(), n.attr.Alpha)) }

// scaled is a·v as a new value, or v itself where a is 1.
func (t *Tape) scaled(v val, a float64) val {
	if a == 1 {
		return v.retain()
	}
	y := t.like(v)
	t.run(engine.OpScale, &engine.Attr{Alpha: a}, []val{v}, []val{y})
	return y
}

// Cast converts between float types.
func (t *Tape) Cast(x *Tensor, dt engine.DType) *Tensor {
	t.begin("cast", x)
	t.wantFloat(x)
	if !dt.Float() {
		t.failf("to %v: only float types can be cast to", dt)
	}
	y := t.fresh(dt, x.shape)
	t.run(engine.OpCast, &engine.Attr{}, []val{x.val()}, []val{y.val()})
	t.record(backCast, &engine.Attr{}, y, x)
	return y
}

func backCast(t *Tape, n *node) {
	gx := t.alloc(t.input(n, 0).dt, n.gy().shape)
	t.run(engine.OpCast, &engine.Attr{}, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// Detach is x's value, through which no gradient flows.
func (t *Tape) Detach(x *Tensor) *Tensor {
	t.begin("detach", x)
	return t.view(x, x.shape)
}
