package tensor

import (
	"slices"

	"github.com/thaw-go/thaw/engine"
)

// Reshape sees x's elements with other sizes; one of them may be −1 and follows
// from the rest. Nothing is copied.
func (t *Tape) Reshape(x *Tensor, dims ...int) *Tensor {
	t.begin("reshape", x)
	free, n := -1, 1
	for i, d := range dims {
		switch {
		case d == -1 && free < 0:
			free = i
		case d < 0:
			t.failf("sizes %v: one of them may be -1, none else negative", slices.Clone(dims))
		default:
			n *= d
		}
	}
	if len(dims) > engine.MaxRank {
		t.failf("%d axes, at most %d", len(dims), engine.MaxRank)
	}
	var full [engine.MaxRank]int
	copy(full[:], dims)
	if free >= 0 && n > 0 {
		full[free] = x.Len() / n
		n *= full[free]
	}
	if n != x.Len() || free >= 0 && n == 0 {
		t.failf("%v into %v: %d elements do not fit", x.shape, slices.Clone(dims), x.Len())
	}
	return t.seen(x, engine.Of(full[:len(dims)]...))
}

// seen is x with another shape of as many elements.
func (t *Tape) seen(x *Tensor, shape engine.Shape) *Tensor {
	y := t.view(x, shape)
	t.record(backSeen, &engine.Attr{}, y, x)
	return y
}

func backSeen(t *Tape, n *node) { t.give(n, 0, n.gy().retain()) }

// Flatten merges the axes from the given one on.
func (t *Tape) Flatten(x *Tensor, from int) *Tensor {
	t.begin("flatten", x)
	from = t.axis(x, from)
	var dims [engine.MaxRank]int
	n := 1
	for i := range x.Rank() {
		if i < from {
			dims[i] = x.Dim(i)
		} else {
			n *= x.Dim(i)
		}
	}
	dims[from] = n
	return t.seen(x, engine.Of(dims[:from+1]...))
}

// Permute reorders the axes: the result's axis i is x's axis axes[i].
func (t *Tape) Permute(x *Tensor, axes ...int) *Tensor {
	t.begin("permute", x)
	var attr engine.Attr
	var dims [engine.MaxRank]int
	var used [engine.MaxRank]bool
	if len(axes) != x.Rank() {
		t.failf("axes %v of shape %v", slices.Clone(axes), x.shape)
	}
	for i, a := range axes {
		a = t.axis(x, a)
		if used[a] {
			t.failf("axes %v name one twice", slices.Clone(axes))
		}
		attr.Axes[i], dims[i], used[a] = a, x.Dim(a), true
	}
	y := t.fresh(x.dt, engine.Of(dims[:len(axes)]...))
	t.run(engine.OpPermute, &attr, []val{x.val()}, []val{y.val()})
	t.record(backPermute, &attr, y, x)
	return y
}

func backPermute(t *Tape, n *node) {
	var attr engine.Attr
	x := t.input(n, 0)
	for i := range x.Rank() {
		attr.Axes[n.attr.Axes[i]] = i
	}
	gx := t.alloc(x.dt, x.shape)
	t.run(engine.OpPermute, &attr, []val{n.gy()}, []val{gx})
	t.give(n, 0, gx)
}

// Transpose exchanges two axes.
func (t *Tape) Transpose(x *Tensor, i, j int) *Tensor {
	t.begin("transpose", x)
	i, j = t.axis(x, i), t.axis(x, j)
	axes := [engine.MaxRank]int{0, 1, 2, 3, 4, 5}
	axes[i], axes[j] = j, i
	return t.Permute(x, axes[:x.Rank()]...)
}

// Expand broadcasts x to the sizes, by copying.
func (t *Tape) Expand(x *Tensor, dims ...int) *Tensor { return t.expand(x, engine.Of(dims...)) }

func (t *Tape) expand(x *Tensor, shape engine.Shape) *Tensor {
	t.begin("expand", x)
	t.wantFloat(x)
	if s, ok := x.shape.Broadcast(shape); !ok || s != shape {
		t.failf("%v does not broadcast to %v", x.shape, shape)
	}
	y := t.wrap(t.spread(x.val().retain(), shape), x.dt)
	t.record(backExpand, &engine.Attr{}, y, x)
	return y
}

func backExpand(t *Tape, n *node) {
	t.give(n, 0, t.summed(n.gy(), t.input(n, 0).shape, 1))
}
