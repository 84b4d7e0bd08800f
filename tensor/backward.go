package tensor

import "github.com/thaw-go/thaw/engine"

// node is one recorded operator. Its inputs and saved values stand in arrays of
// the tape.
type node struct {
	back       func(*Tape, *node)
	attr       engine.Attr
	op         string
	out        *Tensor
	index      int
	path       int32
	firstEdge  int32
	edges      int32
	firstSaved int32
	saves      int32
	done       bool
	// again and draws are a checkpointed block's function and first draw.
	again, draws int
}

// record notes that y came from xs, where a gradient has to flow; else it
// returns nil. A nil x is an absent operand.
func (t *Tape) record(back func(*Tape, *node), attr *engine.Attr, y *Tensor, xs ...*Tensor) *node {
	if t.quiet > 0 {
		return nil
	}
	for _, x := range xs {
		y.needs = y.needs || x != nil && x.needs
	}
	if !y.needs || t.probing {
		return nil
	}
	return t.push(back, attr, y, xs...)
}

// push appends a node.
func (t *Tape) push(back func(*Tape, *node), attr *engine.Attr, y *Tensor, xs ...*Tensor) *node {
	n := t.nodes.next()
	*n = node{
		back: back, attr: *attr, op: t.op, out: y, index: t.nodes.n - 1, path: t.path,
		firstEdge: int32(len(t.edges)), edges: int32(len(xs)), firstSaved: int32(len(t.saved)),
	}
	t.edges = append(t.edges, xs...)
	y.node = n
	return n
}

// save holds values for the backward pass, in order, right after record.
func (t *Tape) save(n *node, vs ...val) {
	for _, v := range vs {
		t.saved = append(t.saved, v.retain())
	}
	n.saves += int32(len(vs))
}

// input is the i-th operand of n, nil where absent.
func (t *Tape) input(n *node, i int) *Tensor { return t.edges[int(n.firstEdge)+i] }

// needs reports whether the i-th operand wants a gradient.
func (t *Tape) needs(n *node, i int) bool {
	x := t.input(n, i)
	return x != nil && x.needs
}

// held is the i-th saved value.
func (t *Tape) held(n *node, i int) val { return t.saved[int(n.firstSaved)+i] }

// gy is the gradient of n's output.
func (n *node) gy() val { return n.out.grad }

// Backward computes the gradients of y with respect to every leaf that requires
// one and adds them to the leaves' gradients. gy is the gradient of y; nil
// stands for 1, and then y must have one element. The record is consumed: a
// second pass through it is an error.
func (t *Tape) Backward(y, gy *Tensor) {
	t.begin("backward", y, gy)
	switch {
	case !y.needs:
		t.failHint("thaw a parameter, or leave NoGrad", "nothing that needs a gradient led to the value of shape %v", y.shape)
	case y.tape != t:
		t.failf("a leaf has nothing to go back through")
	case gy == nil && y.Len() != 1:
		t.failHint("reduce it to one number, or give its gradient", "a value of shape %v needs a gradient to start from", y.shape)
	}
	t.wantFloat(y, gy)
	t.wantShape("the gradient", gy, y.shape)
	t.notTwice(y)
	t.backward = true
	var g val
	if gy != nil {
		g = gy.val().retain()
	} else {
		g = t.alloc(y.dt, y.shape)
		t.fill(g, 1)
	}
	t.giveTo(y, g)
	t.sweep(y.node.index, 0)
	t.backward = false
}

// sweep runs the nodes from index hi down to lo whose outputs have a gradient.
func (t *Tape) sweep(hi, lo int) {
	op, path := t.op, t.path
	for i := hi; i >= lo; i-- {
		n := t.nodes.at(i)
		if n.done || n.out.grad.absent() {
			continue
		}
		t.op, t.path = n.op, n.path
		n.done = true
		n.back(t, n)
		n.out.grad.drop()
		n.out.grad = val{}
		t.letGo(n)
	}
	t.op, t.path = op, path
}

// letGo releases what n saved.
func (t *Tape) letGo(n *node) {
	s := t.saved[n.firstSaved : n.firstSaved+n.saves]
	for _, v := range s {
		v.drop()
	}
	clear(s)
}

// give hands the gradient of n's i-th operand on, with its count. It is nothing
// that the operand does not need.
func (t *Tape) give(n *node, i int, g val) {
	if !t.needs(n, i) {
		g.drop()
		return
	}
	x := t.input(n, i)
	t.giveTo(x, g.as(x.shape))
}

func (t *Tape) giveTo(x *Tensor, g val) {
	if x.leaf != nil {
		x.leaf.rows.given()
		t.giveLeaf(x, g)
		return
	}
	t.notTwice(x)
	x.grad = t.accumulate(x.grad, g)
}

// notTwice throws where a backward pass has consumed what made x.
func (t *Tape) notTwice(x *Tensor) {
	if x.node != nil && x.node.done {
		t.failHint("run the forward pass again", "a backward pass has already gone through %s", x.node.op)
	}
}

// giveLeaf adds g to a leaf's gradient, which outlives the tape.
func (t *Tape) giveLeaf(x *Tensor, g val) {
	d := &x.leaf.grad
	if d.st == nil {
		*d = Tensor{shape: x.shape, dt: x.dt}
		if g.st.refs > 1 {
			c := t.like(g)
			t.run(engine.OpCopy, &engine.Attr{}, []val{g}, []val{c})
			g.drop()
			g = c
		}
		g.st.forget()
		d.st = g.st
		return
	}
	sum := t.accumulate(d.val(), g)
	sum.st.forget()
	d.st = sum.st
}

// accumulate adds two gradients, in place where one of them is nobody else's,
// and takes over both counts.
func (t *Tape) accumulate(a, b val) val {
	if a.absent() {
		return b
	}
	if a.st.refs > 1 && b.st.refs == 1 {
		a, b = b, a
	}
	if a.st.refs == 1 {
		t.run(engine.OpAxpy, &engine.Attr{Alpha: 1}, []val{b}, []val{a})
		b.drop()
		return a
	}
	c := t.like(a)
	t.run(engine.OpBinary, &engine.Attr{Fn: engine.FnAdd}, []val{a, b}, []val{c})
	a.drop()
	b.drop()
	return c
}
