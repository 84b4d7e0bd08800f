package nn

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
)

// Init fills the initial values of a parameter of the given shape.
type Init func(shape engine.Shape, s *rng.Stream, out []float64)

// Constant sets every value to v.
func Constant(v float64) Init {
	return func(_ engine.Shape, _ *rng.Stream, out []float64) {
		for i := range out {
			out[i] = v
		}
	}
}

// Uniform draws from [−bound, bound).
func Uniform(bound float64) Init {
	return func(_ engine.Shape, s *rng.Stream, out []float64) {
		for i := range out {
			out[i] = s.Uniform(-bound, bound)
		}
	}
}

// Normal draws with mean 0.
func Normal(std float64) Init {
	return func(_ engine.Shape, s *rng.Stream, out []float64) {
		for i := range out {
			out[i] = std * s.Normal()
		}
	}
}

// TruncNormal draws with mean 0 and draws again what lies outside of ±2 std.
func TruncNormal(std float64) Init {
	return func(_ engine.Shape, s *rng.Stream, out []float64) {
		for i := range out {
			z := s.Normal()
			for math.Abs(z) > 2 {
				z = s.Normal()
			}
			out[i] = std * z
		}
	}
}

// KaimingUniform is torch's default for weights of rank 2 and more: uniform
// within 1/√fan_in (kaiming_uniform_ with a = √5).
func KaimingUniform() Init {
	return func(shape engine.Shape, s *rng.Stream, out []float64) {
		Uniform(1/math.Sqrt(float64(fanIn(shape))))(shape, s, out)
	}
}

// KaimingNormalFanOut is torchvision's choice for convolutions before a ReLU:
// normal with standard deviation √(2/fan_out) (He et al., Delving Deep into
// Rectifiers, 2015).
func KaimingNormalFanOut() Init {
	return func(shape engine.Shape, s *rng.Stream, out []float64) {
		fan := shape.Len() / max(shape.Dim(1), 1)
		Normal(math.Sqrt(2/float64(max(fan, 1))))(shape, s, out)
	}
}

// fanIn is how many inputs go into one output of a weight [out,in,…].
func fanIn(shape engine.Shape) int { return max(shape.Len()/max(shape.Dim(0), 1), 1) }
