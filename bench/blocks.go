package main

import (
	"strconv"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// newBlocks is a stack of a transformer's encoder layers over vectors, with a
// classifier of the first one: what a text model computes apart from its
// embeddings. torch_steps.py has the same under the same names.
func newBlocks(s *nn.Scope, c training) *nn.Network {
	width := c.input[len(c.input)-1]
	net := nn.NewNetwork(s)
	for i := range c.layers {
		net.AddModule("layer."+strconv.Itoa(i), newLayer(s.Sub("layer."+strconv.Itoa(i)).InBlock(), width, c.heads))
	}
	head := nn.NewLinear(s.Sub("head").InBlock(), width, c.classes, true)
	net.AddModule("head", nn.Func(func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
		return head.Forward(t, t.Take(x, 1, 0))
	}))
	return net
}

// layer is attention and a perceptron, each with the norm after the sum.
type layer struct {
	query, key, value, out, up, down *nn.Linear
	norm1, norm2                     *nn.LayerNorm
	attention                        *nn.Attention
}

func newLayer(s *nn.Scope, width, heads int) *layer {
	linear := func(name string, in, out int) *nn.Linear { return nn.NewLinear(s.Sub(name), in, out, true) }
	return &layer{
		query: linear("query", width, width), key: linear("key", width, width), value: linear("value", width, width),
		out: linear("out", width, width), norm1: nn.NewLayerNorm(s.Sub("norm1"), 1e-5, width), norm2: nn.NewLayerNorm(s.Sub("norm2"), 1e-5, width),
		up: linear("up", width, 4*width), down: linear("down", 4*width, width),
		attention: nn.NewAttention(s.Sub("attention"), heads, 0),
	}
}

// Forward computes x[b,s,width] to the same shape.
func (l *layer) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	t.Enter("")
	a := l.attention.Forward(t, l.query.Forward(t, x), l.key.Forward(t, x), l.value.Forward(t, x), nil)
	x = l.sum(t, l.out.Forward(t, a), x, l.norm1)
	y := l.down.Forward(t, l.up.ForwardAct(t, x, engine.FnGeluErf))
	return t.Leave(l.sum(t, y, x, l.norm2))
}

func (l *layer) sum(t *tensor.Tape, y, x *tensor.Tensor, n *nn.LayerNorm) *tensor.Tensor {
	return t.AddLayerNorm(y, x, tensor.AddNormOptions{Weight: n.Weight.Tensor, Bias: n.Bias.Tensor, Eps: 1e-5})
}
