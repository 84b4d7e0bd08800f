//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// embeddingGrad is OpEmbeddingGrad: a piece of work owns some rows of the table
// and adds to them in the order of the ids.
type embeddingGrad struct {
	shared
	base    engine.Kernel
	ids     []int64
	gy, gw  []float32
	rows, d int
	padding int64
	piece   int // rows
}

func (k *embeddingGrad) call(c *engine.Call) error {
	k.ids, k.gy, k.gw = view[int64](in(c, 0)), floats(in(c, 1)), floats(out(c, 0))
	k.rows, k.d = out(c, 0).Shape.Dim(0), out(c, 0).Shape.Dim(1)
	k.padding = int64(c.Attr.Padding)
	if len(k.gw) == 0 {
		return k.base(c)
	}
	for i, id := range k.ids {
		if id < 0 || id >= int64(k.rows) {
			return &engine.IndexError{ID: id, At: i, Rows: k.rows}
		}
	}
	// Every piece looks at all ids.
	pieces := min(max(len(k.gw)>>16, 1), 64)
	k.piece = (k.rows + pieces - 1) / pieces
	cost := 0.3*float64(k.piece*k.d) + float64(len(k.ids)) + float64(len(k.gy))/float64(pieces)
	k.spread((k.rows+k.piece-1)/k.piece, 1, cost, k)
	return nil
}

func (k *embeddingGrad) Run(_, lo, hi int) {
	first, end := lo*k.piece, min(hi*k.piece, k.rows)
	clear(k.gw[first*k.d : end*k.d])
	for i, id := range k.ids {
		if id < int64(first) || id >= int64(end) || id == k.padding {
			continue
		}
		for j := 0; j < k.d; j += mostInCall {
			row := at(k.gw, int(id)*k.d+j)
			g := asm.Grid{Rows: 1, Cols: min(k.d-j, mostInCall)}
			g.P[0], g.P[1], g.P[2] = row, row, at(k.gy, i*k.d+j)
			k.isa.Add(&g)
		}
	}
}
