// Package shape is the engine that computes nothing: buffers have no memory,
// every operator succeeds at once, and what it would have cost is counted. So a
// model's memory and work can be previewed on any machine, without its weights.
package shape

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
)

// Options of the engine.
type Options struct {
	// MemoryLimit caps the live buffers, in bytes; 0 means any amount.
	MemoryLimit int64
	// Like is the engine that is previewed: the same operators are offered, so
	// that a tape takes the same way. nil stands for the required ones.
	Like engine.Engine
}

// Engine implements engine.Engine. What is read from it is zero.
type Engine struct {
	options Options
	memory  engine.Memory
	label   string
	index   map[key]int
	work    []Work
	kernel  engine.Kernel
}

var _ engine.Engine = (*Engine)(nil)

type key struct {
	label string
	op    engine.Op
}

// Work is what calls of one operator under one label cost together.
type Work struct {
	Label               string
	Op                  engine.Op
	Calls, FLOPs, Bytes int64
}

// New makes an engine.
func New(o Options) *Engine {
	e := &Engine{options: o, memory: engine.Memory{Limit: o.MemoryLimit}}
	e.kernel = e.count
	e.Reset()
	return e
}

// SetLabel says under which label the following calls are counted, say a
// block's name.
func (e *Engine) SetLabel(label string) { e.label = label }

// Work lists what was counted, by label and operator, in order of first
// appearance.
func (e *Engine) Work() []Work { return append([]Work(nil), e.work...) }

// Reset forgets what was counted; buffers stay.
func (e *Engine) Reset() { e.index, e.work = map[key]int{}, nil }

func (e *Engine) count(c *engine.Call) error {
	for _, list := range [][]engine.Array{c.In, c.Out} {
		for i, a := range list {
			if a.Absent() {
				continue
			}
			if b := own(a.Buf); a.Shape.Len() > b.n {
				panic(fmt.Sprintf("shape: operand %d of %v has shape %v, its buffer %d elements", i, c.Op, a.Shape, b.n))
			}
		}
	}
	k := key{e.label, c.Op}
	i, ok := e.index[k]
	if !ok {
		i = len(e.work)
		e.index[k] = i
		e.work = append(e.work, Work{Label: e.label, Op: c.Op})
	}
	flops, bytes := engine.Cost(c)
	w := &e.work[i]
	w.Calls, w.FLOPs, w.Bytes = w.Calls+1, w.FLOPs+flops, w.Bytes+bytes
	return nil
}

// Lookup finds the counting kernel.
func (e *Engine) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	ok := op.Required()
	if e.options.Like != nil {
		_, ok = e.options.Like.Lookup(op, dt)
	}
	if !ok {
		return nil, false
	}
	return e.kernel, true
}

// Name is "shape".
func (e *Engine) Name() string { return "shape" }

// Path is "none": there are no bits.
func (e *Engine) Path() string { return "none" }

// Sync has nothing to wait for.
func (e *Engine) Sync() error { return nil }

// Close has nothing to give back.
func (e *Engine) Close() error { return nil }
