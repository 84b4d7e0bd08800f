package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

type embedding[T float] struct {
	cpu     *host.CPU
	w, y    []T
	ids     []int64
	rows, d int
	padding int64
}

func (k *embedding[T]) forward(c *engine.Call) error {
	k.w, k.ids, k.y = view[T](in(c, 0)), view[int64](in(c, 1)), view[T](out(c, 0))
	k.rows, k.d = in(c, 0).Shape.Dim(0), in(c, 0).Shape.Dim(1)
	if err := k.check(); err != nil {
		return err
	}
	k.cpu.Threads.Run(len(k.ids), perRow(cheapBlock, k.d), k)
	return nil
}

func (k *embedding[T]) check() error {
	for i, id := range k.ids {
		if id < 0 || id >= int64(k.rows) {
			return &engine.IndexError{ID: id, At: i, Rows: k.rows}
		}
	}
	return nil
}

func (k *embedding[T]) Run(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		copy(k.y[i*k.d:][:k.d], k.w[int(k.ids[i])*k.d:])
	}
}

func (k *embedding[T]) grad(c *engine.Call) error {
	k.ids, k.y, k.w = view[int64](in(c, 0)), view[T](in(c, 1)), view[T](out(c, 0))
	k.rows, k.d = out(c, 0).Shape.Dim(0), out(c, 0).Shape.Dim(1)
	k.padding = int64(c.Attr.Padding)
	if err := k.check(); err != nil {
		return err
	}
	k.cpu.Threads.Run(k.d, embeddingColumns, (*embeddingGrad[T])(k))
	return nil
}

// embeddingColumns is how many columns of the table one block owns, so that
// rows met twice are added in order.
const embeddingColumns = 64

type embeddingGrad[T float] embedding[T]

func (k *embeddingGrad[T]) Run(_, lo, hi int) {
	for r := range k.rows {
		clear(k.w[r*k.d+lo : r*k.d+hi])
	}
	for i, id := range k.ids {
		if id == k.padding {
			continue
		}
		row := k.w[int(id)*k.d+lo : int(id)*k.d+hi]
		for j, g := range k.y[i*k.d+lo : i*k.d+hi] {
			row[j] += g
		}
	}
}
