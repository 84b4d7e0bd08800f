//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
	"github.com/thaw-go/thaw/rng"
)

// dropout is OpDropout: it keeps element j of sample i where the word
// rng.At(Key, ids[i], j) is at least P·2³².
type dropout struct {
	shared
	x, y      []float32
	ids       []int64
	size      int // of a sample
	key       uint64
	threshold uint64
	scale     float32
}

func (k *dropout) call(c *engine.Call) error {
	x := in(c, 0)
	k.x, k.ids, k.y = floats(x), view[int64](in(c, 1)), floats(out(c, 0))
	k.set(&c.Attr)
	k.size = 1
	if len(k.x) > 0 && x.Shape.Rank() > 0 {
		k.size = len(k.x) / x.Shape.Dim(0)
	}
	k.spread(len(k.x), mostInCall, 1, k)
	return nil
}

func (k *dropout) set(a *engine.Attr) {
	k.key = a.Key
	k.threshold = uint64(math.Round(a.P * (1 << 32)))
	k.scale = 0
	if a.P < 1 {
		k.scale = float32(1 / (1 - a.P))
	}
}

func (k *dropout) Run(_, lo, hi int) {
	for lo < hi {
		sample, j := lo/k.size, lo%k.size
		n := min(k.size-j, hi-lo, mostInCall)
		id := uint64(sample)
		if k.ids != nil {
			id = uint64(k.ids[sample])
		}
		k.part(k.y[lo:lo+n], k.x[lo:lo+n], id, uint64(j))
		lo += n
	}
}

// part covers the elements of a sample from the j-th on.
func (k *dropout) part(y, x []float32, id, j uint64) {
	if k.threshold >= 1<<32 {
		clear(y)
		return
	}
	if r := int(j % 4); r > 0 { // to the next block of random numbers
		n := min(4-r, len(x))
		k.few(y[:n], x[:n], id, j)
		y, x, j = y[n:], x[n:], j+uint64(n)
	}
	most := 4 * k.isa.Width()
	for len(x) >= most {
		// The upper half of the counter is constant for a call.
		blocks := min(len(x)/most, int((1<<32-(j/4)&(1<<32-1))/uint64(k.isa.Width())))
		if blocks == 0 {
			break
		}
		k.blocks(y, x, id, j, blocks)
		n := blocks * most
		y, x, j = y[n:], x[n:], j+uint64(n)
	}
	k.few(y, x, id, j)
}

func (k *dropout) blocks(y, x []float32, id, j uint64, blocks int) {
	b := j / 4
	a := asm.Dropout{
		X: at(x, 0), Y: at(y, 0), Blocks: blocks,
		Counter: uint32(b), CounterHigh: uint32(b >> 32), ID: uint32(id), IDHigh: uint32(id >> 32),
		Key: uint32(k.key), KeyHigh: uint32(k.key >> 32),
		Threshold: uint32(k.threshold), Scale: k.scale,
	}
	k.isa.Dropout(&a)
}

func (k *dropout) few(y, x []float32, id, j uint64) {
	for len(x) > 0 {
		words := rng.Philox(k.key, id, j/4)
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
