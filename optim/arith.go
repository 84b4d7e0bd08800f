package optim

import "math"

func sqrt[T Float](x T) T { return T(math.Sqrt(float64(x))) }

func abs[T Float](x T) T { return T(math.Abs(float64(x))) }

// sign is −1, 0 or 1, as torch's.
func sign[T Float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// penalised adds the L2 penalty to a gradient. Without one, a weight that is not
// finite does not reach the gradient.
func penalised[T Float](g, wd, w T) T {
	if wd != 0 {
		g += wd * w
	}
	return g
}

func sum[T Float](x []T) float64 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return s
}

func sumSquares[T Float](x []T) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

func dot[T Float](x, y []T) float64 {
	var s float64
	for i, v := range x {
		s += float64(v) * float64(y[i])
	}
	return s
}

// rms is the root of the mean square.
func rms[T Float](x []T) float64 {
	if len(x) == 0 {
		return 0
	}
	return math.Sqrt(sumSquares(x) / float64(len(x)))
}

// lerp is x + a·(y−x), written so that it is x at a = 0 and y at a = 1 (as
// torch.lerp).
func lerp[T Float](x, y, a T) T {
	if a < .5 {
		return x + a*(y-x)
	}
	return y - (y-x)*(1-a)
}

func cbrt[T Float](x T) T { return T(math.Cbrt(float64(x))) }

// length is the Euclidean norm.
func length[T Float](x []T) float64 { return math.Sqrt(sumSquares(x)) }
