//go:build amd64

package native

import "github.com/thaw-go/thaw/engine"

// grad is OpAttentionGrad, one head after the other: of the weights w and the
// gradient g of the output, gv = wᵀ·g; the weights' gradient g·vᵀ goes through
// the softmax, and times k is gq, turned and times q is gk.
func (k *attention) grad(c *engine.Call) error {
	k.sizes(c)
	k.gy = floats(in(c, 6))
	k.gq, k.gk, k.gv = floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2))
	if len(k.q) == 0 || len(k.k) == 0 || len(k.v) == 0 {
		clear(k.gq)
		clear(k.gk)
		clear(k.gv)
		return nil
	}
	steps := [...]product{k.scores(k.block), k.scores(k.block), k.mixed(k.block), k.mixed(k.block), k.mixed(k.block)}
	steps[1].k = k.e
	steps[2].n = k.d
	for i, n := range []int{k.e, k.d} {
		steps[3+i] = productOf(k.isa, k.t, n, k.block)
	}
	most, cost := 0, 2*softmaxCost*float64(k.block*k.t)
	for i := range steps {
		most = max(most, steps[i].serialMemory())
		cost += steps[i].cost()
	}
	weights := 2
	if k.drops {
		weights = 3
	}
	k.ownLen = weights*k.block*k.t + 2*k.block + k.t + most
	return k.start(k.b*k.h, cost*float64(k.blocks), (*attentionGrad)(k))
}

type attentionGrad attention

func (g *attentionGrad) Run(worker, lo, hi int) {
	k := (*attention)(g)
	for ; lo < hi; lo++ {
		for q0 := 0; q0 < k.s; q0 += k.block {
			k.gradBlock(k.own[worker*k.ownLen:][:k.ownLen], lo, q0, min(k.block, k.s-q0))
		}
	}
}

// gradBlock sets the gradient of some queries of a head and adds to those of
// its keys and values.
func (k *attention) gradBlock(own []float32, head, q0, rows int) {
	w, gw := cut(&own, rows*k.t), cut(&own, rows*k.t)
	stats, spare := cut(&own, 2*rows), cut(&own, k.t)
	kept := w // what is left of the weights
	if k.drops {
		kept = cut(&own, rows*k.t)
	}
	k.weights(w, stats, spare, own, head, q0, rows)
	k.dropped(kept, w, head, q0)
	r0, keys := head*k.s+q0, head*k.t
	beta := float32(1)
	if q0 == 0 {
		beta = 0
	}
	q, gy := rowMajor(k.q, r0*k.d, k.d), rowMajor(k.gy, r0*k.e, k.e)

	p := productOf(k.isa, k.t, k.e, rows)
	p.c, p.beta = at(k.gv, keys*k.e), beta
	p.serial(rowMajor(kept, 0, k.t).turned(), gy, own)

	p = productOf(k.isa, rows, k.t, k.e)
	p.c = at(gw, 0)
	p.serial(gy, rowMajor(k.v, keys*k.e, k.e).turned(), own)
	k.dropped(gw, gw, head, q0)
	k.gradRows(gw, w, gw, rows)

	p = productOf(k.isa, rows, k.d, k.t)
	p.c = at(k.gq, r0*k.d)
	p.serial(rowMajor(gw, 0, k.t), rowMajor(k.k, keys*k.d, k.d), own)

	p = productOf(k.isa, k.t, k.d, rows)
	p.c, p.beta = at(k.gk, keys*k.d), beta
	p.serial(rowMajor(gw, 0, k.t).turned(), q, own)
}
