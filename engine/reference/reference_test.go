package reference

import (
	"errors"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

func TestEveryRequiredOperatorIsThere(t *testing.T) {
	e := New(Options{Threads: 1})
	defer e.Close()
	for op := engine.OpNone + 1; op.Required(); op++ {
		for _, dt := range []engine.DType{engine.F32, engine.F64} {
			if _, ok := e.Lookup(op, dt); !ok {
				t.Errorf("%v of %v is missing", op, dt)
			}
		}
	}
	if _, ok := e.Lookup(engine.OpPermute, engine.I64); !ok {
		t.Error("elements of integer type cannot be moved")
	}
	if _, ok := e.Lookup(engine.OpMatMul, engine.I64); ok {
		t.Error("integers are multiplied as floats")
	}
}

// A kernel's own memory counts against the limit too; without it the call fails
// and leaves nothing behind.
func TestScratchMemoryIsLimited(t *testing.T) {
	e := New(Options{Threads: 2, MemoryLimit: 8 << 10})
	defer e.Close()
	c := &engine.Call{
		Op: engine.OpConv2D, Attr: engine.Attr{Pad: [2]int{1, 1}},
		In:  []engine.Array{random(e, 1, 2, 8, 8), random(e, 2, 2, 3, 3)},
		Out: []engine.Array{random(e, 1, 2, 8, 8)},
	}
	live := e.Memory().Live
	k, _ := e.Lookup(c.Op, engine.F32)
	var limit *engine.LimitError
	if err := k(c); !errors.As(err, &limit) {
		t.Errorf("over the limit: %v", err)
	}
	if now := e.Memory().Live; now != live {
		t.Errorf("%d bytes live after the failure, %d before", now, live)
	}
}
