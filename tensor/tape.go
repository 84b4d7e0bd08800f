// Package tensor has tensors and the tape on which they are computed and
// differentiated.
//
// A Tape runs operators at once, on an engine, and records those through which
// a gradient has to flow: a frozen parameter is not recorded, and neither is
// anything below the first trainable one. Operators are methods of the tape.
// They throw their errors (shapes that do not fit, the memory limit, ids out of
// range), and Do returns them:
//
//	err := t.Do(func() {
//		y := t.Linear(x, w, b)
//		t.Backward(t.CrossEntropy(y, target, tensor.CrossEntropyOptions{}), nil)
//	})
//	// … step the optimizer on w.Grad() …
//	t.Reset()
//
// Memory is the engine's and counted: what a block made and neither returned
// nor saved for the backward pass is freed at the block's end, the backward
// pass frees what it has consumed, and Reset frees the rest. Structs are
// reused, so that a steady training step allocates a small constant number of
// Go objects, whatever the depth.
//
// A tape belongs to one goroutine.
package tensor

import "github.com/thaw-go/thaw/engine"

// Tape runs operators and records them for the backward pass.
type Tape struct {
	e        engine.Engine
	dt       engine.DType
	pool     pool
	training bool
	debug    bool
	observer Observer
	// quiet counts the NoGrad scopes around; probing stops recording, yet
	// passes on which values need gradients.
	quiet    int
	probing  bool
	backward bool
	replay   *replay

	kernels [engine.Count][engine.U8 + 1]kernelSlot
	call    engine.Call

	tensors slab[Tensor]
	nodes   slab[node]
	edges   []*Tensor // the nodes' inputs
	saved   []val     // what nodes hold for the backward pass
	live    []*Tensor // values by age, of which open scopes own the tails
	scopes  []scope
	paths   paths

	op   string // the running operator
	path int32  // of the running block

	random random
	consts consts
	masks  []*Tensor               // causal ones, by size
	again  []func(*Tensor) *Tensor // functions of checkpointed blocks
}

// NewTape makes a tape whose floats are F32.
func NewTape(e engine.Engine) *Tape {
	t := &Tape{e: e, dt: engine.F32}
	t.pool.e = e
	t.paths.init()
	return t
}

// Engine is the engine below.
func (t *Tape) Engine() engine.Engine { return t.e }

// DType is the type of the floats that enter through FromF32, FromF64 and Full.
func (t *Tape) DType() engine.DType { return t.dt }

// SetDType sets the type of the floats that enter.
func (t *Tape) SetDType(dt engine.DType) {
	if !dt.Float() {
		panic("tensor: the tape's type must be a float type")
	}
	t.dt = dt
}

// SetTraining switches dropout and batch statistics on or off.
func (t *Tape) SetTraining(on bool) { t.training = on }

// Training reports whether dropout and batch statistics are on.
func (t *Tape) Training() bool { return t.training }

// SetDebug makes Reset retire tensors instead of reusing their structs, so that
// a use after Reset is noticed as surely as one after a block's end.
func (t *Tape) SetDebug(on bool) { t.debug = on }

// NoGrad runs fn without recording. Scopes nest.
func (t *Tape) NoGrad(fn func()) {
	t.quiet++
	fn()
	t.quiet--
}

// Recording reports whether operators are recorded: not in NoGrad.
func (t *Tape) Recording() bool { return t.quiet == 0 }

// Reset frees everything on the tape, leaves and their gradients excepted, and
// makes it ready for the next step.
func (t *Tape) Reset() {
	for i := range t.tensors.n {
		x := t.tensors.at(i)
		x.grad.drop()
		x.grad = val{}
		x.release(tapeReset)
	}
	for _, v := range t.saved {
		v.drop()
	}
	t.random.reset()
	t.pool.reclaim()
	clear(t.saved)
	clear(t.edges)
	clear(t.again)
	clear(t.masks)
	t.masks = t.masks[:0]
	t.saved, t.edges, t.again = t.saved[:0], t.edges[:0], t.again[:0]
	t.live, t.scopes, t.path, t.op = t.live[:0], t.scopes[:0], 0, ""
	t.quiet, t.probing, t.backward, t.replay = 0, false, false, nil
	t.tensors.n, t.nodes.n = 0, 0
	if t.debug {
		t.tensors = slab[Tensor]{}
	}
}

// Close frees everything that the tape holds.
func (t *Tape) Close() {
	t.Reset()
	t.consts.release()
}

// begin opens an operator: errors name it, and released operands are noticed.
func (t *Tape) begin(op string, xs ...*Tensor) {
	t.op = op
	for _, x := range xs {
		if x == nil {
			continue
		}
		x.mustLive()
		if x.tape != nil && x.tape != t {
			panic("tensor: " + op + " on a value of another tape")
		}
	}
}

// fresh makes a tensor on the tape, owned by the running block.
func (t *Tape) fresh(dt engine.DType, shape engine.Shape) *Tensor {
	return t.wrap(t.alloc(dt, shape), dt)
}

// wrap makes a tensor that takes over v's count.
func (t *Tape) wrap(v val, dt engine.DType) *Tensor {
	x := t.tensors.next()
	*x = Tensor{st: v.st, shape: v.shape, dt: dt, tape: t, op: t.op, path: t.path}
	t.live = append(t.live, x)
	return x
}

// view makes a tensor that shares x's elements.
func (t *Tape) view(x *Tensor, shape engine.Shape) *Tensor {
	return t.wrap(x.val().as(shape).retain(), x.dt)
}

// alloc makes a value of undefined content.
func (t *Tape) alloc(dt engine.DType, shape engine.Shape) val {
	s, err := t.pool.alloc(dt, shape.Len())
	t.check(err)
	return val{s, shape}
}

// like makes a value of v's type and shape.
func (t *Tape) like(v val) val { return t.alloc(v.st.buf.DType(), v.shape) }
