//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
)

// conv is OpConv2D: for each group the product of the weights, o × (c·taps),
// with what the window sees of x.
type conv struct {
	slide
	base  engine.Kernel
	g     geometry
	w     []float32
	taps  []tap
	inner inner
	// turned is a panel of weights for each thread.
	turned []float32
}

func (k *conv) call(c *engine.Call) error {
	x, w, y := in(c, 0), in(c, 1), out(c, 0)
	k.g = geometryOf(x.Shape, w.Shape, y.Shape, &c.Attr)
	g := &k.g
	if g.empty() {
		return k.base(c)
	}
	k.w, k.src, k.dst, k.bias = floats(w), floats(x), floats(y), floats(in(c, 2))
	if k.inner.find(g) {
		buf, err := k.inner.take(&k.shared, k.w)
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.w = k.inner.w
	}
	k.images, k.groups, k.channels, k.m = g.n, g.groups, g.cg, g.og
	k.start, k.step, k.dw, k.plane = [2]int{}, [2]int{1, 1}, g.ow, g.oh*g.ow
	k.pointwise, k.contiguous = g.pointwise(), true
	rows := splitRows(g.og, k.isa.Rows())
	size, panels := g.cg*k.isa.Width(), g.groups*rows.panels
	cost := packCost * float64(rows.rows*g.cg*g.taps())
	if g.minimal() {
		buf, v, err := k.scratch(size * (panels*matrices + k.threads(panels, 2*cost)*g.taps()))
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.weights, k.turned = v[:size*panels*matrices], v[size*panels*matrices:]
		k.spread(panels, 1, 2*cost, (*packMinimalFilters)(k))
		return k.overTiles(g.pad, g.h, g.w, g.oh, g.ow)
	}
	v := g.forward(k.taps[:0])
	k.taps = v.taps
	buf, weights, err := k.scratch(size * panels * g.taps())
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.weights = weights
	k.spread(panels, 1, cost, (*packFilters)(k))
	return k.over(v)
}

// packMinimalFilters is packFilters for Winograd's filtering.
type packMinimalFilters conv

func (k *packMinimalFilters) Run(worker, lo, hi int) {
	g := &k.g
	p := productOf(k.isa, g.og, 1, g.cg)
	lanes := k.isa.Width()
	turned := k.turned[worker*g.cg*g.taps()*lanes:][:g.cg*g.taps()*lanes]
	for ; lo < hi; lo++ {
		group, panel := lo/p.rows.panels, lo%p.rows.panels
		x := matrix{at(k.w, (group*g.og+p.rows.start(panel))*g.cg*g.taps()), 4 * g.cg * g.taps(), 4}
		packPanel(k.isa, at(turned, 0), 4*lanes, x, p.rows.size(panel), g.cg*g.taps())
		packMinimal(&p, k.weights[group*matrices*p.sizeA(p.rows.panels, p.k):], turned, panel, false)
	}
}

// packFilters packs the weights, one panel of a group after the other.
type packFilters conv

func (k *packFilters) Run(_, lo, hi int) {
	g := &k.g
	p := productOf(k.isa, g.og, 1, g.cg*g.taps())
	d := depthOf(p.k)
	for ; lo < hi; lo++ {
		group, panel := lo/p.rows.panels, lo%p.rows.panels
		a := matrix{at(k.w, group*g.og*p.k), 4 * p.k, 4}
		weights := k.weights[group*p.sizeA(p.rows.panels, p.k):]
		for k0 := 0; k0 < p.k; k0 += d {
			kd := min(d, p.k-k0)
			p.packA(weights[p.sizeA(panel, kd):], a, panel, panel+1, k0, kd)
			weights = weights[p.sizeA(p.rows.panels, kd):]
		}
	}
}
