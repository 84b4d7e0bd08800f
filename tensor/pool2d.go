package tensor

import "github.com/thaw-go/thaw/engine"

// PoolOptions are the constants of a pooling by height and width. No stride
// stands for the window's size, dilation 0 for 1.
type PoolOptions struct {
	Window, Stride, Pad, Dilation [2]int
	// Ceil keeps a last window that only partly lies inside (torch's ceil_mode).
	Ceil bool
	// ExcludePad leaves padding out of an average's divisor; Divisor replaces
	// the divisor where not 0.
	ExcludePad bool
	Divisor    int
}

// MaxPool2D is the largest element of each window of x[n,c,h,w]; of equals the
// first gets the gradient.
func (t *Tape) MaxPool2D(x *Tensor, o PoolOptions) *Tensor {
	t.begin("max_pool2d", x)
	attr, shape := t.pooled(x, o)
	return t.maxPool(engine.OpMaxPool2D, &attr, x, shape)
}

// AdaptiveMaxPool2D is the largest element of each of h·w even windows.
func (t *Tape) AdaptiveMaxPool2D(x *Tensor, h, w int) *Tensor {
	t.begin("adaptive_max_pool2d", x)
	return t.maxPool(engine.OpAdaptiveMaxPool2D, &engine.Attr{}, x, t.adapted(x, h, w))
}

func (t *Tape) maxPool(op engine.Op, attr *engine.Attr, x *Tensor, shape engine.Shape) *Tensor {
	y := t.fresh(x.dt, shape)
	pos := t.alloc(engine.I32, shape)
	t.run(op, attr, []val{x.val()}, []val{y.val(), pos})
	if n := t.record(backMaxPool, attr, y, x); n != nil {
		t.save(n, pos)
	}
	pos.drop()
	return y
}

func backMaxPool(t *Tape, n *node) {
	x := t.input(n, 0)
	gx := t.alloc(x.dt, x.shape)
	t.run(engine.OpMaxPool2DGrad, &n.attr, []val{n.gy(), t.held(n, 0)}, []val{gx})
	t.give(n, 0, gx)
}

// AvgPool2D is the mean of each window of x[n,c,h,w].
func (t *Tape) AvgPool2D(x *Tensor, o PoolOptions) *Tensor {
	t.begin("avg_pool2d", x)
	attr, shape := t.pooled(x, o)
	y := t.fresh(x.dt, shape)
	t.run(engine.OpAvgPool2D, &attr, []val{x.val()}, []val{y.val()})
	t.record(backAvgPool, &attr, y, x)
	return y
}

func backAvgPool(t *Tape, n *node) {
	x := t.input(n, 0)
	gx := t.alloc(x.dt, x.shape)
	t.run(engine.OpAvgPool2DGrad, &n.attr, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// AdaptiveAvgPool2D is the mean of each of h·w even windows; 1, 1 averages over
// each plane.
func (t *Tape) AdaptiveAvgPool2D(x *Tensor, h, w int) *Tensor {
	t.begin("adaptive_avg_pool2d", x)
	y := t.fresh(x.dt, t.adapted(x, h, w))
	t.run(engine.OpAdaptiveAvgPool2D, &engine.Attr{}, []val{x.val()}, []val{y.val()})
	t.record(backAdaptiveAvgPool, &engine.Attr{}, y, x)
	return y
}

func backAdaptiveAvgPool(t *Tape, n *node) {
	x := t.input(n, 0)
	gx := t.alloc(x.dt, x.shape)
	t.run(engine.OpAdaptiveAvgPool2DGrad, &n.attr, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// wantPlanes throws unless x is [n,c,h,w] with pixels.
func (t *Tape) wantPlanes(x *Tensor) {
	t.wantFloat(x)
	if x.Rank() != 4 || x.Dim(2) == 0 || x.Dim(3) == 0 {
		t.failf("wants [n,c,h,w] with at least one pixel, not %v", x.shape)
	}
}

func (t *Tape) adapted(x *Tensor, h, w int) engine.Shape {
	t.wantPlanes(x)
	if h < 1 || w < 1 {
		t.failf("%d×%d windows", h, w)
	}
	return engine.Of(x.Dim(0), x.Dim(1), h, w)
}

// pooled is the shape of x after pooling, and the kernel's constants.
func (t *Tape) pooled(x *Tensor, o PoolOptions) (engine.Attr, engine.Shape) {
	t.wantPlanes(x)
	o.Dilation = orOnes(o.Dilation)
	shape := x.shape
	if o.Stride == [2]int{} {
		o.Stride = o.Window
	}
	for i := range 2 {
		size, k, s, p := x.Dim(2+i), o.Window[i], o.Stride[i], o.Pad[i]
		if k < 1 || s < 1 || p < 0 || p > k/2 || o.Dilation[i] < 1 {
			t.failf("window %v, stride %v, padding %v, dilation %v: sizes must be positive, padding at most half the window", o.Window, o.Stride, o.Pad, o.Dilation)
		}
		rest := size + 2*p - o.Dilation[i]*(k-1) - 1
		if rest < 0 && !(o.Ceil && rest > -s) {
			t.failf("the output for input %v would be empty: window %v, padding %v, dilation %v", x.shape, o.Window, o.Pad, o.Dilation)
		}
		out := rest/s + 1
		if o.Ceil && rest > 0 {
			out = (rest+s-1)/s + 1
			if (out-1)*s >= size+p { // the last window would lie in the padding
				out--
			}
		}
		shape = shape.With(2+i, out)
	}
	return engine.Attr{
		Window: o.Window, Stride: o.Stride, Pad: o.Pad, Dilation: o.Dilation,
		CountPad: !o.ExcludePad, DivisorOverride: o.Divisor,
	}, shape
}
