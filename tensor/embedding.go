package tensor

import "github.com/thaw-go/thaw/engine"

// Embedding looks the rows ids of w[v,d] up. The row padding (−1: none) gets no
// gradient.
func (t *Tape) Embedding(w, ids *Tensor, padding int) *Tensor {
	t.begin("embedding", w, ids)
	t.wantFloat(w)
	t.wantIDs("ids", ids)
	if w.Rank() != 2 || ids.Rank()+1 > engine.MaxRank {
		t.failf("wants a table [v,d] and ids, not %v and %v", w.shape, ids.shape)
	}
	if padding < -1 || padding >= w.Dim(0) {
		t.failf("padding row %d of table %v", padding, w.shape)
	}
	var d [engine.MaxRank]int
	for i := range ids.Rank() {
		d[i] = ids.Dim(i)
	}
	d[ids.Rank()] = w.Dim(1)
	attr := engine.Attr{Padding: padding}
	y := t.fresh(w.dt, engine.Of(d[:ids.Rank()+1]...))
	t.run(engine.OpEmbedding, &attr, []val{w.val(), ids.val()}, []val{y.val()})
	if n := t.record(backEmbedding, &attr, y, w); n != nil {
		t.save(n, ids.val())
	}
	return y
}

func backEmbedding(t *Tape, n *node) {
	w := t.input(n, 0)
	if w.leaf != nil && w.leaf.rows != nil {
		t.looked(w.leaf.rows, t.held(n, 0), n.attr.Padding)
	}
	gw := t.alloc(w.dt, w.shape)
	t.run(engine.OpEmbeddingGrad, &n.attr, []val{t.held(n, 0), n.gy()}, []val{gw})
	t.give(n, 0, gw)
}
