package enginetest

import "github.com/thaw-go/thaw/engine"

// lookup is one use of a table.
type lookup struct {
	rows, d int
	ids     engine.Shape
	padding int
}

func (g *gen) lookups() []lookup {
	of := engine.Of
	return []lookup{
		{1, 1, of(1), -1},
		{6, 3, of(2, 3), -1},
		{6, 3, of(2, 3), 1},
		{5, 3, of(0), -1},
		{4, 2, of(), 0},
		{g.size(33), g.size(33), g.shape(2, 60), 0},
		{40, 130, of(3, 70), 7},
		{3, 700, of(90), -1},
	}
}

func (l *lookup) formula(at []int64) formula {
	return func(_ *tape, in [][]num) [][]num {
		var y []num
		for _, id := range at {
			y = append(y, in[0][int(id)*l.d:(int(id)+1)*l.d]...)
		}
		return [][]num{y}
	}
}

// y is ids' shape with the row's axis behind.
func (l *lookup) y() engine.Shape { return engine.Of(append(l.ids.Dims(), l.d)...) }

func embeddingCases(g *gen) (x []*example) {
	for _, l := range g.lookups() {
		w, at := g.normal(l.rows*l.d), g.below(l.ids.Len(), l.rows)
		t, _, y := l.formula(at).run(w)
		x = append(x, &example{
			op: engine.OpEmbedding, attr: engine.Attr{Padding: l.padding},
			in: []operand{given(engine.Of(l.rows, l.d), w), ids(l.ids, at)}, out: []operand{exact(l.y(), pluck(t.v, y[0]))},
		})
	}
	for _, bad := range []int64{4, -1, 1 << 62} {
		x = append(x, &example{
			op: engine.OpEmbedding, attr: engine.Attr{Padding: -1},
			in:  []operand{g.floats(engine.Of(4, 2)), ids(engine.Of(2), []int64{3, bad})},
			out: []operand{given(engine.Of(2, 2), nil)}, fails: "index out of range",
		})
	}
	return x
}

func embeddingGradCases(g *gen) (x []*example) {
	for _, l := range g.lookups() {
		w, at, gy := g.normal(l.rows*l.d), g.below(l.ids.Len(), l.rows), g.normal(l.y().Len())
		sol := l.formula(at).solve(gy, w)
		gw := sol.grad(0, engine.Of(l.rows, l.d))
		slopes := sol.by(0)
		if l.padding >= 0 {
			slopes = nil // the padding's gradient is zero by decree
			clear(gw.want[l.padding*l.d : (l.padding+1)*l.d])
		}
		x = append(x, &example{
			op: engine.OpEmbeddingGrad, attr: engine.Attr{Padding: l.padding},
			in: []operand{ids(l.ids, at), given(l.y(), gy)}, out: []operand{gw}, slopes: slopes,
		})
	}
	return x
}
