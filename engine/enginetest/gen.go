package enginetest

import (
	"math/rand/v2"

	"github.com/thaw-go/thaw/engine"
)

// gen draws shapes and contents.
type gen struct{ *rand.Rand }

func newGen(seed uint64) *gen { return &gen{rand.New(rand.NewPCG(seed, 0x7468_6177))} }

// sizes that vector code stumbles over: around multiples of 4, 8, 16 and 32.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33}

// size is one of the sizes up to a limit.
func (g *gen) size(limit int) int {
	n := 0
	for n < len(sizes) && sizes[n] <= limit {
		n++
	}
	return sizes[g.IntN(n)]
}

// shape of the given rank with at most limit elements or so.
func (g *gen) shape(rank, limit int) engine.Shape {
	dims := make([]int, rank)
	for i := range dims {
		dims[i] = g.size(max(limit, 1))
		limit /= dims[i]
	}
	g.Shuffle(rank, func(i, j int) { dims[i], dims[j] = dims[j], dims[i] })
	return engine.Of(dims...)
}

// flip is true half of the time.
func (g *gen) flip() bool { return g.IntN(2) == 0 }

func (g *gen) between(lo, hi int) int { return lo + g.IntN(hi-lo+1) }

// normal draws numbers around 0 that float32 holds.
func (g *gen) normal(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(g.NormFloat64()))
	}
	return v
}

// positive draws numbers from 0.25 to 2.25.
func (g *gen) positive(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(float32(0.25 + 2*g.Float64()))
	}
	return v
}

// spread draws numbers that are apart from each other and from all multiples of
// a quarter, where functions have kinks, by more than finite differences reach.
func (g *gen) spread(n int) []float64 {
	v := make([]float64, n)
	step := 0.25
	for step*float64(n) > 4 {
		step /= 2
	}
	for i, k := range g.Perm(n) {
		v[i] = (float64(k-n/2) + 0.5 + (g.Float64()-0.5)/8) * step
		v[i] = float64(float32(v[i]))
	}
	return v
}

func (g *gen) floats(shape engine.Shape) operand { return given(shape, g.normal(shape.Len())) }

// below draws ids under a limit.
func (g *gen) below(n, limit int) []int64 {
	v := make([]int64, n)
	for i := range v {
		v[i] = g.Int64N(int64(limit))
	}
	return v
}
