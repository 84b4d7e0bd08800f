package tensor

import "github.com/thaw-go/thaw/engine"

// Range takes a part of one axis.
type Range struct {
	axis, start, stop, step int
	toEnd                   bool
}

// Between takes the elements start … stop−1 of an axis. Negative positions
// count from the end.
func Between(axis, start, stop int) Range {
	return Range{axis: axis, start: start, stop: stop, step: 1}
}

// From takes the elements of an axis from start on.
func From(axis, start int) Range { return Range{axis: axis, start: start, step: 1, toEnd: true} }

// Every takes each step-th element of an axis, the first included.
func Every(axis, step int) Range { return Range{axis: axis, step: step, toEnd: true} }

// By takes each step-th of the range's elements.
func (r Range) By(step int) Range {
	r.step = step
	return r
}

// Slice takes parts of x by axis; the axes stay.
func (t *Tape) Slice(x *Tensor, ranges ...Range) *Tensor {
	t.begin("slice", x)
	attr := engine.Attr{Step: [engine.MaxRank]int{1, 1, 1, 1, 1, 1}}
	shape := x.shape
	for _, r := range ranges {
		a := t.axis(x, r.axis)
		size := x.Dim(a)
		start, stop := fromEnd(r.start, size), fromEnd(r.stop, size)
		if r.toEnd {
			stop = size
		}
		if r.step < 1 || start < 0 || start > stop || stop > size {
			t.failf("%d to %d by %d on axis %d of %v", r.start, stop, r.step, a, x.shape)
		}
		attr.Start[a], attr.Step[a] = start, r.step
		shape = shape.With(a, (stop-start+r.step-1)/r.step)
	}
	y := t.fresh(x.dt, shape)
	t.run(engine.OpSlice, &attr, []val{x.val()}, []val{y.val()})
	t.record(backSlice, &attr, y, x)
	return y
}

func fromEnd(i, size int) int {
	if i < 0 {
		return i + size
	}
	return i
}

func backSlice(t *Tape, n *node) {
	x := t.input(n, 0)
	gx := t.alloc(x.dt, x.shape)
	t.fill(gx, 0)
	t.run(engine.OpSliceAssign, &n.attr, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// Take is the part of x at one position of an axis, which vanishes.
func (t *Tape) Take(x *Tensor, axis, i int) *Tensor {
	t.begin("take", x)
	axis = t.axis(x, axis)
	if i = fromEnd(i, x.Dim(axis)); i < 0 || i >= x.Dim(axis) {
		t.failf("position %d on axis %d of %v", i, axis, x.shape)
	}
	part := t.Slice(x, Between(axis, i, i+1))
	var dims [engine.MaxRank]int
	k := 0
	for j := range x.Rank() {
		if j != axis {
			dims[k] = x.Dim(j)
			k++
		}
	}
	y := t.seen(part, engine.Of(dims[:k]...))
	t.Drop(part)
	return y
}

// Pad adds zeros before and after an axis.
func (t *Tape) Pad(x *Tensor, axis, before, after int) *Tensor {
	t.begin("pad", x)
	axis = t.axis(x, axis)
	if before < 0 || after < 0 {
		t.failf("%d before and %d after axis %d", before, after, axis)
	}
	attr := placed(axis, before)
	y := t.fresh(x.dt, x.shape.With(axis, before+x.Dim(axis)+after))
	t.fill(y.val(), 0)
	t.run(engine.OpSliceAssign, &attr, []val{x.val()}, []val{y.val()})
	t.record(backPad, &attr, y, x)
	return y
}

func backPad(t *Tape, n *node) {
	x := t.input(n, 0)
	gx := t.alloc(x.dt, x.shape)
	t.run(engine.OpSlice, &n.attr, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// placed are the constants of a part that starts at start on an axis.
func placed(axis, start int) engine.Attr {
	attr := engine.Attr{Step: [engine.MaxRank]int{1, 1, 1, 1, 1, 1}}
	attr.Start[axis] = start
	return attr
}

// Concat joins tensors along an axis.
func (t *Tape) Concat(axis int, xs ...*Tensor) *Tensor {
	t.begin("concat", xs...)
	if len(xs) == 0 {
		t.failf("nothing to join")
	}
	axis = t.axis(xs[0], axis)
	size := 0
	for _, x := range xs {
		if x.dt != xs[0].dt || x.Rank() != xs[0].Rank() || x.shape.With(axis, 0) != xs[0].shape.With(axis, 0) {
			t.failf("%v and %v do not join along axis %d", xs[0], x, axis)
		}
		size += x.Dim(axis)
	}
	y := t.fresh(xs[0].dt, xs[0].shape.With(axis, size))
	at := 0
	for _, x := range xs {
		attr := placed(axis, at)
		t.run(engine.OpSliceAssign, &attr, []val{x.val()}, []val{y.val()})
		at += x.Dim(axis)
	}
	t.record(backConcat, &engine.Attr{Axes: [engine.MaxRank]int{axis}}, y, xs...)
	return y
}

func backConcat(t *Tape, n *node) {
	axis, at := n.attr.Axes[0], 0
	for i := range int(n.edges) {
		x := t.input(n, i)
		if t.needs(n, i) {
			attr := placed(axis, at)
			gx := t.alloc(x.dt, x.shape)
			t.run(engine.OpSlice, &attr, []val{n.gy()}, []val{gx})
			t.give(n, i, gx)
		}
		at += x.Dim(axis)
	}
}
