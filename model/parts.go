package model

import (
	"strconv"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

func num(i int) string { return strconv.Itoa(i) }

func name(prefix string, i int) string { return prefix + num(i) }

// stem is a network's first block: convolution, norm, ReLU and perhaps
// torchvision's pooling.
func stem(block string, s *nn.Scope, c nn.Conv2dConfig, pool bool) nn.Block {
	s = s.InBlockNamed(block)
	conv := nn.NewConv2d(s.Sub("conv1"), c)
	bn := nn.NewBatchNorm2d(s.Sub("bn1"), c.Out)
	return nn.Block{Name: block, Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		x = bn.ForwardAct(t, conv.Forward(t, x), nil, engine.FnRelu)
		if pool {
			x = t.MaxPool2D(x, tensor.PoolOptions{Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [2]int{1, 1}})
		}
		return x
	}}
}

// head averages over the picture and classifies.
func head(s *nn.Scope, in, classes int) nn.Block {
	s = s.InBlock()
	fc := nn.NewLinear(s, in, classes, true)
	return nn.Block{Name: s.Path(), Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		return fc.Forward(t, t.Mean(x, 2, 3))
	}}
}
