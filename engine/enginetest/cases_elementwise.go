package enginetest

import (
	"math"

	"github.com/thaw-go/thaw/engine"
)

// vectors are shapes for elementwise operators: empty, scalar, odd, and long
// enough for several threads.
func (g *gen) vectors() []engine.Shape {
	return []engine.Shape{engine.Of(0), engine.Of(), engine.Of(1), g.shape(1, 40), g.shape(2, 300), g.shape(3, 500), engine.Of(3, 0, 2), engine.Of(40003)}
}

func fillCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		v := g.normal(1)[0]
		want := make([]float64, s.Len())
		whole := make([]int64, s.Len())
		for i := range want {
			want[i], whole[i] = v, 3
		}
		x = append(x, &example{op: engine.OpFill, attr: engine.Attr{Alpha: v}, out: []operand{exact(s, want)}})
		for _, dt := range []engine.DType{engine.I32, engine.I64, engine.U8} {
			x = append(x, &example{
				op: engine.OpFill, attr: engine.Attr{Alpha: 3.99}, lookupAs: engine.F32,
				out: []operand{{dt: dt, shape: s, wantInt: whole}},
			})
		}
	}
	return x
}

func copyCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		v, i := g.normal(s.Len()), g.below(s.Len(), 200)
		x = append(x, &example{op: engine.OpCopy, in: []operand{given(s, v)}, out: []operand{exact(s, v)}, inPlace: []int{0}})
		for _, dt := range []engine.DType{engine.I32, engine.I64, engine.U8} {
			x = append(x, &example{
				op: engine.OpCopy, lookupAs: engine.F32,
				in: []operand{{dt: dt, shape: s, i: i}}, out: []operand{{dt: dt, shape: s, wantInt: i}},
			})
		}
	}
	return x
}

func castCases(g *gen) (x []*example) {
	types := []engine.DType{engine.F32, engine.F64, engine.BF16}
	for _, s := range g.vectors() {
		for _, from := range types {
			for _, to := range types {
				v := g.normal(s.Len())
				coarse := make([]float64, len(v))
				for i := range v { // eight bits, which every type holds
					f, e := math.Frexp(v[i])
					v[i] = math.Ldexp(math.Round(f*256)/256, e)
					coarse[i] = v[i]
				}
				in, out := given(s, v), exact(s, coarse)
				in.dt, out.dt = from, to
				x = append(x, &example{op: engine.OpCast, in: []operand{in}, out: []operand{out}, lookupAs: from})
			}
		}
	}
	fine := given(engine.Of(2), []float64{1 + 0x1p-9, -1 - 0x1.8p-8})
	fine.dt = engine.F32
	even := exact(engine.Of(2), []float64{1, -1 - 0x1p-7}) // to nearest, ties to even
	even.dt = engine.BF16
	return append(x, &example{op: engine.OpCast, in: []operand{fine}, out: []operand{even}, lookupAs: engine.F32})
}

func scaleCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		a, b, v := g.normal(1)[0], g.normal(1)[0], g.normal(s.Len())
		t, in, _ := formula(func(*tape, [][]num) [][]num { return nil }).run(v)
		for i, n := range in[0] {
			in[0][i] = t.affine(n, a, b)
		}
		x = append(x, &example{op: engine.OpScale, attr: engine.Attr{Alpha: a, Beta: b}, in: []operand{given(s, v)}, out: []operand{t.wanted(s, in[0])}, inPlace: []int{0}})
	}
	return x
}

func axpyCases(g *gen) (x []*example) {
	for _, s := range g.vectors() {
		a, v, old := g.normal(1)[0], g.normal(s.Len()), g.normal(s.Len())
		t, _, y := formula(func(t *tape, in [][]num) [][]num {
			y := make([]num, len(in[0]))
			for i, n := range in[0] {
				y[i] = t.add(in[1][i], t.affine(n, a, 0))
			}
			return [][]num{y}
		}).run(v, old)
		x = append(x, &example{op: engine.OpAxpy, attr: engine.Attr{Alpha: a}, in: []operand{given(s, v)}, out: []operand{t.wanted(s, y[0]).over(old)}})
	}
	return x
}
