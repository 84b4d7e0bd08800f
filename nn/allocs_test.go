package nn_test

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// TestSteadyStepAllocatesLittle: a training step's Go allocations do not grow
// with the depth of the network.
func TestSteadyStepAllocatesLittle(t *testing.T) {
	allocs := func(blocks int) float64 {
		e := reference.New(reference.Options{})
		t.Cleanup(func() { e.Close() })
		net := residual(t, nn.Config{Engine: e}, blocks)
		tape := tensor.NewTape(e)
		defer tape.Close()
		tape.SetTraining(true)
		in, target, ids := make([]float32, 3*2*5*5), []int64{0, 1, 2}, []int64{7, 8, 9}
		for i := range in {
			in[i] = float32(i % 7)
		}
		step := func() {
			tape.SetSamples(ids)
			err := tape.Do(func() {
				y := net.Run(tape, nil, tape.FromF32(engine.Of(3, 2, 5, 5), in))
				tape.Backward(tape.CrossEntropy(y, tape.FromI64(engine.Of(3), target), tensor.CrossEntropyOptions{}), nil)
			})
			if err != nil {
				t.Fatal(err)
			}
			tape.Reset()
			net.Params().ZeroGrad()
		}
		step()
		return testing.AllocsPerRun(5, step)
	}
	a, b := allocs(1), allocs(20)
	if a != b || a > 16 {
		t.Errorf("%v allocations with one block, %v with 20", a, b)
	}
}

// TestForwardHoldsTwoBlocks: without gradients the memory of a forward pass does
// not grow with the depth.
func TestForwardHoldsTwoBlocks(t *testing.T) {
	peak := func(blocks int) int64 {
		e := reference.New(reference.Options{Threads: 1})
		defer e.Close()
		net := residual(t, nn.Config{Engine: e}, blocks)
		tape := tensor.NewTape(e)
		defer tape.Close()
		before := e.Memory().Live
		e.ResetPeak()
		err := tape.Do(func() {
			tape.NoGrad(func() { net.Run(tape, nil, tape.Full(engine.Of(3, 2, 32, 32), 1)) })
		})
		if err != nil {
			t.Fatal(err)
		}
		return e.Memory().Peak - before
	}
	if a, b := peak(3), peak(12); a != b {
		t.Errorf("three blocks need %d bytes, twelve %d", a, b)
	}
}
