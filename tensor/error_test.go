package tensor

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/errors.txt")

// mistakes are what a caller may get wrong, in the order of testdata/errors.txt.
var mistakes = []struct {
	what string
	run  func(t *Tape, z func(dims ...int) *Tensor)
}{
	{"add of shapes that do not broadcast", func(t *Tape, z func(...int) *Tensor) { t.Add(z(2, 3), z(2)) }},
	{"mul of two types", func(t *Tape, z func(...int) *Tensor) { t.Mul(z(2), t.Cast(z(2), engine.F64)) }},
	{"relu of ids", func(t *Tape, _ func(...int) *Tensor) { t.Relu(t.FromI64(engine.Of(1), []int64{1})) }},
	{"cast to integers", func(t *Tape, z func(...int) *Tensor) { t.Cast(z(1), engine.I64) }},
	{"input of another length", func(t *Tape, _ func(...int) *Tensor) { t.FromF32(engine.Of(2, 2), make([]float32, 3)) }},
	{"matmul", func(t *Tape, z func(...int) *Tensor) { t.MatMul(z(2, 3), z(4, 5)) }},
	{"matmul of batches", func(t *Tape, z func(...int) *Tensor) { t.MatMul(z(2, 3, 4), z(5, 4, 3)) }},
	{"matmul of a scalar", func(t *Tape, z func(...int) *Tensor) { t.MatMul(z(), z(4, 5)) }},
	{"linear", func(t *Tape, z func(...int) *Tensor) { t.Linear(z(2, 3), z(5, 4), nil) }},
	{"bias of linear", func(t *Tape, z func(...int) *Tensor) { t.Linear(z(2, 4), z(5, 4), z(4)) }},
	{"conv2d of a matrix", func(t *Tape, z func(...int) *Tensor) { t.Conv2D(z(2, 3), z(5, 4), nil, ConvOptions{}) }},
	{"channels of conv2d", func(t *Tape, z func(...int) *Tensor) { t.Conv2D(z(1, 3, 5, 5), z(2, 2, 3, 3), nil, ConvOptions{}) }},
	{"groups of conv2d", func(t *Tape, z func(...int) *Tensor) {
		t.Conv2D(z(1, 4, 5, 5), z(3, 2, 3, 3), nil, ConvOptions{Groups: 2})
	}},
	{"conv2d beyond its input", func(t *Tape, z func(...int) *Tensor) { t.Conv2D(z(1, 3, 2, 5), z(2, 3, 3, 3), nil, ConvOptions{}) }},
	{"stride of conv1d", func(t *Tape, z func(...int) *Tensor) {
		t.Conv1D(z(1, 3, 5), z(2, 3, 3), nil, ConvOptions{Stride: [2]int{1, -1}})
	}},
	{"max_pool2d beyond its input", func(t *Tape, z func(...int) *Tensor) { t.MaxPool2D(z(1, 1, 2, 2), PoolOptions{Window: [2]int{3, 3}}) }},
	{"padding of avg_pool2d", func(t *Tape, z func(...int) *Tensor) {
		t.AvgPool2D(z(1, 1, 4, 4), PoolOptions{Window: [2]int{2, 2}, Pad: [2]int{2, 0}})
	}},
	{"adaptive_avg_pool2d of nothing", func(t *Tape, z func(...int) *Tensor) { t.AdaptiveAvgPool2D(z(1, 1, 0, 4), 1, 1) }},
	{"batch_norm of one value", func(t *Tape, z func(...int) *Tensor) { t.BatchNorm(z(1, 3), BatchNormOptions{}) }},
	{"weight of batch_norm", func(t *Tape, z func(...int) *Tensor) { t.BatchNorm(z(2, 3), BatchNormOptions{Weight: z(2)}) }},
	{"batch_norm without statistics", func(t *Tape, z func(...int) *Tensor) { t.BatchNorm(z(2, 3), BatchNormOptions{Stored: true}) }},
	{"layer_norm", func(t *Tape, z func(...int) *Tensor) { t.LayerNorm(z(2, 3), z(2), nil, 1, 1e-5) }},
	{"layer_norm of more axes than there are", func(t *Tape, z func(...int) *Tensor) { t.LayerNorm(z(2, 3), nil, nil, 3, 1e-5) }},
	{"group_norm", func(t *Tape, z func(...int) *Tensor) { t.GroupNorm(z(2, 3, 4), nil, nil, 2, 1e-5) }},
	{"axis of softmax", func(t *Tape, z func(...int) *Tensor) { t.Softmax(z(2, 3), 2) }},
	{"mask of softmax", func(t *Tape, z func(...int) *Tensor) { t.MaskedSoftmax(z(2, 3), z(4, 2, 3), 1) }},
	{"attention", func(t *Tape, z func(...int) *Tensor) {
		t.Attention(z(1, 2, 3, 4), z(1, 2, 3, 5), z(1, 2, 3, 5), AttentionOptions{})
	}},
	{"mask of attention", func(t *Tape, z func(...int) *Tensor) {
		t.Attention(z(1, 2, 3, 4), z(1, 2, 5, 4), z(1, 2, 5, 5), AttentionOptions{Mask: z(2, 5)})
	}},
	{"ids of embedding", func(t *Tape, z func(...int) *Tensor) { t.Embedding(z(2, 3), z(2), -1) }},
	{"id out of range", func(t *Tape, z func(...int) *Tensor) {
		t.Embedding(z(2, 3), t.FromI64(engine.Of(2), []int64{1, 2}), -1)
	}},
	{"padding row of embedding", func(t *Tape, z func(...int) *Tensor) {
		t.Embedding(z(2, 3), t.FromI64(engine.Of(1), []int64{1}), 2)
	}},
	{"class out of range", func(t *Tape, z func(...int) *Tensor) {
		t.CrossEntropy(z(2, 3), t.FromI64(engine.Of(2), []int64{1, 3}), CrossEntropyOptions{})
	}},
	{"targets of cross_entropy", func(t *Tape, z func(...int) *Tensor) {
		t.CrossEntropy(z(2, 3), t.FromI64(engine.Of(3), []int64{1, 2, 0}), CrossEntropyOptions{})
	}},
	{"smoothing of cross_entropy", func(t *Tape, z func(...int) *Tensor) {
		t.CrossEntropy(z(1, 3), t.FromI64(engine.Of(1), []int64{1}), CrossEntropyOptions{Smoothing: 1.5})
	}},
	{"targets of bce", func(t *Tape, z func(...int) *Tensor) { t.BCEWithLogits(z(2, 3), z(2), BCEOptions{}) }},
	{"beta of smooth_l1", func(t *Tape, z func(...int) *Tensor) { t.SmoothL1(z(2), z(2), -1, Mean) }},
	{"reshape", func(t *Tape, z func(...int) *Tensor) { t.Reshape(z(2, 3), 4, -1) }},
	{"reshape by two unknowns", func(t *Tape, z func(...int) *Tensor) { t.Reshape(z(2, 3), -1, -1) }},
	{"permute", func(t *Tape, z func(...int) *Tensor) { t.Permute(z(2, 3), 1, 1) }},
	{"slice", func(t *Tape, z func(...int) *Tensor) { t.Slice(z(2, 3), Between(1, 2, 5)) }},
	{"concat", func(t *Tape, z func(...int) *Tensor) { t.Concat(0, z(2, 3), z(2, 4)) }},
	{"sum over an axis twice", func(t *Tape, z func(...int) *Tensor) { t.Sum(z(2, 3), 1, -1) }},
	{"dropout without samples", func(t *Tape, z func(...int) *Tensor) { t.Dropout(z(2, 3), .5, "m") }},
	{"dropout of other samples", func(t *Tape, z func(...int) *Tensor) {
		t.SetSamples([]int64{1, 2})
		t.Dropout(z(3, 4), .5, "m")
	}},
	{"probability of dropout", func(t *Tape, z func(...int) *Tensor) { t.Dropout(z(2, 3), 1.5, "m") }},
	{"backward of a constant", func(t *Tape, z func(...int) *Tensor) { t.Backward(z(), nil) }},
	{"backward of a matrix", func(t *Tape, _ func(...int) *Tensor) { t.Backward(t.Relu(t.probe()), nil) }},
	{"backward with another shape", func(t *Tape, z func(...int) *Tensor) { t.Backward(t.Relu(t.probe()), z(3)) }},
	{"backward twice", func(t *Tape, _ func(...int) *Tensor) {
		y := t.Sum(t.probe())
		t.Backward(y, nil)
		t.Backward(y, nil)
	}},
}

// probe is a trainable leaf [2,2] that lives until the tape is reset.
func (t *Tape) probe() *Tensor {
	x, err := NewLeaf(t.e, t.dt, engine.Of(2, 2))
	t.check(err)
	t.check(x.Set(make([]float32, 4)))
	x.SetRequiresGrad(true)
	return x
}

// TestMistakes compares each message with testdata/errors.txt.
func TestMistakes(t *testing.T) {
	e := newEngine(t)
	tape := NewTape(e)
	defer tape.Close()
	tape.SetTraining(true)
	var got strings.Builder
	for _, m := range mistakes {
		err := tape.Do(func() {
			tape.Block("layer1.0", func() *Tensor {
				m.run(tape, func(dims ...int) *Tensor { return tape.Full(engine.Of(dims...), 0) })
				return nil
			})
		})
		var te *Error
		if !errors.As(err, &te) || te.Block != "layer1.0" {
			t.Errorf("%s: got %v, want an error that names its block", m.what, err)
		}
		fmt.Fprintf(&got, "# %s\n%v\n\n", m.what, err)
		tape.Reset()
	}
	const file = "testdata/errors.txt"
	if *rewrite {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("messages differ from %s (-rewrite rewrites it):\n%s", file, got.String())
	}
}

// TestMemoryLimit: wherever a step meets the limit, the error names the operator
// and everything comes back.
func TestMemoryLimit(t *testing.T) {
	step := func(limit int64) (peak, left int64, err error) {
		e := reference.New(reference.Options{MemoryLimit: limit, Threads: 1})
		defer e.Close()
		s := newStack(t, e, 4)
		err = s.tape.Do(func() { s.tape.Backward(s.forward(), nil) })
		s.tape.Close()
		for _, w := range s.layers {
			w.Release()
		}
		return e.Memory().Peak, e.Memory().Live, err
	}
	peak, left, err := step(0)
	if err != nil || left != 0 {
		t.Fatalf("without a limit: %v, %d bytes left", err, left)
	}
	fails := map[bool]int{}
	for limit := peak - 1; limit > peak/2; limit -= 512 {
		_, left, err := step(limit)
		var te *Error
		var le *engine.LimitError
		if !errors.As(err, &te) || !errors.As(err, &le) || te.Op == "" || te.Hint == "" {
			t.Fatalf("limit %d of %d: %v", limit, peak, err)
		}
		if left != 0 {
			t.Fatalf("limit %d: %d bytes left (%v)", limit, left, err)
		}
		fails[te.Backward]++
	}
	if fails[false] == 0 || fails[true] == 0 {
		t.Errorf("the limit was met %d times forward, %d times backward", fails[false], fails[true])
	}
}

// TestBugsPassThrough: Do returns operators' errors and nothing else.
func TestBugsPassThrough(t *testing.T) {
	tape := newTape(t)
	if msg := panics(func() { _ = tape.Do(func() { panic("a bug") }) }); msg != "a bug" {
		t.Errorf("got %q", msg)
	}
	err := tape.Do(func() {
		tape.NoGrad(func() { tape.Block("a", func() *Tensor { tape.Throw(errors.New("full")); return nil }) })
	})
	if err == nil || !tape.Recording() || len(tape.scopes) != 0 || tape.path != 0 {
		t.Errorf("%v: the tape is still in the scopes of the failed operator", err)
	}
}
