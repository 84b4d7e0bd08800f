package reference

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/rng"
)

// dropout keeps element j of sample i where the word rng.At(Key, ids[i], j) is
// at least P·2³².
type dropout[T float] struct {
	cpu       *host.CPU
	x, y      []T
	ids       []int64
	size      int // of a sample
	key       uint64
	threshold uint64
	scale     T
}

func (k *dropout[T]) call(c *engine.Call) error {
	k.x, k.ids, k.y = view[T](in(c, 0)), view[int64](in(c, 1)), view[T](out(c, 0))
	k.key = c.Attr.Key
	k.threshold = uint64(math.Round(c.Attr.P * (1 << 32)))
	k.scale = 0
	if c.Attr.P < 1 {
		k.scale = T(1 / (1 - c.Attr.P))
	}
	if s := in(c, 0).Shape; len(k.x) > 0 && s.Rank() > 0 {
		k.size = len(k.x) / s.Dim(0)
	} else {
		k.size = 1
	}
	k.cpu.Threads.Run(len(k.x), mathBlock, k)
	return nil
}

func (k *dropout[T]) Run(_, lo, hi int) {
	for lo < hi {
		sample, j := lo/k.size, lo%k.size
		n := min(k.size-j, hi-lo)
		id := uint64(sample)
		if k.ids != nil {
			id = uint64(k.ids[sample])
		}
		k.part(k.y[lo:lo+n], k.x[lo:lo+n], id, j)
		lo += n
	}
}

// part covers the elements of a sample from the j-th on.
func (k *dropout[T]) part(y, x []T, id uint64, j int) {
	for len(x) > 0 {
		words := rng.Philox(k.key, id, uint64(j)/4)
		for _, w := range words[j%4:] {
			if len(x) == 0 {
				return
			}
			v := x[0] * k.scale
			if uint64(w) < k.threshold {
				v = 0
			}
			y[0] = v
			x, y, j = x[1:], y[1:], j+1
		}
	}
}
