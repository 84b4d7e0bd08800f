package reference

import (
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
