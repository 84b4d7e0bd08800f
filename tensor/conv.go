package tensor

import "github.com/thaw-go/thaw/engine"

// ConvOptions are the constants of a convolution by height and width. The zero
// value has stride 1, no padding, no dilation, one group.
type ConvOptions struct {
	Stride, Pad, Dilation [2]int
	Groups                int
}

func (o ConvOptions) attr() engine.Attr {
	return engine.Attr{Stride: orOnes(o.Stride), Pad: o.Pad, Dilation: orOnes(o.Dilation), Groups: max(o.Groups, 1)}
}

func orOnes(p [2]int) [2]int {
	for i, v := range p {
		if v == 0 {
			p[i] = 1
		}
	}
	return p
}

// Conv2D is the cross-correlation of x[n,c,h,w] with w[o,c/groups,kh,kw], plus
// b[o], which may be nil.
func (t *Tape) Conv2D(x, w, b *Tensor, o ConvOptions) *Tensor {
	t.begin("conv2d", x, w, b)
	return t.conv(x, w, b, o.attr(), 2)
}

// Conv1D is Conv2D of x[n,c,l] with w[o,c/groups,k]; the options' second
// numbers count.
func (t *Tape) Conv1D(x, w, b *Tensor, o ConvOptions) *Tensor {
	t.begin("conv1d", x, w, b)
	a := o.attr()
	a.Stride[0], a.Pad[0], a.Dilation[0] = 1, 0, 1
	return t.conv(x, w, b, a, 1)
}

// conv convolves over the last d axes.
func (t *Tape) conv(x, w, b *Tensor, attr engine.Attr, d int) *Tensor {
	t.wantFloat(x, w, b)
	if x.Rank() != d+2 || w.Rank() != d+2 {
		t.failf("input %v and weight %v: both must have %d axes", x.shape, w.shape, d+2)
	}
	switch g := attr.Groups; {
	case x.Dim(1) != w.Dim(1)*g:
		t.failf("input %v has %d channels, the weight %v with groups %d takes %d", x.shape, x.Dim(1), w.shape, g, w.Dim(1)*g)
	case w.Dim(0)%g != 0:
		t.failf("the weight %v has %d outputs, which %d groups cannot share", w.shape, w.Dim(0), g)
	}
	t.wantShape("the bias", b, engine.Of(w.Dim(0)))
	xs, ws := flat1(x.shape), flat1(w.shape)
	ys := engine.Of(xs.Dim(0), ws.Dim(0), 0, 0)
	for i := range 2 {
		if attr.Stride[i] < 1 || attr.Pad[i] < 0 || attr.Dilation[i] < 1 {
			t.failf("stride %v, padding %v, dilation %v: stride and dilation must be positive, padding not negative", attr.Stride, attr.Pad, attr.Dilation)
		}
		reach := attr.Dilation[i]*(ws.Dim(2+i)-1) + 1
		size := xs.Dim(2+i) + 2*attr.Pad[i] - reach
		if size < 0 || ws.Dim(2+i) == 0 {
			t.failf("the kernel %v reaches over %d, the padded input %v has %d", w.shape, reach, x.shape, size+reach)
		}
		ys = ys.With(2+i, size/attr.Stride[i]+1)
	}
	out := ys
	if d == 1 {
		out = engine.Of(ys.Dim(0), ys.Dim(1), ys.Dim(3))
	}
	y := t.fresh(x.dt, out)
	t.run(engine.OpConv2D, &attr, []val{x.val().as(xs), w.val().as(ws), b.val()}, []val{y.val().as(ys)})
	if n := t.record(backConv, &attr, y, x, w, b); n != nil {
		t.save(n, t.ifNeeds(n, 1, x.val().as(xs)), t.ifNeeds(n, 0, w.val().as(ws)), val{shape: ys})
	}
	return y
}

// flat1 sees a shape of one spatial axis as one of two, the first of size 1.
func flat1(s engine.Shape) engine.Shape {
	if s.Rank() == 3 {
		return engine.Of(s.Dim(0), s.Dim(1), 1, s.Dim(2))
	}
	return s
}

func backConv(t *Tape, n *node) {
	x, w := t.held(n, 0), t.held(n, 1)
	gy := n.gy().as(t.held(n, 2).shape)
	dt := gy.st.buf.DType()
	if t.needs(n, 1) {
		gw := t.alloc(dt, w.shape)
		t.run(engine.OpConv2DGradWeight, &n.attr, []val{x, gy}, []val{gw})
		t.give(n, 1, gw)
	}
	if t.needs(n, 2) {
		t.give(n, 2, t.summed(gy, engine.Of(1, gy.shape.Dim(1), 1, 1), 1))
	}
	if t.needs(n, 0) {
		gx := t.alloc(dt, x.shape)
		t.run(engine.OpConv2DGradInput, &n.attr, []val{gy, w}, []val{gx})
		t.give(n, 0, gx)
	}
}
