//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// addForward is OpAddLayerNorm: some rows are added up, and normalised while
// they are in the cache.
//
// Without ids each row is a sample, as for OpDropout.
func (k *layerNorm) addForward(c *engine.Call) error {
	k.sizes(in(c, 0), c)
	k.centred = 1
	x := k.x
	k.residual, k.xBias, k.w, k.b = floats(in(c, 1)), floats(in(c, 2)), floats(in(c, 3)), floats(in(c, 4))
	k.y, k.mean, k.rstd = floats(out(c, 1)), floats(out(c, 2)), floats(out(c, 3))
	k.drop = dropout{shared: k.shared, ids: view[int64](in(c, 5)), size: k.d}
	k.drop.set(&c.Attr)
	if k.drop.ids != nil {
		k.drop.size = len(x) / max(len(k.drop.ids), 1)
	}
	k.x, k.added = floats(out(c, 0)), x
	k.drop.x, k.drop.y = k.x, k.x
	if k.xBias == nil {
		k.drop.x = k.added
	}
	return k.normalise()
}

// add sets rows of x to residual + dropout(added + xBias).
func (k *layerNorm) add(lo, hi int) {
	g := asm.Grid{Rows: hi - lo, Cols: k.d}
	g.P[0], g.P[1], g.P[2] = at(k.x, lo*k.d), at(k.added, lo*k.d), at(k.xBias, 0)
	for i := range 2 {
		g.Step[i] = 4 * k.d
	}
	if k.xBias != nil {
		k.isa.Add(&g)
		g.P[1] = g.P[0]
	}
	if k.drop.threshold > 0 {
		k.drop.Run(0, lo*k.d, hi*k.d)
		g.P[1] = g.P[0]
	}
	g.P[2], g.Step[2] = at(k.residual, lo*k.d), 4*k.d
	k.isa.Add(&g)
}
