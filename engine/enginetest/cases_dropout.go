package enginetest

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
)

func dropoutCases(g *gen) (x []*example) {
	of := engine.Of
	for _, s := range []engine.Shape{of(1), of(0, 3), of(3, 1), of(5, 7), of(2, 3, 5), of(4, 10007), g.shape(2, 300), g.shape(3, 300)} {
		for _, p := range []float64{0.1, 0.5, 0.9, 1} {
			n := s.Dim(0)
			v, key := g.normal(s.Len()), g.Uint64()
			e := &example{op: engine.OpDropout, attr: engine.Attr{P: p, Key: key}, in: []operand{given(s, v)}, inPlace: []int{0}}
			samples := make([]int64, n)
			for i := range samples {
				samples[i] = int64(i)
			}
			if g.flip() {
				samples = g.below(n, 1<<40)
				e.in = append(e.in, ids(of(n), samples))
			}
			want := make([]float64, len(v))
			scale := make([]float64, len(v))
			for i := range v {
				size := len(v) / n
				if float64(rng.At(key, uint64(samples[i/size]), uint64(i%size))) >= p*(1<<32) {
					want[i] = v[i] / (1 - p)
					scale[i] = want[i]
					if scale[i] < 0 {
						scale[i] = -scale[i]
					}
				}
			}
			e.out = []operand{{shape: s, want: want, scale: scale}}
			x = append(x, e)
		}
	}
	return x
}
