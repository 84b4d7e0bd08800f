package tensor

import "github.com/thaw-go/thaw/engine"

// Sum adds up along the axes, which vanish; without axes, everything.
func (t *Tape) Sum(x *Tensor, axes ...int) *Tensor {
	return t.reduce("sum", x, axes, func(int) float64 { return 1 })
}

// Mean averages along the axes, which vanish; without axes, over everything.
func (t *Tape) Mean(x *Tensor, axes ...int) *Tensor {
	return t.reduce("mean", x, axes, func(n int) float64 { return 1 / float64(n) })
}

// reduce sums along axes and scales by a function of how many elements go into
// one.
func (t *Tape) reduce(op string, x *Tensor, axes []int, scale func(n int) float64) *Tensor {
	t.begin(op, x)
	t.wantFloat(x)
	kept := t.ones(x, axes)
	n := 1
	for i := range x.Rank() {
		if kept.Dim(i) != x.Dim(i) {
			n *= x.Dim(i)
		}
	}
	attr := engine.Attr{Alpha: scale(n)}
	y := t.fresh(x.dt, t.without(x, kept, axes))
	t.run(engine.OpSumTo, &attr, []val{x.val()}, []val{y.val().as(kept)})
	if n := t.record(backReduce, &attr, y, x); n != nil {
		t.save(n, val{shape: kept})
	}
	return y
}

func backReduce(t *Tape, n *node) {
	g := t.scaled(n.gy().as(t.held(n, 0).shape), n.attr.Alpha)
	t.give(n, 0, t.spread(g, t.input(n, 0).shape))
}

// ones is x's shape with size 1 along the axes; without axes, along all.
func (t *Tape) ones(x *Tensor, axes []int) engine.Shape {
	s := x.shape
	if len(axes) == 0 {
		for i := range s.Rank() {
			s = s.With(i, 1)
		}
		return s
	}
	for k, a := range axes {
		a = t.axis(x, a)
		for _, b := range axes[:k] {
			if t.axis(x, b) == a {
				t.failf("axis %d named twice", a)
			}
		}
		s = s.With(a, 1)
	}
	return s
}

// without is x's shape without the axes.
func (t *Tape) without(x *Tensor, kept engine.Shape, axes []int) engine.Shape {
	if len(axes) == 0 {
		return engine.Of()
	}
	var dims [engine.MaxRank]int
	k := 0
next:
	for i := range kept.Rank() {
		for _, a := range axes {
			if t.axis(x, a) == i {
				continue next
			}
		}
		dims[k] = kept.Dim(i)
		k++
	}
	return engine.Of(dims[:k]...)
}

// spread broadcasts v to shape and takes over v's count.
func (t *Tape) spread(v val, shape engine.Shape) val {
	if v.shape.Len() == shape.Len() {
		return v.as(shape)
	}
	y := t.alloc(v.st.buf.DType(), shape)
	t.run(engine.OpBinary, &engine.Attr{Fn: engine.FnMul}, []val{v, t.one(v.st.buf.DType())}, []val{y})
	v.drop()
	return y
}

// ArgMax is the index of the largest element along the last axis, the first of
// equals.
func (t *Tape) ArgMax(x *Tensor) *Tensor {
	t.begin("arg_max", x)
	t.wantFloat(x)
	if x.Rank() == 0 || x.Dim(-1) == 0 {
		t.failf("nothing to choose from in shape %v", x.shape)
	}
	y := t.fresh(engine.I64, lead(x.shape, 1))
	t.run(engine.OpArgMax, &engine.Attr{}, []val{x.val()}, []val{y.val()})
	return y
}
