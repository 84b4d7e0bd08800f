package nn

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// Conv2dConfig describes a convolution. Stride, Dilation and Groups of 0 stand
// for 1; sizes that differ by axis stand in the HW fields, as [height, width].
type Conv2dConfig struct {
	In, Out                           int
	Kernel, Stride, Padding, Dilation int
	KernelHW, StrideHW                [2]int
	PaddingHW, DilationHW             [2]int
	Groups                            int
	Bias                              bool
}

// Conv2d is a cross-correlation over pictures.
type Conv2d struct {
	Weight, Bias *Param // [out,in/groups,kh,kw], [out]; Bias may be nil
	options      tensor.ConvOptions
}

// NewConv2d registers weight and, where c.Bias, bias.
func NewConv2d(s *Scope, c Conv2dConfig) *Conv2d {
	k := both(c.Kernel, c.KernelHW)
	l := &Conv2d{options: tensor.ConvOptions{
		Stride: both(c.Stride, c.StrideHW), Pad: both(c.Padding, c.PaddingHW), Dilation: both(c.Dilation, c.DilationHW), Groups: max(c.Groups, 1),
	}}
	l.Weight, l.Bias = convParams(s, "Conv2d", c, k[:])
	return l
}

// Forward computes x[n,in,h,w] to [n,out,oh,ow].
func (l *Conv2d) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Conv2D(x, l.Weight.Tensor, tensorOf(l.Bias), l.options)
}

// Conv1dConfig describes a convolution over one axis.
type Conv1dConfig struct {
	In, Out                           int
	Kernel, Stride, Padding, Dilation int
	Groups                            int
	Bias                              bool
}

// Conv1d is a cross-correlation over sequences.
type Conv1d struct {
	Weight, Bias *Param // [out,in/groups,k], [out]; Bias may be nil
	options      tensor.ConvOptions
}

// NewConv1d registers weight and, where c.Bias, bias.
func NewConv1d(s *Scope, c Conv1dConfig) *Conv1d {
	l := &Conv1d{options: tensor.ConvOptions{
		Stride: [2]int{1, c.Stride}, Pad: [2]int{0, c.Padding}, Dilation: [2]int{1, c.Dilation}, Groups: max(c.Groups, 1),
	}}
	l.Weight, l.Bias = convParams(s, "Conv1d", Conv2dConfig{In: c.In, Out: c.Out, Groups: c.Groups, Bias: c.Bias}, []int{c.Kernel})
	return l
}

// Forward computes x[n,in,l] to [n,out,ol].
func (l *Conv1d) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Conv1D(x, l.Weight.Tensor, tensorOf(l.Bias), l.options)
}

func convParams(s *Scope, kind string, c Conv2dConfig, kernel []int) (weight, bias *Param) {
	groups := max(c.Groups, 1)
	s.positive("channels", c.In, c.Out)
	s.positive("kernel sizes", kernel...)
	if c.In%groups != 0 || c.Out%groups != 0 {
		s.Failf("%d and %d channels are not divisible by %d groups", c.In, c.Out, groups)
	}
	shape := s.shape(append([]int{c.Out, c.In / groups}, kernel...)...)
	weight = s.Param(kind, "weight", shape, KaimingUniform())
	if c.Bias {
		bias = s.Param(kind, "bias", engine.Of(shape.Dim(0)), Uniform(1/math.Sqrt(float64(fanIn(shape)))))
	}
	return weight, bias
}

// both is hw, or n twice where hw is not set.
func both(n int, hw [2]int) [2]int {
	if hw == [2]int{} {
		return [2]int{n, n}
	}
	return hw
}
