package tensor

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
)

// gradCase is an operator over leaves of the given shapes; its result is
// weighted to a scalar.
type gradCase struct {
	name   string
	shapes [][]int
	run    func(t *Tape, x []*Tensor) *Tensor
}

func unaryCase(name string, f func(*Tape, *Tensor) *Tensor) gradCase {
	return gradCase{name, [][]int{{3, 5}}, func(t *Tape, x []*Tensor) *Tensor { return f(t, x[0]) }}
}

func lossCase(name string, f func(t *Tape, x, y *Tensor) *Tensor) gradCase {
	return gradCase{name, [][]int{{3, 4}, {3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return f(t, x[0], x[1]) }}
}

var gradCases = []gradCase{
	unaryCase("relu", (*Tape).Relu),
	unaryCase("leaky_relu", func(t *Tape, x *Tensor) *Tensor { return t.LeakyRelu(x, .3) }),
	unaryCase("relu6", func(t *Tape, x *Tensor) *Tensor { return t.Relu6(t.Scale(x, 5, 0)) }),
	unaryCase("elu", func(t *Tape, x *Tensor) *Tensor { return t.Elu(x, .7) }),
	unaryCase("gelu", (*Tape).Gelu),
	unaryCase("gelu_tanh", (*Tape).GeluTanh),
	unaryCase("tanh", (*Tape).Tanh),
	unaryCase("sigmoid", (*Tape).Sigmoid),
	unaryCase("silu", (*Tape).SiLU),
	unaryCase("softplus", func(t *Tape, x *Tensor) *Tensor { return t.Softplus(x, 2, 1) }),
	unaryCase("mish", (*Tape).Mish),
	unaryCase("hard_swish", func(t *Tape, x *Tensor) *Tensor { return t.HardSwish(t.Scale(x, 3, 0)) }),
	unaryCase("hard_sigmoid", func(t *Tape, x *Tensor) *Tensor { return t.HardSigmoid(t.Scale(x, 3, 0)) }),
	unaryCase("exp", (*Tape).Exp),
	unaryCase("log of sqrt", func(t *Tape, x *Tensor) *Tensor { return t.Log(t.Sqrt(t.Scale(t.Square(x), 1, .1))) }),
	unaryCase("abs", (*Tape).Abs),
	unaryCase("scale", func(t *Tape, x *Tensor) *Tensor { return t.Scale(x, -2, 1) }),
	{"cast", [][]int{{2, 3}}, func(t *Tape, x []*Tensor) *Tensor { return t.Cast(t.Cast(x[0], engine.F64), engine.F64) }},

	{"broadcast both ways", [][]int{{3, 1, 2}, {4, 1}}, func(t *Tape, x []*Tensor) *Tensor { return t.Mul(t.Sub(x[0], x[1]), x[1]) }},
	{"div by a scalar", [][]int{{3, 2}, {}}, func(t *Tape, x []*Tensor) *Tensor { return t.Div(x[0], t.Exp(x[1])) }},
	{"max and min", [][]int{{3, 4}, {4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.Add(t.Max(x[0], x[1]), t.Scale(t.Min(x[0], x[1]), 3, 0))
	}},
	{"sum over axes", [][]int{{2, 3, 4, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.Sum(x[0], 1, -1) }},
	{"mean over an axis", [][]int{{2, 3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.Mean(x[0], 0) }},
	{"expand", [][]int{{3, 1}}, func(t *Tape, x []*Tensor) *Tensor { return t.Expand(x[0], 2, 3, 4) }},
	{"permute", [][]int{{2, 3, 4, 1}}, func(t *Tape, x []*Tensor) *Tensor { return t.Permute(x[0], 2, 0, 3, 1) }},
	{"slice by steps", [][]int{{5, 7}}, func(t *Tape, x []*Tensor) *Tensor { return t.Slice(x[0], Every(0, 2), Between(1, -6, -1).By(3)) }},
	{"take", [][]int{{2, 3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.Take(x[0], 1, -1) }},
	{"pad", [][]int{{2, 3}}, func(t *Tape, x []*Tensor) *Tensor { return t.Pad(x[0], 0, 1, 2) }},
	{"concat of seven", [][]int{{2, 1}, {2, 3}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.Concat(-1, x[0], x[1], x[0], t.Full(engine.Of(2, 2), 3), x[1], x[0], x[0])
	}},

	{"matmul", [][]int{{3, 4}, {4, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"matmul transposed", [][]int{{4, 3}, {2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.MatMulWith(x[0], x[1], MatMulOptions{TransA: true, TransB: true, Scale: .5})
	}},
	{"matmul left shared", [][]int{{3, 4}, {5, 4, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"matmul right shared, left transposed", [][]int{{5, 4, 3}, {4, 2}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.MatMulWith(x[0], x[1], MatMulOptions{TransA: true})
	}},
	{"matmul batch of one", [][]int{{1, 3, 4}, {5, 2, 4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.MatMulWith(x[0], x[1], MatMulOptions{TransB: true})
	}},
	{"matmul both broadcast", [][]int{{2, 1, 3, 4}, {5, 4, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"vector times matrices", [][]int{{4}, {3, 4, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"matrices times vector", [][]int{{3, 2, 4}, {4}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"vector times vector", [][]int{{4}, {4}}, func(t *Tape, x []*Tensor) *Tensor { return t.MatMul(x[0], x[1]) }},
	{"linear", [][]int{{2, 3, 4}, {5, 4}, {5}}, func(t *Tape, x []*Tensor) *Tensor { return t.Linear(x[0], x[1], x[2]) }},
	{"linear and relu in one", [][]int{{6, 4}, {5, 4}, {5}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.LinearAct(x[0], x[1], x[2], engine.FnRelu)
	}},
	{"conv2d", [][]int{{2, 4, 5, 6}, {6, 2, 3, 2}, {6}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.Conv2D(x[0], x[1], x[2], ConvOptions{Stride: [2]int{2, 1}, Pad: [2]int{1, 2}, Dilation: [2]int{1, 2}, Groups: 2})
	}},
	{"conv1d", [][]int{{2, 3, 7}, {4, 3, 3}, {4}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.Conv1D(x[0], x[1], x[2], ConvOptions{Stride: [2]int{9, 2}, Pad: [2]int{9, 1}})
	}},
	{"max_pool2d", [][]int{{1, 2, 7, 6}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.MaxPool2D(x[0], PoolOptions{Window: [2]int{3, 2}, Stride: [2]int{2, 2}, Pad: [2]int{1, 0}, Ceil: true})
	}},
	{"avg_pool2d", [][]int{{1, 2, 7, 6}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.AvgPool2D(x[0], PoolOptions{Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [2]int{1, 1}, ExcludePad: true, Ceil: true})
	}},
	{"adaptive_avg_pool2d", [][]int{{1, 2, 7, 5}}, func(t *Tape, x []*Tensor) *Tensor { return t.AdaptiveAvgPool2D(x[0], 3, 2) }},
	{"adaptive_max_pool2d", [][]int{{1, 2, 7, 5}}, func(t *Tape, x []*Tensor) *Tensor { return t.AdaptiveMaxPool2D(x[0], 3, 2) }},

	{"batch_norm", [][]int{{3, 2, 4}, {2}, {2}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.BatchNorm(x[0], BatchNormOptions{Weight: x[1], Bias: x[2], Eps: .1})
	}},
	{"batch_norm without weights", [][]int{{5, 2}}, func(t *Tape, x []*Tensor) *Tensor { return t.BatchNorm(x[0], BatchNormOptions{Eps: .1}) }},
	{"batch_norm, stored", [][]int{{3, 2, 4}, {2}, {2}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.BatchNorm(x[0], BatchNormOptions{
			Weight: x[1], Bias: x[2], Mean: t.FromF64(engine.Of(2), []float64{.5, -1}), Var: t.FromF64(engine.Of(2), []float64{2, .3}), Stored: true, Eps: .1,
		})
	}},
	{"layer_norm over two axes", [][]int{{2, 3, 4}, {3, 4}, {3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.LayerNorm(x[0], x[1], x[2], 2, .1) }},
	{"rms_norm", [][]int{{3, 5}, {5}}, func(t *Tape, x []*Tensor) *Tensor { return t.RMSNorm(x[0], x[1], 1, .1) }},
	{"group_norm", [][]int{{2, 6, 3}, {6}, {6}}, func(t *Tape, x []*Tensor) *Tensor { return t.GroupNorm(x[0], x[1], x[2], 3, .1) }},

	{"softmax on the middle axis", [][]int{{2, 3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.Softmax(x[0], 1) }},
	{"softmax with a trained mask", [][]int{{2, 3, 4}, {3, 1}}, func(t *Tape, x []*Tensor) *Tensor { return t.MaskedSoftmax(x[0], t.Mul(x[1], x[0]), 2) }},
	{"softmax with a fixed mask", [][]int{{2, 3, 4}, {4}}, func(t *Tape, x []*Tensor) *Tensor { return t.MaskedSoftmax(x[0], t.Detach(t.Scale(x[1], 0, .5)), 2) }},
	{"log_softmax on the first axis", [][]int{{3, 4}}, func(t *Tape, x []*Tensor) *Tensor { return t.LogSoftmax(x[0], 0) }},
	{"attention with a trained bias", [][]int{{2, 2, 3, 4}, {2, 2, 5, 4}, {2, 2, 5, 3}, {3, 5}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.Attention(x[0], x[1], x[2], AttentionOptions{Mask: x[3]})
	}},
	{"causal attention with dropout", [][]int{{2, 2, 3, 4}, {2, 2, 3, 4}, {2, 2, 3, 3}}, func(t *Tape, x []*Tensor) *Tensor {
		t.SetSamples([]int64{4, 9})
		return t.Attention(x[0], x[1], x[2], AttentionOptions{Causal: true, Dropout: .4, Module: "attention"})
	}},
	{"embedding with padding", [][]int{{4, 3}}, func(t *Tape, x []*Tensor) *Tensor {
		w := t.Mul(x[0], t.FromF64(engine.Of(4, 1), []float64{1, 0, 1, 1})) // the padding row counts for nothing
		return t.Embedding(w, t.FromI64(engine.Of(2, 3), []int64{0, 1, 3, 3, 0, 3}), 1)
	}},
	{"dropout", [][]int{{3, 8}}, func(t *Tape, x []*Tensor) *Tensor {
		t.SetSamples([]int64{5, 6, 7})
		return t.Dropout(x[0], .5, "dropout")
	}},

	{"cross_entropy", [][]int{{4, 3}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.CrossEntropy(x[0], t.FromI64(engine.Of(4), []int64{2, -100, 0, 1}), CrossEntropyOptions{Smoothing: .2, Weight: t.FromF64(engine.Of(3), []float64{1, 2, .5})})
	}},
	{"cross_entropy of many axes", [][]int{{2, 3, 2, 2}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.CrossEntropy(x[0], t.FromI64(engine.Of(2, 2, 2), []int64{0, 1, 2, 0, 1, 1, 2, 2}), CrossEntropyOptions{Reduction: None})
	}},
	{"cross_entropy with trained targets", [][]int{{2, 3, 2}, {2, 3, 2}}, func(t *Tape, x []*Tensor) *Tensor {
		return t.CrossEntropy(x[0], t.Softmax(x[1], 1), CrossEntropyOptions{Smoothing: .1, Weight: t.FromF64(engine.Of(3), []float64{1, 2, .5})})
	}},
	lossCase("mse", func(t *Tape, x, y *Tensor) *Tensor { return t.MSE(x, y, Mean) }),
	lossCase("l1", func(t *Tape, x, y *Tensor) *Tensor { return t.L1(x, y, Sum) }),
	lossCase("smooth_l1", func(t *Tape, x, y *Tensor) *Tensor { return t.SmoothL1(x, y, .5, None) }),
	lossCase("huber", func(t *Tape, x, y *Tensor) *Tensor { return t.Huber(x, y, .5, Mean) }),
	lossCase("mse, broadcast", func(t *Tape, x, y *Tensor) *Tensor { return t.MSE(x, t.Take(y, 0, 1), Mean) }),
	lossCase("kl_div", func(t *Tape, x, y *Tensor) *Tensor {
		return t.KLDiv(t.LogSoftmax(x, -1), t.Detach(t.Scale(y, 0, .25)), Sum)
	}),
	lossCase("bce_with_logits", func(t *Tape, x, y *Tensor) *Tensor {
		w := t.FromF64(engine.Of(4), []float64{1, 2, 3, .5})
		return t.BCEWithLogits(x, t.Detach(t.Scale(y, 0, .3)), BCEOptions{Weight: t.Sigmoid(y), PosWeight: w})
	}),
}

func TestGradientsAgainstDifferences(t *testing.T) {
	for i, c := range gradCases {
		t.Run(c.name, func(t *testing.T) {
			tape := newTape(t)
			s := rng.New(uint64(i))
			var leaves []*Tensor
			for _, dims := range c.shapes {
				leaves = append(leaves, leafOf(t, tape.Engine(), &s, dims...))
			}
			loss := func() *Tensor { return weighted(tape, c.run(tape, leaves)) }
			checkGrads(t, tape, leaves, loss)
			// Each leaf alone: what the others' gradients need is not there.
			for k := range leaves {
				for j, x := range leaves {
					x.SetRequiresGrad(j == k)
				}
				checkGrads(t, tape, leaves, loss)
			}
		})
	}
}

// TestTiesShareTheGradient: at a = b, max and min give each operand half.
func TestTiesShareTheGradient(t *testing.T) {
	tape := newTape(t)
	a := leafWith(t, tape.Engine(), engine.F64, []float64{1, 2, 3}, 3)
	b := leafWith(t, tape.Engine(), engine.F64, []float64{1, 3, 2}, 3)
	do(t, tape, func() { tape.Backward(tape.Sum(tape.Max(a, b)), nil) })
	ga, gb := a.Grad().Float64s(), b.Grad().Float64s()
	if ga[0] != .5 || gb[0] != .5 || ga[1] != 0 || gb[1] != 1 || ga[2] != 1 || gb[2] != 0 {
		t.Errorf("gradients %v and %v", ga, gb)
	}
}

// TestGradientsAddUp: over several passes, over several uses, and from a given
// output gradient.
func TestGradientsAddUp(t *testing.T) {
	tape := newTape(t)
	x := leafWith(t, tape.Engine(), engine.F64, []float64{1, 2}, 2)
	pass := func() {
		do(t, tape, func() {
			y := tape.Add(tape.Square(x), tape.Scale(x, 3, 0)) // dy/dx = 2x + 3
			tape.Backward(y, tape.FromF64(engine.Of(2), []float64{1, 10}))
		})
		tape.Reset()
	}
	pass()
	first := x.Grad()
	pass()
	if g := x.Grad().Float64s(); g[0] != 10 || g[1] != 140 {
		t.Errorf("gradient of two passes: %v, want [10 140]", g)
	}
	if x.Grad() != first {
		t.Error("the gradient is another tensor now")
	}
	x.ZeroGrad()
	if x.Grad() != nil {
		t.Error("ZeroGrad left a gradient")
	}
}

// TestSetGrad: a gradient that was read goes on adding up where it is set again,
// and its memory goes with it.
func TestSetGrad(t *testing.T) {
	tape := newTape(t)
	x := leafWith(t, tape.Engine(), engine.F64, []float64{1, 2}, 2)
	pass := func() {
		do(t, tape, func() { tape.Backward(tape.Sum(tape.Square(x)), nil) })
		tape.Reset()
	}
	pass()
	x.ZeroGrad()
	before := tape.Engine().Memory().Live
	pass()
	half := x.Grad().Float64s()
	if err := x.SetGrad([]float32{1}); err == nil {
		t.Error("a gradient of the wrong length was taken")
	}
	if err := x.SetGrad(half); err != nil {
		t.Fatal(err)
	}
	pass()
	if g := x.Grad().Float64s(); g[0] != 4 || g[1] != 8 {
		t.Errorf("gradient %v, want [4 8]", g)
	}
	x.ZeroGrad()
	if live := tape.Engine().Memory().Live; live != before {
		t.Errorf("%d bytes live, %d before there was a gradient", live, before)
	}
}

func TestTwoLossesOnOneTape(t *testing.T) {
	tape := newTape(t)
	x := leafWith(t, tape.Engine(), engine.F64, []float64{3}, 1)
	do(t, tape, func() {
		a, b := tape.Sum(tape.Square(x)), tape.Sum(tape.Scale(x, 5, 0))
		tape.Backward(b, nil)
		tape.Backward(a, nil)
	})
	if g := x.Grad().Item(); g != 11 {
		t.Errorf("gradient %v, want 6 + 5", g)
	}
}

func TestNoGradientThroughDetach(t *testing.T) {
	tape := newTape(t)
	x := leafWith(t, tape.Engine(), engine.F64, []float64{3}, 1)
	do(t, tape, func() { tape.Backward(tape.Mul(x, tape.Detach(tape.Square(x))), nil) })
	if g := x.Grad().Item(); g != 9 {
		t.Errorf("gradient %v, want 9", g)
	}
}

// TestSharedGradientsStayApart: a sum hands one gradient to both operands; what
// is added to it for one of them must not reach the other.
func TestSharedGradientsStayApart(t *testing.T) {
	tape := newTape(t)
	s := rng.New(4)
	var leaves []*Tensor
	for range 3 {
		leaves = append(leaves, leafOf(t, tape.Engine(), &s, 2, 3))
	}
	checkGrads(t, tape, leaves, func() *Tensor {
		a, b, c := tape.Tanh(leaves[0]), tape.Tanh(leaves[1]), tape.Tanh(leaves[2])
		return tape.Add(weighted(tape, tape.Add(a, b)), tape.Mean(tape.Square(tape.Add(a, c))))
	})
	x, y := leaves[0], leaves[1]
	x.ZeroGrad()
	y.ZeroGrad()
	do(t, tape, func() { tape.Backward(tape.Sum(tape.Add(x, y)), nil) })
	if x.Grad().Array().Buf == y.Grad().Array().Buf {
		t.Error("two leaves have one gradient")
	}
}

// TestBackwardFreesAsItGoes: afterwards nothing is held for it any more.
func TestBackwardFreesAsItGoes(t *testing.T) {
	b := newBench(t)
	steps := []step{{op: 12}, {op: 6, b: 1}, {op: 8}, {op: 3, b: 2}, {op: 10}, {op: 17, p: 2}, {op: 18, b: 1}}
	do(t, b.tape, func() {
		b.tape.Backward(b.loss(program{steps}, blocks), nil)
		for _, v := range b.tape.saved {
			if !v.absent() {
				t.Fatalf("a value of shape %v is still saved", v.shape)
			}
		}
		for i := range b.tape.tensors.n {
			if x := b.tape.tensors.at(i); !x.grad.absent() {
				t.Fatalf("%v, made by %s, still has a gradient", x, x.op)
			}
		}
	})
}
