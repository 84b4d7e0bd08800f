package tensor

import (
	"slices"

	"github.com/thaw-go/thaw/engine"
)

// rowSet is the rows of a table that embeddings looked up since ZeroGrad. A nil
// one takes no notice.
type rowSet struct {
	seen map[int64]struct{}
	// lookups and gifts count gradients from embeddings, and from anywhere.
	lookups, gifts int
	wide           []int64
	narrow         []int32
}

// SetSparseGrad says that the gradient of a leaf, a table, is that of the rows
// which embeddings look up (torch.nn.Embedding's sparse=True). The gradient is
// still an array of the table's shape; GradRows tells which of its rows count.
func (x *Tensor) SetSparseGrad(on bool) {
	if x.leaf == nil {
		panic("tensor: SetSparseGrad on a value of a tape; only leaves have a switch")
	}
	x.leaf.rows = nil
	if on {
		x.leaf.rows = &rowSet{seen: map[int64]struct{}{}}
	}
}

// GradRows are the rows that a sparse gradient consists of, ascending; nil where
// the gradient is dense: not SetSparseGrad, or not from embeddings alone.
func (x *Tensor) GradRows() []int {
	if x.leaf == nil || x.leaf.rows == nil || x.leaf.rows.gifts != x.leaf.rows.lookups {
		return nil
	}
	rows := make([]int, 0, len(x.leaf.rows.seen))
	for r := range x.leaf.rows.seen {
		rows = append(rows, int(r))
	}
	slices.Sort(rows)
	return rows
}

// SetGradRows says which rows a gradient given by SetGrad consists of. Where
// gradients are dense it does nothing.
func (x *Tensor) SetGradRows(rows []int) {
	s := x.leaf.rows
	if s == nil {
		return
	}
	s.reset()
	for _, r := range rows {
		s.seen[int64(r)] = struct{}{}
	}
	s.lookups, s.gifts = 1, 1
}

func (s *rowSet) reset() {
	if s != nil {
		clear(s.seen)
		s.lookups, s.gifts = 0, 0
	}
}

// given counts a gradient.
func (s *rowSet) given() {
	if s != nil {
		s.gifts++
	}
}

// looked counts the gradient of an embedding. The padding row has none.
func (t *Tape) looked(s *rowSet, ids val, padding int) {
	s.lookups++
	n, e := ids.shape.Len(), ids.st.pool.e
	var err error
	if ids.st.buf.DType() == engine.I32 {
		s.narrow = slices.Grow(s.narrow[:0], n)[:n]
		err = e.CopyOut(s.narrow, ids.st.buf, 0)
		for _, id := range s.narrow {
			s.add(int64(id), padding)
		}
	} else {
		s.wide = slices.Grow(s.wide[:0], n)[:n]
		err = e.CopyOut(s.wide, ids.st.buf, 0)
		for _, id := range s.wide {
			s.add(id, padding)
		}
	}
	if err != nil {
		t.Throw(err)
	}
}

func (s *rowSet) add(id int64, padding int) {
	if id != int64(padding) {
		s.seen[id] = struct{}{}
	}
}
