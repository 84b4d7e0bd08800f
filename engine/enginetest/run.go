package enginetest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/engine"
)

// guard is how many elements behind an array must stay as they were.
const guard = 37

// bench holds the engines under test, which differ in their threads.
type bench struct {
	engines []engine.Engine
	threads []int
}

// run makes the call with every engine and checks all of it.
func (b *bench) run(g *gen, x *example, dt engine.DType) error {
	var first []result
	for i, e := range b.engines {
		got, err := execute(e, x, dt, -1)
		if x.fails != "" {
			if err == nil || !strings.Contains(err.Error(), x.fails) {
				return fmt.Errorf("the error is %v, want %q", err, x.fails)
			}
			continue
		}
		if err != nil {
			return err
		}
		if i == 0 {
			first = got
			if err := x.check(g, dt, got); err != nil {
				return err
			}
		}
		if o := differing(got, first); o >= 0 {
			return fmt.Errorf("output %d has other bits with %d threads than with %d", o, b.threads[i], b.threads[0])
		}
	}
	for _, in := range x.inPlace {
		got, err := execute(b.engines[0], x, dt, in)
		if err != nil {
			return err
		}
		if differing(got, first) >= 0 {
			return fmt.Errorf("written over input %d the output has other bits", in)
		}
	}
	return nil
}

// differing is the first output whose bits are not the same, −1 where all are.
func differing(a, b []result) int {
	for i := range a {
		if !slices.Equal(a[i].bits, b[i].bits) {
			return i
		}
	}
	return -1
}

// result is an output: numbers, and bits to compare.
type result struct {
	f    []float64
	i    []int64
	bits []uint64
}

// execute makes the call. Where over is not negative, output 0 lies over that
// input.
func execute(e engine.Engine, x *example, dt engine.DType, over int) (got []result, err error) {
	as := dt
	if x.lookupAs != 0 {
		as = x.lookupAs
	}
	k, ok := e.Lookup(x.op, as)
	if !ok {
		return nil, fmt.Errorf("no kernel for %v of %v", x.op, as)
	}
	c, release, err := x.prepare(e, dt)
	if err != nil {
		return nil, err
	}
	defer release()
	var before [][]uint64
	for _, a := range c.In {
		before = append(before, snapshot(e, a))
	}
	own := c.Out[0]
	if over >= 0 {
		c.Out[0] = c.In[over]
		defer func() { c.Out[0] = own }()
	}
	if err := k(c); err != nil {
		return nil, err
	}
	if err := e.Sync(); err != nil {
		return nil, err
	}
	for i, a := range c.In {
		if !a.Absent() && i != over && !x.in[i].updated && !slices.Equal(snapshot(e, a), before[i]) {
			return nil, fmt.Errorf("input %d was written to", i)
		}
	}
	for i, a := range c.Out {
		r, err := read(e, a)
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", i, err)
		}
		got = append(got, r)
	}
	for i, o := range x.in { // inputs that are updated count as outputs behind the others
		if o.updated {
			r, err := read(e, c.In[i])
			if err != nil {
				return nil, fmt.Errorf("input %d: %w", i, err)
			}
			got = append(got, r)
		}
	}
	return got, nil
}

// prepare makes the call's arrays, and what frees them.
func (x *example) prepare(e engine.Engine, dt engine.DType) (c *engine.Call, release func(), err error) {
	c = &engine.Call{Op: x.op, Attr: x.attr}
	release = func() {
		for _, a := range append(slices.Clone(c.In), c.Out...) {
			if !a.Absent() {
				e.Free(a.Buf)
			}
		}
	}
	for i, o := range append(slices.Clone(x.in), x.out...) {
		a, err := o.array(e, dt)
		if err != nil {
			release()
			return nil, nil, err
		}
		if i < len(x.in) {
			c.In = append(c.In, a)
		} else {
			c.Out = append(c.Out, a)
		}
	}
	return c, release, nil
}

// outputs are all operands that the call writes, in the order of results.
func (x *example) outputs() []operand {
	out := slices.Clone(x.out)
	for _, o := range x.in {
		if o.updated {
			out = append(out, o)
		}
	}
	return out
}

// The content of guards and of fresh outputs.
const filler = 119

// array puts an operand into a buffer of the engine.
func (o operand) array(e engine.Engine, dt engine.DType) (engine.Array, error) {
	if o.absent {
		return engine.Array{}, nil
	}
	if o.dt != float {
		dt = o.dt
	}
	n := o.shape.Len()
	b, err := e.Alloc(dt, n+guard)
	if err != nil {
		return engine.Array{}, err
	}
	var content any
	if dt.Float() {
		f := slices.Repeat([]float64{filler}, n+guard)
		copy(f, o.f)
		content = f
	} else {
		i := slices.Repeat([]int64{filler}, n+guard)
		copy(i, o.i)
		content = narrow(dt, i)
	}
	return engine.Array{Buf: b, Shape: o.shape}, e.CopyIn(b, 0, content)
}

func narrow(dt engine.DType, v []int64) any {
	switch dt {
	case engine.I32:
		r := make([]int32, len(v))
		for i, x := range v {
			r[i] = int32(x)
		}
		return r
	case engine.U8:
		r := make([]uint8, len(v))
		for i, x := range v {
			r[i] = uint8(x)
		}
		return r
	}
	return v
}

// snapshot is the bits of a whole buffer.
func snapshot(e engine.Engine, a engine.Array) []uint64 {
	if a.Absent() {
		return nil
	}
	r, err := contents(e, a.Buf)
	if err != nil {
		panic(err)
	}
	return r.bits
}

// read takes an output from its buffer and checks its guard.
func read(e engine.Engine, a engine.Array) (result, error) {
	if a.Absent() {
		return result{}, nil
	}
	r, err := contents(e, a.Buf)
	if err != nil {
		return r, err
	}
	n := a.Shape.Len()
	for i := n; i < n+guard; i++ {
		if r.f != nil && r.f[i] != filler || r.i != nil && r.i[i] != filler {
			return r, fmt.Errorf("element %d behind its end was written to", i-n)
		}
	}
	r.bits = r.bits[:n]
	if r.f != nil {
		r.f = r.f[:n]
	} else {
		r.i = r.i[:n]
	}
	return r, nil
}

func contents(e engine.Engine, b engine.Buffer) (r result, err error) {
	n := b.Len()
	r.bits = make([]uint64, n)
	if b.DType().Float() {
		r.f = make([]float64, n)
		err = e.CopyOut(r.f, b, 0)
		for i, v := range r.f {
			r.bits[i] = math.Float64bits(v)
		}
		return r, err
	}
	r.i = make([]int64, n)
	switch b.DType() {
	case engine.I32:
		v := make([]int32, n)
		err = e.CopyOut(v, b, 0)
		for i, x := range v {
			r.i[i] = int64(x)
		}
	case engine.U8:
		v := make([]uint8, n)
		err = e.CopyOut(v, b, 0)
		for i, x := range v {
			r.i[i] = int64(x)
		}
	default:
		err = e.CopyOut(r.i, b, 0)
	}
	for i, x := range r.i {
		r.bits[i] = uint64(x)
	}
	return r, err
}
