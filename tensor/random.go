package tensor

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/rng"
)

// random is the position from which dropout draws: nothing else has to be saved
// to draw the same again.
type random struct {
	seed, epoch uint64
	samples     []int64
	ids         *Tensor // samples on the engine, made when first wanted
	// drawn counts the draws of one module in one block since Reset; log lists
	// their keys in order, for checkpointed blocks that run twice.
	drawn map[uint64]uint64
	log   []uint64
}

func (r *random) reset() {
	r.ids = nil
	r.samples = r.samples[:0]
	clear(r.drawn)
	r.log = r.log[:0]
}

// replay hands the keys of an earlier run out again.
type replay struct{ next int }

// SetRandom sets the seed and the epoch of what is drawn.
func (t *Tape) SetRandom(seed, epoch uint64) { t.random.seed, t.random.epoch = seed, epoch }

// SetSamples says which samples the batch holds, in the order of the operands'
// first axis. They hold until Reset.
func (t *Tape) SetSamples(ids []int64) {
	t.random.samples = append(t.random.samples[:0], ids...)
	t.random.ids = nil
}

// Dropout zeroes elements with probability p and scales the others by 1/(1−p),
// in training; else it returns x itself. Which ones depends on the seed, the
// epoch, the sample's id, the module's path, the block, and on how often the
// module has drawn in that block.
func (t *Tape) Dropout(x *Tensor, p float64, module string) *Tensor {
	t.begin("dropout", x)
	t.wantFloat(x)
	if !(p >= 0 && p <= 1) {
		t.failf("probability %v is not in [0, 1]", p)
	}
	if !t.training || p == 0 {
		return x
	}
	ids := t.sampleIDs(x)
	attr := engine.Attr{P: p, Key: t.drawKey(module)}
	y := t.fresh(x.dt, x.shape)
	rows := engine.Of(ids.Len(), x.Len()/max(ids.Len(), 1))
	t.run(engine.OpDropout, &attr, []val{x.val().as(rows), ids.val()}, []val{y.val().as(rows)})
	if n := t.record(backDropout, &attr, y, x); n != nil {
		t.save(n, ids.val())
	}
	return y
}

func backDropout(t *Tape, n *node) {
	ids, gy := t.held(n, 0), n.gy()
	rows := engine.Of(ids.shape.Len(), gy.shape.Len()/max(ids.shape.Len(), 1))
	gx := t.like(gy)
	t.run(engine.OpDropout, &n.attr, []val{gy.as(rows), ids}, []val{gx.as(rows)})
	t.give(n, 0, gx)
}

// sampleIDs is the batch's sample ids as a tensor. x's elements must be those
// of the samples, one sample after the other.
func (t *Tape) sampleIDs(x *Tensor) *Tensor {
	r := &t.random
	n := len(r.samples)
	if n == 0 {
		t.failHint("call SetSamples before the forward pass", "the ids of the batch's samples are not set")
	}
	if x.Rank() == 0 || x.Dim(0)%n != 0 {
		t.failf("%d samples do not divide the first axis of %v", n, x.shape)
	}
	if r.ids == nil {
		v := t.alloc(engine.I64, engine.Of(n))
		r.ids = t.wrap(v, engine.I64)
		r.ids.kept = true
		t.check(t.e.CopyIn(v.st.buf, 0, r.samples))
	}
	return r.ids
}

// drawKey is the key of a module's next draw.
func (t *Tape) drawKey(module string) uint64 {
	r := &t.random
	if t.replay != nil {
		t.replay.next++
		return r.log[t.replay.next-1]
	}
	place := rng.Key(r.seed, r.epoch, rng.Name(module), rng.Name(t.paths.name(t.path)))
	if r.drawn == nil {
		r.drawn = map[uint64]uint64{}
	}
	key := rng.Derive(place, r.drawn[place])
	r.drawn[place]++
	r.log = append(r.log, key)
	return key
}
