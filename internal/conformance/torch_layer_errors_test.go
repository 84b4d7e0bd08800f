package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// layerError is a misuse that torch refuses, or accepts where error is null.
type layerError struct {
	Condition string  `json:"condition"`
	Error     *string `json:"error"`
	Message   *string `json:"message"`
}

// layerConditions set the file's conditions up, and say what our error must
// tell.
var layerConditions = map[string]struct {
	run  func(*tensor.Tape)
	says []string
}{
	"batch_norm, training, one value a channel ([1,3])": {
		func(t *tensor.Tape) { t.BatchNorm(zeros(t, 1, 3), tensor.BatchNormOptions{Eps: 1e-5}) },
		[]string{"batch_norm", "one value per channel", "[1,3]"},
	},
	"conv2d, input channels do not fit the weight": {
		func(t *tensor.Tape) {
			t.Conv2D(zeros(t, 1, 3, 5, 5), zeros(t, 2, 2, 3, 3), nil, tensor.ConvOptions{})
		},
		[]string{"conv2d", "[1,3,5,5]", "3 channels", "[2,2,3,3]", "takes 2"},
	},
	"group_norm, channels not divisible by groups": {
		func(t *tensor.Tape) { t.GroupNorm(zeros(t, 1, 3, 2), nil, nil, 2, 1e-5) },
		[]string{"group_norm", "[1,3,2]", "not divisible by 2"},
	},
	"max_pool2d, empty output": {
		func(t *tensor.Tape) {
			t.MaxPool2D(zeros(t, 1, 1, 2, 2), tensor.PoolOptions{Window: [2]int{3, 3}})
		},
		[]string{"max_pool2d", "empty", "[1,1,2,2]"},
	},
	"embedding, negative id": {
		func(t *tensor.Tape) { t.Embedding(zeros(t, 4, 2), t.FromI64(engine.Of(1), []int64{-1}), -1) },
		[]string{"embedding", "-1"},
	},
	"cross_entropy, target out of range": {
		func(t *tensor.Tape) {
			t.CrossEntropy(zeros(t, 1, 3), t.FromI64(engine.Of(1), []int64{3}), tensor.CrossEntropyOptions{})
		},
		[]string{"cross_entropy", "3"},
	},
	"cross_entropy, label_smoothing 1.5": {
		func(t *tensor.Tape) {
			t.CrossEntropy(zeros(t, 1, 3), t.FromI64(engine.Of(1), []int64{0}), tensor.CrossEntropyOptions{Smoothing: 1.5})
		},
		[]string{"cross_entropy", "smoothing 1.5", "[0, 1]"},
	},
	"cross_entropy, batch sizes differ": {
		func(t *tensor.Tape) {
			t.CrossEntropy(zeros(t, 2, 3), t.FromI64(engine.Of(1), []int64{0}), tensor.CrossEntropyOptions{})
		},
		[]string{"cross_entropy", "[2,3]", "[2]", "[1]"},
	},
	"linear, last axis does not fit": {
		func(t *tensor.Tape) { t.Linear(zeros(t, 2, 3), zeros(t, 2, 4), nil) },
		[]string{"linear", "[2,3]", "[2,4]"},
	},
	"scaled_dot_product_attention, mask and is_causal": {
		func(t *tensor.Tape) {
			q := zeros(t, 1, 1, 2, 2)
			t.Attention(q, q, q, tensor.AttentionOptions{Mask: zeros(t, 2, 2), Causal: true})
		},
		[]string{"attention", "mask and causal exclude each other"},
	},
	"mse, shapes broadcast (2,3) and (3): accepted with a warning": {
		func(t *tensor.Tape) { t.MSE(zeros(t, 2, 3), zeros(t, 3), tensor.Mean) }, nil,
	},
}

func zeros(t *tensor.Tape, dims ...int) *tensor.Tensor { return t.Full(engine.Of(dims...), 0) }

func replayLayerError(t *testing.T, c layerError) {
	cond, ok := layerConditions[c.Condition]
	if !ok {
		t.Fatalf("nothing sets up %q", c.Condition)
	}
	for _, typ := range layerTypes {
		tape := newLayerTape(t, typ.dt)
		tape.SetTraining(true)
		err := tape.Do(func() { tape.Block("head", func() *tensor.Tensor { cond.run(tape); return nil }) })
		if c.Error == nil {
			if err != nil {
				t.Errorf("refused: %v", err)
			}
			continue
		}
		var e *tensor.Error
		if !errors.As(err, &e) || e.Block != "head" {
			t.Fatalf("got %v, want an error that names its block", err)
		}
		for _, part := range cond.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}
