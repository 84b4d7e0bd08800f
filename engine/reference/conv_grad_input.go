package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// convGradInput splits the input's plane into stride[0]·stride[1] phases: all
// positions of a phase meet the same taps of the kernel, at neighbouring places
// of gy. So each phase is a dense product of turned weights, cg × (og·taps),
// with columns of gy, and nothing is multiplied by the zeros between.
type convGradInput[T float] struct {
	cpu           *host.CPU
	gy, w, gx     []T
	g             geometry
	row, col      phase
	cols, blocks  int
	turned        []T // weights of the phase, [group, cg, og·taps]
	columns, tile []T // a block for each worker
	depthwisePass depthwise[T]
}

// phase is the positions start, start+stride, … of one axis of the input. The
// taps first, first+step, … of the kernel reach them.
type phase struct {
	start, size       int
	first, step, taps int
}

func (g *geometry) phase(axis, start, size, kernel int) phase {
	s, dil := g.stride[axis], g.dilation[axis]
	p := phase{start: start, size: max(size-start+s-1, 0) / s, step: 1}
	meets := func(tap int) bool { return (start+g.pad[axis]-tap*dil)%s == 0 }
	for p.first < kernel && !meets(p.first) {
		p.first++
	}
	for p.step < s && !meets(p.first+p.step) {
		p.step++
	}
	if p.first < kernel {
		p.taps = (kernel - p.first + p.step - 1) / p.step
	}
	return p
}

func (k *convGradInput[T]) call(c *engine.Call) error {
	gy, w, gx := in(c, 0), in(c, 1), out(c, 0)
	k.gy, k.w, k.gx = view[T](gy), view[T](w), view[T](gx)
	k.g = geometryOf(gx.Shape, w.Shape, gy.Shape, &c.Attr)
	g := &k.g
	if g.cg == 1 {
		d := &k.depthwisePass
		*d = depthwise[T]{cpu: k.cpu, x: k.gx, w: k.w, y: k.gy, g: *g}
		d.gradInput()
		return nil
	}
	plane := (g.h + g.stride[0] - 1) / g.stride[0] * ((g.w + g.stride[1] - 1) / g.stride[1])
	k.cols = min(max(plane, 1), blockN)
	workers := k.cpu.Threads.Len()
	nTurned, nColumns := len(k.w), workers*blockK*k.cols
	buf, v, err := scratch[T](k.cpu, nTurned+nColumns+workers*g.cg*k.cols)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.turned, k.columns, k.tile = v[:nTurned], v[nTurned:][:nColumns], v[nTurned+nColumns:]
	for r := range g.stride[0] {
		for s := range g.stride[1] {
			k.row, k.col = g.phase(0, r, g.h, g.kh), g.phase(1, s, g.w, g.kw)
			k.cpu.Threads.Run(g.c, perRow(cheapBlock, g.og*g.taps()), (*turnWeights[T])(k))
			k.blocks = (k.row.size*k.col.size + k.cols - 1) / k.cols
			k.cpu.Threads.Run(g.n*g.groups*k.blocks, perRow(1<<19, k.cols*g.cg*k.depth()), k)
		}
	}
	return nil
}

// depth is the number of products in a sum.
func (k *convGradInput[T]) depth() int { return k.g.og * k.row.taps * k.col.taps }

// turnWeights collects the weights of input channels lo … hi−1.
type turnWeights[T float] convGradInput[T]

func (k *turnWeights[T]) Run(_, lo, hi int) {
	g := &k.g
	at := lo * (*convGradInput[T])(k).depth()
	for c := lo; c < hi; c++ {
		group, cc := c/g.cg, c%g.cg
		for o := range g.og {
			w := k.w[((group*g.og+o)*g.cg+cc)*g.taps():][:g.taps()]
			for r := range k.row.taps {
				for s := range k.col.taps {
					k.turned[at] = w[(k.row.first+r*k.row.step)*g.kw+k.col.first+s*k.col.step]
					at++
				}
			}
		}
	}
}

func (k *convGradInput[T]) Run(worker, lo, hi int) {
	g := &k.g
	depth := k.depth()
	columns := k.columns[worker*blockK*k.cols:][:blockK*k.cols]
	tile := k.tile[worker*g.cg*k.cols:][:g.cg*k.cols]
	for ; lo < hi; lo++ {
		p0 := lo % k.blocks * k.cols
		image := lo / k.blocks // and group
		n := min(k.cols, k.row.size*k.col.size-p0)
		w := matrix[T]{k.turned[image%g.groups*g.cg*depth:], depth, 1}
		gy := k.gy[image*g.og*g.oh*g.ow:]
		clear(tile[:g.cg*n])
		for d0 := 0; d0 < depth; d0 += blockK {
			d1 := min(d0+blockK, depth)
			for d := d0; d < d1; d++ {
				o, v := k.window(d)
				gather(columns[(d-d0)*n:][:n], 1, gy[o*g.oh*g.ow:], &v, p0, p0+n)
			}
			addOuter(tile, n, w.at(0, d0), columns, n, g.cg, n, d1-d0, 1)
		}
		for c := range g.cg {
			k.scatter(k.gx[(image*g.cg+c)*g.h*g.w:][:g.h*g.w], tile[c*n:][:n], p0)
		}
	}
}

// window is where the d-th product of each sum lies in gy: in which channel of
// the group, and where in its plane.
func (k *convGradInput[T]) window(d int) (channel int, v window) {
	g := &k.g
	s := d % k.col.taps
	r := d / k.col.taps % k.row.taps
	row := k.row.start + g.pad[0] - (k.row.first+r*k.row.step)*g.dilation[0]
	col := k.col.start + g.pad[1] - (k.col.first+s*k.col.step)*g.dilation[1]
	return d / k.col.taps / k.row.taps, window{
		h: g.oh, w: g.ow, width: k.col.size,
		row: row / g.stride[0], col: col / g.stride[1], rowStep: 1, colStep: 1,
	}
}

// scatter writes the phase's positions from p0 on.
func (k *convGradInput[T]) scatter(plane, x []T, p0 int) {
	g := &k.g
	for len(x) > 0 {
		r, c := p0/k.col.size, p0%k.col.size
		n := min(k.col.size-c, len(x))
		row := plane[(k.row.start+r*g.stride[0])*g.w:][:g.w]
		if g.stride[1] == 1 {
			copy(row[c:], x[:n])
		} else {
			at := k.col.start + c*g.stride[1]
			for _, v := range x[:n] {
				row[at] = v
				at += g.stride[1]
			}
		}
		x, p0 = x[n:], p0+n
	}
}
