package tensor

import "github.com/thaw-go/thaw/engine"

// Checkpoint is Block for a function of x whose inner values are not held for
// the backward pass but computed again there (Chen et al., Training Deep Nets
// with Sublinear Memory Cost, 2016). Dropout draws the same and running
// statistics move once. Of the tape's values that need a gradient fn may use x
// alone; what else it captures must live until the backward pass (leaves, kept
// values, values made outside of blocks).
func (t *Tape) Checkpoint(name string, fn func(*Tensor) *Tensor, x *Tensor) *Tensor {
	if t.quiet > 0 || t.probing {
		return t.Block(name, func() *Tensor { return fn(x) })
	}
	t.begin("checkpoint", x)
	draws := len(t.random.log)
	t.Enter(name)
	t.probing = true
	y := fn(x)
	t.probing = false
	t.Leave(y)
	if !y.needs || y.tape != t || y == x {
		return y
	}
	t.op = "checkpoint"
	// A value of its own: y may be something that fn passed through.
	out := t.view(y, y.shape)
	n := t.record(backCheckpoint, &engine.Attr{}, out, x)
	if n == nil { // only parameters inside need gradients
		out.needs = true
		n = t.push(backCheckpoint, &engine.Attr{}, out, x)
	}
	n.path = t.paths.sub(t.path, name)
	n.again, n.draws = len(t.again), draws
	t.again = append(t.again, fn)
	t.save(n, x.val())
	t.Drop(y)
	return out
}

// backCheckpoint runs the block again, recording, and goes back through it.
func backCheckpoint(t *Tape, n *node) {
	nodes, edges, saved, tensors, quiet := t.nodes.n, len(t.edges), len(t.saved), t.tensors.n, t.quiet
	x := t.input(n, 0)
	in := t.wrap(t.held(n, 0).retain(), x.dt)
	in.needs = x.needs
	start := len(t.live) - 1
	t.replay, t.backward, t.quiet = &replay{next: n.draws}, false, 0
	y := t.again[n.again](in)
	t.replay, t.backward, t.quiet = nil, true, quiet
	if y.node != nil {
		y.grad = n.gy().retain()
		t.sweep(y.node.index, nodes)
	}
	for i := nodes; i < t.nodes.n; i++ {
		t.letGo(t.nodes.at(i))
	}
	if g := in.grad; !g.absent() {
		in.grad = val{}
		t.give(n, 0, g)
	}
	for _, v := range t.live[start:] {
		v.release(blockEnded)
	}
	t.live = t.live[:start]
	t.nodes.n, t.edges, t.saved, t.tensors.n = nodes, t.edges[:edges], t.saved[:saved], tensors
}
