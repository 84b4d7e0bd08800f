package nn

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

// Activation is an elementwise function.
type Activation struct {
	Name string
	// Fn is what LinearAct may fuse, FnNone where it cannot.
	Fn    engine.Fn
	apply func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor
}

// Forward applies the function.
func (a Activation) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return a.apply(t, x) }

// After is the activation of a linear layer, in one kernel where possible.
func (a Activation) After(t *tensor.Tape, l *Linear, x *tensor.Tensor) *tensor.Tensor {
	if a.Fn != engine.FnNone {
		return l.ForwardAct(t, x, a.Fn)
	}
	h := l.Forward(t, x)
	y := a.apply(t, h)
	if y != h {
		t.Drop(h)
	}
	return y
}

// ReLU is the most common activation.
func ReLU() Activation {
	return Activation{Name: "relu", Fn: engine.FnRelu, apply: (*tensor.Tape).Relu}
}

// Activations are the activations by name, torch's and Hugging Face's names
// alike.
func Activations() *registry.Set[Activation] {
	set := registry.NewSet[Activation]("activation")
	for _, e := range []registry.Entry[Activation]{
		{Name: "relu", Doc: "max(0, x)", Value: ReLU()},
		{Name: "gelu", Aliases: []string{"gelu_python"}, Doc: "x·Φ(x)", Value: Activation{Fn: engine.FnGeluErf, apply: (*tensor.Tape).Gelu}},
		{Name: "gelu_new", Aliases: []string{"gelu_tanh", "gelu_pytorch_tanh", "gelu_fast"}, Doc: "tanh approximation of gelu", Value: Activation{Fn: engine.FnGeluTanh, apply: (*tensor.Tape).GeluTanh}},
		{Name: "tanh", Doc: "hyperbolic tangent", Value: Activation{Fn: engine.FnTanh, apply: (*tensor.Tape).Tanh}},
		{Name: "sigmoid", Doc: "1/(1+e⁻ˣ)", Value: Activation{apply: (*tensor.Tape).Sigmoid}},
		{Name: "silu", Aliases: []string{"swish"}, Doc: "x·sigmoid(x)", Value: Activation{apply: (*tensor.Tape).SiLU}},
		{Name: "mish", Doc: "x·tanh(softplus(x))", Value: Activation{apply: (*tensor.Tape).Mish}},
		{Name: "relu6", Doc: "min(max(0, x), 6)", Value: Activation{apply: (*tensor.Tape).Relu6}},
		{Name: "hardswish", Doc: "x·relu6(x+3)/6", Value: Activation{apply: (*tensor.Tape).HardSwish}},
		{Name: "hardsigmoid", Doc: "relu6(x+3)/6", Value: Activation{apply: (*tensor.Tape).HardSigmoid}},
		{Name: "leaky_relu", Doc: "x, times 0.01 where negative", Value: Activation{apply: func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return t.LeakyRelu(x, .01) }}},
		{Name: "elu", Doc: "x, or eˣ−1 where negative", Value: Activation{apply: func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return t.Elu(x, 1) }}},
		{Name: "softplus", Doc: "ln(1+eˣ)", Value: Activation{apply: func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return t.Softplus(x, 1, 20) }}},
		{Name: "identity", Aliases: []string{"linear", "none"}, Doc: "x", Value: Activation{apply: func(_ *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return x }}},
	} {
		e.Value.Name = e.Name
		if err := set.Add(e); err != nil {
			panic(err)
		}
	}
	return set
}
