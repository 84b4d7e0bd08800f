//go:build amd64

package native

import (
	"math"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// attention is OpAttention and OpAttentionGrad. The scores of some queries of a
// head are made, turned into weights and used while they are in the cache; the
// gradients make them again. Weights dropped by P are those that OpDropout drops
// of [b, h·s·t].
type attention struct {
	maskedRows
	q, k, v, y, lse []float32
	gy, gq, gk, gv  []float32
	b, h, s, t      int
	d, e            int // of queries and keys, of values
	block           int // queries at a time
	blocks          int // of a head
	drop            dropout
	drops           bool
	own             []float32 // by thread
	ownLen          int
}

// How many scores there are at a time, and of how many queries at most.
const (
	scoresAtATime  = 1 << 16
	queriesAtATime = 128
)

func (k *attention) sizes(c *engine.Call) {
	q, keys, values := in(c, 0), in(c, 1), in(c, 2)
	k.q, k.k, k.v = floats(q), floats(keys), floats(values)
	k.b, k.h, k.s, k.d = q.Shape.Dim(0), q.Shape.Dim(1), q.Shape.Dim(2), q.Shape.Dim(3)
	k.t, k.e = keys.Shape.Dim(2), values.Shape.Dim(3)
	k.set(q.Shape.With(3, k.t), in(c, 3), c.Attr.Alpha)
	k.block = min(max(scoresAtATime/max(k.t, 1), 16), queriesAtATime, max(k.s, 1))
	k.blocks = (k.s + k.block - 1) / k.block
	k.drops = c.Attr.P > 0
	k.drop = dropout{shared: k.shared, size: k.h * k.s * k.t}
	k.drop.set(&c.Attr)
}

// products of the steps, with their sizes for some queries. Each is used with
// memory that serves the largest.
func (k *attention) scores(rows int) product { return productOf(k.isa, rows, k.t, k.d) }
func (k *attention) mixed(rows int) product  { return productOf(k.isa, rows, k.e, k.t) }

func (k *attention) call(c *engine.Call) error {
	k.sizes(c)
	k.y, k.lse = floats(out(c, 0)), floats(out(c, 1))
	if k.t == 0 || k.d == 0 {
		return k.nothing()
	}
	p, m := k.scores(k.block), k.mixed(k.block)
	k.ownLen = k.block*k.t + 2*k.block + k.t + max(p.serialMemory(), m.serialMemory())
	return k.start(k.b*k.h*k.blocks, p.cost()+m.cost()+softmaxCost*float64(k.block*k.t), k)
}

// nothing is what comes of no keys, or of keys without features.
func (k *attention) nothing() error {
	clear(k.y)
	fill(k.lse, float32(math.Inf(-1)))
	return nil
}

func (k *attention) start(n int, cost float64, t host.Task) error {
	buf, v, err := k.scratch(k.ownLen * k.threads(n, cost))
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.own = v
	k.spread(n, 1, cost, t)
	return nil
}

// rowMajor is a matrix whose rows have n elements.
func rowMajor(v []float32, i, n int) matrix { return matrix{at(v, i), 4 * n, 4} }

// cut takes n elements of some memory.
func cut(own *[]float32, n int) []float32 {
	v := (*own)[:n]
	*own = (*own)[n:]
	return v
}

func (k *attention) Run(worker, lo, hi int) {
	for ; lo < hi; lo++ {
		own := k.own[worker*k.ownLen:][:k.ownLen]
		head, q0 := lo/k.blocks, lo%k.blocks*k.block
		rows := min(k.block, k.s-q0)
		r0 := head*k.s + q0
		w, stats, spare := cut(&own, rows*k.t), cut(&own, 2*rows), cut(&own, k.t)
		k.weights(w, stats, spare, own, head, q0, rows)
		for r := range rows {
			k.lse[r0+r] = stats[2*r] + float32(math.Log(float64(stats[2*r+1])))
		}
		k.dropped(w, w, head, q0)
		p := k.mixed(rows)
		p.c = at(k.y, r0*k.e)
		p.serial(rowMajor(w, 0, k.t), rowMajor(k.v, head*k.t*k.e, k.e), own)
	}
}

// weights are the softmax of the scores of some queries.
func (k *attention) weights(w, stats, spare, own []float32, head, q0, rows int) {
	p := k.scores(rows)
	p.c = at(w, 0)
	r0 := head*k.s + q0
	p.serial(rowMajor(k.q, r0*k.d, k.d), rowMajor(k.k, head*k.t*k.d, k.d).turned(), own)
	k.rows(w, w, stats, spare, r0, r0+rows)
}

// dropped drops elements of the weights, or of their gradients.
func (k *attention) dropped(to, w []float32, head, q0 int) {
	if k.drops {
		k.drop.part(to, w, uint64(head/k.h), uint64((head%k.h*k.s+q0)*k.t))
	}
}
