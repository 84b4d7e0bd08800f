package tensor

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/rng"
)

// panics returns the message of fn's panic.
func panics(fn func()) (msg string) {
	defer func() {
		if r := recover(); r != nil {
			msg = fmt.Sprint(r)
		}
	}()
	fn()
	return ""
}

func TestBlockFreesWhatItDoesNotReturn(t *testing.T) {
	tape := newTape(t)
	e := tape.Engine()
	x := tape.FromF64(engine.Of(8), make([]float64, 8))
	one := e.Memory().Live
	var inner, kept *Tensor
	y := tape.Block("a", func() *Tensor {
		inner = tape.Tanh(x)
		kept = tape.Keep(tape.Exp(inner))
		return tape.Block("b", func() *Tensor { return tape.Relu(tape.Exp(inner)) })
	})
	if live := e.Memory().Live; live != 3*one {
		t.Errorf("%d bytes live, want the input, the kept value and the result: %d", live, 3*one)
	}
	if got := y.Float64s(); got[0] != 1 {
		t.Errorf("got %v", got)
	}
	if got := kept.Float64s(); got[0] != 1 {
		t.Errorf("kept %v", got)
	}
	msg := panics(func() { tape.Relu(inner) })
	if !strings.Contains(msg, "made by tanh in a") || !strings.Contains(msg, "its block has ended") {
		t.Errorf("use after the block's end: %q", msg)
	}
	tape.Drop(y)
	if msg := panics(func() { y.Item() }); !strings.Contains(msg, "was dropped") {
		t.Errorf("use after Drop: %q", msg)
	}
	tape.Drop(kept)
	if live := e.Memory().Live; live != 2*one {
		t.Errorf("Drop freed a kept value, or not its own: %d bytes live, want %d", live, 2*one)
	}
	tape.Reset()
	if live := e.Memory().Live; live != 0 {
		t.Errorf("%d bytes live after Reset", live)
	}
}

func TestBlockMayReturnWhatItWasGiven(t *testing.T) {
	tape := newTape(t)
	x := tape.FromF64(engine.Of(1), []float64{5})
	y := tape.Block("a", func() *Tensor {
		tape.Tanh(x)
		return x
	})
	if y != x || x.Item() != 5 {
		t.Error("the block lost its input")
	}
}

func TestDebugSeesUseAfterReset(t *testing.T) {
	tape := newTape(t)
	tape.SetDebug(true)
	x := tape.FromF64(engine.Of(1), []float64{5})
	tape.Reset()
	tape.FromF64(engine.Of(1), []float64{6})
	if msg := panics(func() { x.Item() }); !strings.Contains(msg, "the tape was reset") {
		t.Errorf("got %q", msg)
	}
}

func TestForeignTapeIsNoticed(t *testing.T) {
	a, b := newTape(t), newTape(t)
	x := a.FromF64(engine.Of(1), []float64{5})
	if msg := panics(func() { b.Relu(x) }); !strings.Contains(msg, "another tape") {
		t.Errorf("got %q", msg)
	}
}

// stack is a tower of linear layers with one block each.
type stack struct {
	tape   *Tape
	layers []*Tensor
	input  []float32
}

func newStack(t testing.TB, e engine.Engine, depth int) *stack {
	s := &stack{tape: NewTape(e), input: make([]float32, 16*32)}
	t.Cleanup(s.tape.Close)
	stream := rng.New(5)
	for range depth {
		values := make([]float64, 32*32)
		for i := range values {
			values[i] = .2 * stream.Normal()
		}
		s.layers = append(s.layers, leafWith(t, e, engine.F32, values, 32, 32))
	}
	for i := range s.input {
		s.input[i] = stream.Float32()
	}
	return s
}

func (s *stack) forward() *Tensor {
	x := s.tape.FromF32(engine.Of(16, 32), s.input)
	for _, w := range s.layers {
		s.tape.Enter("layer")
		y := s.tape.Leave(s.tape.Relu(s.tape.Linear(x, w, nil)))
		s.tape.Drop(x)
		x = y
	}
	return s.tape.Mean(s.tape.Square(x))
}

// step is one training step, without the update.
func (s *stack) step(t testing.TB) {
	if err := s.tape.Do(func() { s.tape.Backward(s.forward(), nil) }); err != nil {
		t.Fatal(err)
	}
	s.tape.Reset()
	for _, w := range s.layers {
		w.ZeroGrad()
	}
}

func TestStepsDoNotGrow(t *testing.T) {
	e := newEngine(t)
	s := newStack(t, e, 6)
	base := e.Memory().Live
	s.step(t)
	after := e.Memory()
	if after.Live != base+constBytes(s.tape) {
		t.Errorf("a step left %d bytes, began with %d", after.Live, base)
	}
	for range 5 {
		s.step(t)
	}
	if m := e.Memory(); m.Live != after.Live || m.Peak != after.Peak || m.Held != after.Held {
		t.Errorf("memory grew: %+v after one step, %+v after six", after, m)
	}
}

// constBytes is what the tape's own scalars take.
func constBytes(tape *Tape) (n int64) {
	e := tape.Engine()
	live := e.Memory().Live
	tape.consts.release()
	return live - e.Memory().Live
}

func TestForwardWithoutGradientsHoldsOneBlock(t *testing.T) {
	peak := func(depth int) int64 {
		e := newEngine(t)
		s := newStack(t, e, depth)
		base := e.Memory().Live
		do(t, s.tape, func() { s.tape.NoGrad(func() { s.forward() }) })
		return e.Memory().Peak - base
	}
	if a, b := peak(3), peak(30); a != b {
		t.Errorf("depth 3 needs %d bytes, depth 30 %d", a, b)
	}
}

func TestFrozenPrefixIsNotRecorded(t *testing.T) {
	e := newEngine(t)
	s := newStack(t, e, 10)
	for _, w := range s.layers[:9] {
		w.SetRequiresGrad(false)
	}
	do(t, s.tape, func() { s.forward() })
	// linear, relu, square, mean
	if n := s.tape.nodes.n; n != 4 {
		t.Errorf("%d operators recorded, want 4", n)
	}
	s.layers[9].SetRequiresGrad(false)
	s.tape.Reset()
	do(t, s.tape, func() { s.forward() })
	if n := s.tape.nodes.n; n != 0 {
		t.Errorf("%d operators recorded of a frozen network", n)
	}
}

func TestSteadyStepAllocatesLittle(t *testing.T) {
	allocs := func(depth int) float64 {
		e := reference.New(reference.Options{})
		t.Cleanup(func() { e.Close() })
		s := newStack(t, e, depth)
		s.step(t)
		return testing.AllocsPerRun(5, func() { s.step(t) })
	}
	a, b := allocs(2), allocs(40)
	if a != b || a > 16 {
		t.Errorf("%v allocations at depth 2, %v at depth 40", a, b)
	}
}

func TestCheckpointHoldsLess(t *testing.T) {
	peak := func(forward func(*Tape, *Tensor, *Tensor) *Tensor) int64 {
		e := newEngine(t)
		tape := NewTape(e)
		defer tape.Close()
		w := leafWith(t, e, engine.F32, make([]float64, 32*32), 32, 32)
		do(t, tape, func() {
			x := tape.Full(engine.Of(64, 32), 1)
			for range 8 {
				x = forward(tape, x, w)
			}
			tape.Backward(tape.Sum(x), nil)
		})
		return e.Memory().Peak
	}
	body := func(t *Tape, x, w *Tensor) *Tensor { return t.Gelu(t.Linear(t.Gelu(t.Linear(x, w, nil)), w, nil)) }
	plain := peak(func(t *Tape, x, w *Tensor) *Tensor { return t.Block("", func() *Tensor { return body(t, x, w) }) })
	again := peak(func(t *Tape, x, w *Tensor) *Tensor {
		return t.Checkpoint("", func(x *Tensor) *Tensor { return body(t, x, w) }, x)
	})
	if again > plain*2/3 {
		t.Errorf("peak %d with checkpoints, %d without", again, plain)
	}
}
