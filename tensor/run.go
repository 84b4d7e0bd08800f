package tensor

import (
	"fmt"
	"time"

	"github.com/thaw-go/thaw/engine"
)

// Span is one run of a kernel.
type Span struct {
	// Call holds the operator, its operands and constants. It is valid during
	// Observe only.
	Call *engine.Call
	// Block is the path of the blocks around the operator.
	Block string
	// Backward tells that it computed a gradient.
	Backward bool
	Start    time.Time
	Duration time.Duration
}

// Observer is told of every kernel that a tape runs.
type Observer interface{ Observe(Span) }

// SetObserver has o told of every kernel; nil costs nothing.
func (t *Tape) SetObserver(o Observer) { t.observer = o }

// kernelSlot remembers one Lookup.
type kernelSlot struct {
	kernel engine.Kernel
	asked  bool
}

// kernel finds an operator's kernel, nil where the engine has none.
func (t *Tape) kernel(op engine.Op, dt engine.DType) engine.Kernel {
	k := &t.kernels[op][dt]
	if !k.asked {
		k.asked = true
		if f, ok := t.e.Lookup(op, dt); ok {
			k.kernel = f
		}
	}
	return k.kernel
}

// run executes a kernel. The float type is that of the first float operand.
func (t *Tape) run(op engine.Op, attr *engine.Attr, in, out []val) {
	c := &t.call
	c.Op, c.Attr, c.In, c.Out = op, *attr, c.In[:0], c.Out[:0]
	dt := engine.DType(0)
	for _, v := range in {
		c.In = append(c.In, v.array())
		dt = firstFloat(dt, v)
	}
	for _, v := range out {
		c.Out = append(c.Out, v.array())
		dt = firstFloat(dt, v)
	}
	if dt == 0 {
		dt = engine.F32
	}
	k := t.kernel(op, dt)
	if k == nil {
		t.failf("engine %s has no kernel for %v of %v", t.e.Name(), op, dt)
	}
	if t.observer == nil {
		t.check(k(c))
		return
	}
	start := time.Now()
	err := k(c)
	if err == nil {
		err = t.e.Sync()
	}
	t.observer.Observe(Span{Call: c, Block: t.paths.name(t.path), Backward: t.backward, Start: start, Duration: time.Since(start)})
	t.check(err)
}

func firstFloat(dt engine.DType, v val) engine.DType {
	if dt == 0 && v.st != nil && v.st.buf.DType().Float() {
		return v.st.buf.DType()
	}
	return dt
}

// wantFloat throws where operands are not floats of one type.
func (t *Tape) wantFloat(xs ...*Tensor) {
	dt := engine.DType(0)
	for _, x := range xs {
		switch {
		case x == nil:
		case !x.dt.Float():
			t.failf("wants floats, not %v%v", x.dt, x.shape)
		case dt == 0:
			dt = x.dt
		case x.dt != dt:
			t.failHint("SetDType sets the type of the tape's inputs; Cast converts", "operands of types %v and %v", dt, x.dt)
		}
	}
}

// wantIDs throws where x does not hold 64-bit integers.
func (t *Tape) wantIDs(what string, x *Tensor) {
	if x.dt != engine.I64 {
		t.failf("%s must be i64, not %v%v", what, x.dt, x.shape)
	}
}

// wantShape throws where an optional operand has another shape.
func (t *Tape) wantShape(what string, x *Tensor, want engine.Shape) {
	if x != nil && x.shape != want {
		t.failf("%s has shape %v, want %v", what, x.shape, want)
	}
}

// axis brings an axis counted from either end into [0, rank).
func (t *Tape) axis(x *Tensor, i int) int {
	r := x.shape.Rank()
	if i < -r || i >= r {
		t.failf("axis %d of shape %v", i, x.shape)
	}
	if i < 0 {
		i += r
	}
	return i
}

// consts are scalars that kernels broadcast.
type consts struct {
	one [engine.U8 + 1]*Tensor
}

func (c *consts) release() {
	for i, x := range c.one {
		if x != nil {
			x.Release()
			c.one[i] = nil
		}
	}
}

// one is the scalar 1 of type dt.
func (t *Tape) one(dt engine.DType) val {
	if t.consts.one[dt] == nil {
		x, err := NewLeaf(t.e, dt, engine.Of())
		t.check(err)
		if err := x.Set([]float64{1}); err != nil {
			panic(fmt.Sprintf("tensor: %v", err))
		}
		t.consts.one[dt] = x
	}
	return t.consts.one[dt].val()
}
