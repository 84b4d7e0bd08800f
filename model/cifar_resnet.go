package model

import (
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// CIFARResNetConfig describes the residual networks for small pictures of He et
// al., Deep Residual Learning for Image Recognition, 2015, section 4.2, with
// option-A shortcuts (strided identity, channels padded with zeros). Parameter
// names are those of the widely used state dicts resnet20 … resnet56: conv1,
// bn1, layer{1,2,3}.{i}.{conv,bn}{1,2}, linear.
type CIFARResNetConfig struct {
	// Blocks in each of the three stages: 3 for ResNet-20, 9 for ResNet-56
	// (depth 6·Blocks + 2).
	Blocks int
	// Channels of the pictures and number of classes.
	Channels, Classes int
}

// cifarWidths are the channels of the three stages.
var cifarWidths = [3]int{16, 32, 64}

// NewCIFARResNet registers the network in s. It takes pictures
// [n, Channels, h, w] of any size from 4×4 on and gives logits [n, Classes].
func NewCIFARResNet(s *nn.Scope, c CIFARResNetConfig) *nn.Network {
	net := nn.NewNetwork(s)
	net.Add(stem("stem", s, nn.Conv2dConfig{In: c.Channels, Out: cifarWidths[0], Kernel: 3, Padding: 1}, false))
	in := cifarWidths[0]
	for stage, width := range cifarWidths {
		layer := s.Sub(name("layer", stage+1))
		for i := range c.Blocks {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			net.Add(optionA(layer.Sub(num(i)), in, width, stride))
			in = width
		}
	}
	net.Add(head(s.Sub("linear"), in, c.Classes))
	return net
}

// optionA is a basic block whose shortcut has no parameters.
func optionA(s *nn.Scope, in, out, stride int) nn.Block {
	s = s.InBlock()
	b := newBasic(s, in, out, stride)
	return nn.Block{Name: s.Path(), Forward: func(t *tensor.Tape, _ nn.Inputs, x *tensor.Tensor) *tensor.Tensor {
		short := x
		if stride != 1 || in != out {
			// Every other pixel, a quarter of the new channels of zeros on
			// either side (the published network's F.pad).
			short = t.Slice(x, tensor.Every(2, stride), tensor.Every(3, stride))
			short = t.Pad(short, 1, (out-in)/2, out-in-(out-in)/2)
		}
		return b.forward(t, x, short)
	}}
}
