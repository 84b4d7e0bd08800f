package model

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// ResNetConfig describes torchvision's residual networks (He et al., Deep
// Residual Learning for Image Recognition, 2015, table 1), with the stride of
// a bottleneck at its 3×3 convolution. Parameter names are torchvision's:
// conv1, bn1, layer{1..4}.{i}.{conv,bn}{1,2,3}, layer*.*.downsample.{0,1}, fc.
type ResNetConfig struct {
	// Layers is the number of blocks in each of the four stages.
	Layers [4]int
	// Bottleneck blocks have three convolutions and widen fourfold.
	Bottleneck bool
	// Groups and WidthPerGroup make a ResNeXt or wide ResNet of a bottleneck
	// network; 0 stands for 1 and 64.
	Groups, WidthPerGroup int
	// Channels of the pictures and number of classes.
	Channels, Classes int
}

// resNetWidths are the channels of the four stages, before widening.
var resNetWidths = [4]int{64, 128, 256, 512}

// NewResNet registers the network in s. It takes pictures [n, Channels, h, w]
// of any size from 32×32 on and gives logits [n, Classes].
func NewResNet(s *nn.Scope, c ResNetConfig) *nn.Network {
	net := nn.NewNetwork(s)
	net.Add(stem("stem", s, nn.Conv2dConfig{In: c.Channels, Out: resNetWidths[0], Kernel: 7, Stride: 2, Padding: 3}, true))
	in := resNetWidths[0]
	for stage, width := range resNetWidths {
		layer := s.Sub(name("layer", stage+1))
		for i := range c.Layers[stage] {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			b := newResidual(layer.Sub(num(i)).InBlock(), residualConfig{c, in, width, stride})
			net.Add(b)
			in = width
			if c.Bottleneck {
				in *= 4
			}
		}
	}
	net.Add(head(s.Sub("fc"), in, c.Classes))
	return net
}

// residualConfig describes one block.
type residualConfig struct {
	ResNetConfig
	in, width, stride int
}

// newResidual is a block with a projecting shortcut where the shape changes.
func newResidual(s *nn.Scope, c residualConfig) nn.Block {
	var body interface {
		forward(t *tensor.Tape, x, residual *tensor.Tensor) *tensor.Tensor
	}
	out := c.width
	if c.Bottleneck {
		out = 4 * c.width
		body = newBottleneck(s, c)
	} else {
		body = newBasic(s, c.in, c.width, c.stride)
	}
	short := func(_ *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return x }
	if c.stride != 1 || c.in != out {
		d := s.Sub("downsample")
		conv := nn.NewConv2d(d.Sub("0"), nn.Conv2dConfig{In: c.in, Out: out, Kernel: 1, Stride: c.stride})
		bn := nn.NewBatchNorm2d(d.Sub("1"), out)
		short = func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return bn.Forward(t, conv.Forward(t, x)) }
	}
	return nn.Block{Name: s.Path(), Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		return body.forward(t, x, short(t, x))
	}}
}

// basic is two 3×3 convolutions.
type basic struct {
	conv1, conv2 *nn.Conv2d
	bn1, bn2     *nn.BatchNorm
}

func newBasic(s *nn.Scope, in, out, stride int) *basic {
	b := &basic{}
	b.conv1 = nn.NewConv2d(s.Sub("conv1"), nn.Conv2dConfig{In: in, Out: out, Kernel: 3, Stride: stride, Padding: 1})
	b.bn1 = nn.NewBatchNorm2d(s.Sub("bn1"), out)
	b.conv2 = nn.NewConv2d(s.Sub("conv2"), nn.Conv2dConfig{In: out, Out: out, Kernel: 3, Padding: 1})
	b.bn2 = nn.NewBatchNorm2d(s.Sub("bn2"), out)
	return b
}

// forward adds the residual before the last activation.
func (b *basic) forward(t *tensor.Tape, x, residual *tensor.Tensor) *tensor.Tensor {
	y := b.bn1.ForwardAct(t, b.conv1.Forward(t, x), nil, engine.FnRelu)
	return b.bn2.ForwardAct(t, b.conv2.Forward(t, y), residual, engine.FnRelu)
}

// bottleneck is 1×1, 3×3, 1×1.
type bottleneck struct {
	conv1, conv2, conv3 *nn.Conv2d
	bn1, bn2, bn3       *nn.BatchNorm
}

func newBottleneck(s *nn.Scope, c residualConfig) *bottleneck {
	groups, per := max(c.Groups, 1), c.WidthPerGroup
	if per == 0 {
		per = 64
	}
	inner, out := c.width*per/64*groups, 4*c.width
	b := &bottleneck{}
	b.conv1 = nn.NewConv2d(s.Sub("conv1"), nn.Conv2dConfig{In: c.in, Out: inner, Kernel: 1})
	b.bn1 = nn.NewBatchNorm2d(s.Sub("bn1"), inner)
	b.conv2 = nn.NewConv2d(s.Sub("conv2"), nn.Conv2dConfig{In: inner, Out: inner, Kernel: 3, Stride: c.stride, Padding: 1, Groups: groups})
	b.bn2 = nn.NewBatchNorm2d(s.Sub("bn2"), inner)
	b.conv3 = nn.NewConv2d(s.Sub("conv3"), nn.Conv2dConfig{In: inner, Out: out, Kernel: 1})
	b.bn3 = nn.NewBatchNorm2d(s.Sub("bn3"), out)
	return b
}

// forward adds the residual before the last activation.
func (b *bottleneck) forward(t *tensor.Tape, x, residual *tensor.Tensor) *tensor.Tensor {
	y := b.bn1.ForwardAct(t, b.conv1.Forward(t, x), nil, engine.FnRelu)
	y = b.bn2.ForwardAct(t, b.conv2.Forward(t, y), nil, engine.FnRelu)
	return b.bn3.ForwardAct(t, b.conv3.Forward(t, y), residual, engine.FnRelu)
}
