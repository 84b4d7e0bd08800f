package shape_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/engine/shape"
)

func array(t *testing.T, e engine.Engine, dims ...int) engine.Array {
	t.Helper()
	s := engine.Of(dims...)
	b, err := e.Alloc(engine.F32, s.Len())
	if err != nil {
		t.Fatal(err)
	}
	return engine.Array{Buf: b, Shape: s}
}

func run(t *testing.T, e engine.Engine, c *engine.Call) {
	t.Helper()
	k, ok := e.Lookup(c.Op, engine.F32)
	if !ok {
		t.Fatalf("no kernel for %v", c.Op)
	}
	if err := k(c); err != nil {
		t.Fatal(err)
	}
}

func TestWorkIsCountedByLabelAndOperator(t *testing.T) {
	e := shape.New(shape.Options{})
	a, b, y := array(t, e, 2, 3), array(t, e, 3, 4), array(t, e, 2, 4)
	product := &engine.Call{Op: engine.OpMatMul, In: []engine.Array{a, b}, Out: []engine.Array{y}}
	e.SetLabel("stem")
	run(t, e, product)
	run(t, e, &engine.Call{Op: engine.OpUnary, In: []engine.Array{y}, Out: []engine.Array{y}})
	run(t, e, product)
	e.SetLabel("head")
	run(t, e, product)
	want := []shape.Work{
		{"stem", engine.OpMatMul, 2, 96, 208},
		{"stem", engine.OpUnary, 1, 8, 64},
		{"head", engine.OpMatMul, 1, 48, 104},
	}
	if d := cmp.Diff(want, e.Work()); d != "" {
		t.Error(d)
	}
	e.Reset()
	if len(e.Work()) != 0 {
		t.Error("Reset forgets nothing")
	}
}

// The preview's account must be that of an engine with memory.
func TestMemoryIsCountedAsByTheReference(t *testing.T) {
	r := reference.New(reference.Options{Threads: 1})
	defer r.Close()
	var accounts []engine.Memory
	for _, e := range []engine.Engine{shape.New(shape.Options{}), r} {
		var held []engine.Buffer
		for _, n := range []int{0, 1, 100, 12345, 1 << 20, 3} {
			for _, dt := range []engine.DType{engine.F32, engine.F64, engine.U8} {
				b, err := e.Alloc(dt, n)
				if err != nil {
					t.Fatal(err)
				}
				held = append(held, b)
			}
			e.Free(held[0])
			held = held[1:]
		}
		m := e.Memory()
		m.Held = 0
		accounts = append(accounts, m)
		for _, b := range held {
			e.Free(b)
		}
		e.ResetPeak()
		if m := e.Memory(); m.Live != 0 || m.Peak != 0 {
			t.Errorf("%s: after freeing everything %+v", e.Name(), m)
		}
	}
	if accounts[0] != accounts[1] {
		t.Errorf("the preview counts %+v, the reference %+v", accounts[0], accounts[1])
	}
}

func TestLimitAndMisuse(t *testing.T) {
	e := shape.New(shape.Options{MemoryLimit: 1000})
	a := array(t, e, 200)
	_, err := e.Alloc(engine.F32, 200)
	var limit *engine.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("over the limit: %v", err)
	}
	got := []float32{1, 2}
	if err := e.CopyOut(got, a.Buf, 198); err != nil || !slices.Equal(got, []float32{0, 0}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, err := range []error{e.CopyOut(got, a.Buf, 199), e.CopyIn(a.Buf, 0, []int64{1}), e.CopyIn(a.Buf, 0, 1)} {
		if err == nil {
			t.Error("a wrong copy was not refused")
		}
	}
	if err := e.CopyIn(a.Buf, 0, []float64{1}); err != nil {
		t.Error(err)
	}
	e.Free(a.Buf)
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "freed buffer of 200 f32") {
			t.Errorf("the panic says %q", msg)
		}
	}()
	run(t, e, &engine.Call{Op: engine.OpScale, In: []engine.Array{a}, Out: []engine.Array{a}})
}

func TestOperatorsAreThoseOfTheEngineThatIsPreviewed(t *testing.T) {
	r := reference.New(reference.Options{Threads: 1})
	defer r.Close()
	for _, e := range []*shape.Engine{shape.New(shape.Options{}), shape.New(shape.Options{Like: r})} {
		for op := engine.OpNone; int(op) < engine.Count; op++ {
			_, want := r.Lookup(op, engine.F32)
			if _, ok := e.Lookup(op, engine.F32); ok != want {
				t.Errorf("%v is offered: %v, want %v", op, ok, want)
			}
		}
	}
}
