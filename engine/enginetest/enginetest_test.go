package enginetest

import (
	"sync"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
)

func TestEveryOperatorHasACase(t *testing.T) {
	for op := engine.OpNone + 1; int(op) < engine.Count; op++ {
		if cases[op] == nil {
			t.Errorf("%v has no case", op)
		}
	}
}

// drawn are examples of every operator.
var drawn = sync.OnceValue(func() (all [engine.Count][]*example) {
	g := newGen(1)
	for op := engine.OpNone + 1; int(op) < engine.Count; op++ {
		all[op] = cases[op](g)
	}
	return all
})

// The oracle's own gradients must agree with its values: this also checks the
// cases of optional operators that no engine offers.
func TestOracleAgreesWithFiniteDifferences(t *testing.T) {
	g := newGen(1)
	seen := 0
	for op := engine.OpNone + 1; int(op) < engine.Count; op++ {
		for _, x := range drawn()[op] {
			var right []result
			for _, o := range x.outputs() {
				right = append(right, result{f: o.want, i: o.wantInt})
			}
			if x.slopes == nil {
				continue
			}
			seen++
			if err := x.check(g, engine.F64, right); err != nil {
				t.Errorf("%v: %v", x, err)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d examples have gradients", seen)
	}
}

// faulty is an engine with one mistake.
type faulty struct {
	*reference.Engine
	threads int
	spoil   func(c *engine.Call, threads int)
}

func (f *faulty) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	k, ok := f.Engine.Lookup(op, dt)
	return func(c *engine.Call) error {
		err := k(c)
		if err == nil {
			f.spoil(c, f.threads)
		}
		return err
	}, ok
}

// bump changes one element of an array a little: floats by about 10⁻⁴.
func bump(a engine.Array, at int) {
	if at < 0 || at >= a.Buf.Len() {
		return
	}
	switch a.Buf.DType() {
	case engine.F32:
		host.F32(a.Buf)[at] += 1e-4 + 1e-4*host.F32(a.Buf)[at]
	case engine.F64:
		host.F64(a.Buf)[at] += 1e-4 + 1e-4*host.F64(a.Buf)[at]
	case engine.I32:
		host.I32(a.Buf)[at]++
	case engine.I64:
		host.I64(a.Buf)[at]++
	case engine.U8:
		host.U8(a.Buf)[at]++
	}
}

func TestMistakesAreFound(t *testing.T) {
	for name, spoil := range map[string]func(c *engine.Call, threads int){
		"the last element is wrong": func(c *engine.Call, _ int) { bump(c.Out[0], c.Out[0].Shape.Len()-1) },
		"the first element is wrong": func(c *engine.Call, _ int) {
			if c.Out[0].Shape.Len() > 0 {
				bump(c.Out[0], 0)
			}
		},
		"one too many is written": func(c *engine.Call, _ int) { bump(c.Out[0], c.Out[0].Shape.Len()) },
		"an input is written to": func(c *engine.Call, _ int) {
			if len(c.In) > 0 {
				bump(c.In[len(c.In)-1], 0)
			} else {
				bump(c.Out[0], 0)
			}
		},
		"the bits depend on the threads": func(c *engine.Call, threads int) {
			if threads == 3 {
				bump(c.Out[0], c.Out[0].Shape.Len()/2)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{threads: []int{1, 3}}
			for _, n := range b.threads {
				e := &faulty{reference.New(reference.Options{Threads: n}), n, spoil}
				defer e.Close()
				b.engines = append(b.engines, e)
			}
			for op := engine.OpNone + 1; op.Required(); op++ {
				if !found(b, op) {
					t.Errorf("in %v nobody notices", op)
				}
			}
		})
	}
}

// found tells whether some example of the operator fails.
func found(b *bench, op engine.Op) bool {
	g := newGen(2)
	for _, x := range drawn()[op] {
		if x.absentFirst() {
			continue
		}
		if b.run(g, x, engine.F32) != nil {
			return true
		}
	}
	return false
}

// absentFirst tells that an example leaves out the output that is spoiled, or
// the input.
func (x *example) absentFirst() bool {
	return x.out[0].absent || len(x.in) > 0 && x.in[len(x.in)-1].absent
}
