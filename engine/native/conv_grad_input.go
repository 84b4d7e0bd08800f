//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// convGradInput splits x's plane into stride[0]·stride[1] grids. All places of a
// grid meet the same taps of the kernel, at neighbouring places of gy: so each
// is the product of turned weights, c × (o·taps), with what a window sees of gy,
// and nothing is multiplied by the zeros between.
type convGradInput struct {
	slide
	base   engine.Kernel
	g      geometry
	w      []float32
	grids  []grid
	turned []float32 // by thread: a panel of all the weights
	inner  inner
}

// grid is the places start, start+stride, … of x.
type grid struct {
	window
	start   [2]int
	which   []int // the numbers of its taps
	weights int   // where its packed weights begin
}

func (k *convGradInput) call(c *engine.Call) error {
	gy, w, gx := in(c, 0), in(c, 1), out(c, 0)
	k.g = geometryOf(gx.Shape, w.Shape, gy.Shape, &c.Attr)
	g := &k.g
	if g.empty() {
		return k.base(c)
	}
	k.w, k.src, k.dst, k.bias = floats(w), floats(gy), floats(gx), nil
	if k.inner.find(g) {
		buf, err := k.inner.take(&k.shared, k.w)
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.w = k.inner.w
	}
	k.images, k.groups, k.channels, k.m = g.n, g.groups, g.og, g.cg
	k.step, k.dw, k.plane = g.stride, g.w, g.h*g.w
	k.pointwise, k.contiguous = g.pointwise(), g.stride == [2]int{1, 1}
	rows := splitRows(g.cg, k.isa.Rows())
	panelLen := g.og * g.taps() * k.isa.Width()
	cost := packCost * 1.5 * float64(rows.rows*g.og*g.taps())
	n := g.groups * rows.panels
	if g.minimal() {
		size := n * g.og * matrices * k.isa.Width()
		buf, v, err := k.scratch(size + k.threads(n, cost)*panelLen)
		if err != nil {
			return err
		}
		defer k.cpu.Pool.Free(buf)
		k.weights, k.turned = v[:size], v[size:]
		k.spread(n, 1, cost, (*turnMinimalFilters)(k))
		return k.overTiles([2]int{2 - g.pad[0], 2 - g.pad[1]}, g.oh, g.ow, g.h, g.w)
	}
	if covered := k.cutGrids(); !covered {
		clear(k.dst)
	}
	buf, v, err := k.scratch(n*panelLen + k.threads(n, cost)*panelLen)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	packed := v[:n*panelLen]
	k.weights, k.turned = packed, v[n*panelLen:]
	k.spread(n, 1, cost, (*turnFilters)(k))
	for i := range k.grids {
		r := &k.grids[i]
		if len(r.taps) > 0 && r.rows*r.cols > 0 {
			k.start, k.weights = r.start, packed[r.weights:]
			if err := k.over(r.window); err != nil {
				return err
			}
		}
	}
	return nil
}

// cutGrids finds the grids, and tells whether each place of x is in one that
// meets taps.
func (k *convGradInput) cutGrids() (covered bool) {
	g := &k.g
	n := g.stride[0] * g.stride[1]
	for len(k.grids) < n {
		k.grids = append(k.grids, grid{})
	}
	k.grids = k.grids[:n]
	covered = true
	weights := 0
	panels := g.groups * splitRows(g.cg, k.isa.Rows()).panels
	for i := range k.grids {
		r := &k.grids[i]
		r.start = [2]int{i / g.stride[1], i % g.stride[1]}
		r.window, r.which = g.backward(r.start, r.taps[:0], r.which[:0])
		r.weights = weights
		weights += panels * g.og * len(r.taps) * k.isa.Width()
		covered = covered && len(r.taps) > 0
	}
	return covered
}

// turnFilters packs the weights of every grid, one panel of a group after the
// other: first all taps, then what each grid wants of them.
type turnFilters convGradInput

func (k *turnFilters) Run(worker, lo, hi int) {
	g := &k.g
	all := g.og * g.taps() * k.isa.Width()
	turned := k.turned[worker*all:][:all]
	rows := splitRows(g.cg, k.isa.Rows())
	for ; lo < hi; lo++ {
		group, panel := lo/rows.panels, lo%rows.panels
		k.turn(turned, group, rows.start(panel), rows.size(panel))
		for i := range k.grids {
			r := &k.grids[i]
			p := productOf(k.isa, g.cg, 1, g.og*len(r.taps))
			if p.k == 0 {
				continue
			}
			to := k.weights[r.weights+group*p.sizeA(p.rows.panels, p.k):]
			d := depthOf(p.k)
			for k0 := 0; k0 < p.k; k0 += d {
				kd := min(d, p.k-k0)
				k.choose(to[p.sizeA(panel, kd):][:p.sizeA(1, kd)], turned, r, k0)
				to = to[p.sizeA(p.rows.panels, kd):]
			}
		}
	}
}

// turnMinimalFilters is turnFilters for Winograd's filtering.
type turnMinimalFilters convGradInput

func (k *turnMinimalFilters) Run(worker, lo, hi int) {
	g := &k.g
	p := productOf(k.isa, g.cg, 1, g.og)
	all := g.og * g.taps() * k.isa.Width()
	turned := k.turned[worker*all:][:all]
	for ; lo < hi; lo++ {
		group, panel := lo/p.rows.panels, lo%p.rows.panels
		(*turnFilters)(k).turn(turned, group, p.rows.start(panel), p.rows.size(panel))
		packMinimal(&p, k.weights[group*matrices*p.sizeA(p.rows.panels, p.k):], turned, panel, true)
	}
}

// turn packs n input channels of a group, from channel c on, for all output
// channels and taps.
func (k *turnFilters) turn(dst []float32, group, c, n int) {
	g := &k.g
	src := at(k.w, (group*g.og*g.cg+c)*g.taps())
	if g.taps() == 1 {
		packPanel(k.isa, at(dst, 0), 4*k.isa.Width(), matrix{src, 4, 4 * g.cg}, n, g.og)
		return
	}
	var offsets [16]int64
	for j := range offsets {
		offsets[j] = int64(4 * min(j, n-1) * g.taps())
	}
	a := asm.Pack{
		Dst: at(dst, 0), Src: src, Offsets: unsafe.Pointer(&offsets), K: g.taps(),
		Runs: g.og, Step: 4 * g.cg * g.taps(), DstStep: 4 * k.isa.Width(),
	}
	k.isa.Turn(&a)
}

// choose copies out of a panel of all taps what a grid wants from its k0-th
// product on.
func (k *turnFilters) choose(dst, all []float32, r *grid, k0 int) {
	w, taps := k.isa.Width(), k.g.taps()
	if len(r.taps) == taps {
		copy(dst, all[k0*w:])
		return
	}
	o, t := k0/len(r.taps), k0%len(r.taps)
	for len(dst) > 0 {
		copy(dst[:w], all[(o*taps+r.which[t])*w:])
		if t++; t == len(r.taps) {
			o, t = o+1, 0
		}
		dst = dst[w:]
	}
}
