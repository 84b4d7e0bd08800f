package main

import (
	"math"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// byRows prints a kernel that passes several times over each row.
func (s *sources) byRows(name, doc string, arrays int, setup func(*kernel), row func(*kernel)) {
	s.kernel(name, doc, asm.Grid{}, func(k *kernel) {
		for i := range arrays {
			k.ins("MOVQ", k.element("P", i, 8), gridP[i])
		}
		k.get(gridRows, "Rows")
		if setup != nil {
			setup(k)
		}
		top := k.fresh("row")
		k.label(top)
		row(k)
		for i := range arrays {
			k.ins("ADDQ", k.element("Step", i, 8), gridP[i])
		}
		k.ins("DECQ", gridRows)
		k.ins("JNE", top)
	})
}

// pass goes along the row.
func (k *kernel) pass(unroll int, each func(*cursor)) {
	k.get(gridLeft, "Cols")
	k.ins("XORL", gridAt, gridAt)
	k.alongRow(unroll, each)
}

// fold replaces each element by all of them joined by an instruction.
func (k *kernel) fold(name string, x int) {
	t := k.reg()
	if k.wide() {
		k.ins("VEXTRACTF64X4", "$1", k.v(x), y(t))
		k.ins(name, y(t), y(x), y(x))
	}
	k.ins("VEXTRACTF128", "$1", y(x), xmm(t))
	k.ins(name, xmm(t), xmm(x), xmm(x))
	for _, order := range []string{"$0x4E", "$0xB1"} {
		k.ins("VPERMILPS", order, xmm(x), xmm(t))
		k.ins(name, xmm(t), xmm(x), xmm(x))
	}
	k.ins("VBROADCASTSS", xmm(x), k.v(x))
	k.release(t)
}

// several are zeros that the vectors of a round are added to in turn; joined is
// their sum over all elements, in the first one.
func (k *kernel) several(n int) []int {
	r := make([]int, n)
	for i := range r {
		r[i] = k.zero()
	}
	return r
}

func (k *kernel) joined(r []int) int {
	for _, u := range r[1:] {
		k.add(r[0], r[0], u)
		k.release(u)
	}
	k.fold("VADDPS", r[0])
	return r[0]
}

// perRow broadcasts the number that an array has for the row.
func (k *kernel) perRow(i int) int {
	r := k.reg()
	k.ins("VBROADCASTSS", mem(gridP[i], 0), k.v(r))
	return r
}

func layerNorms(s *sources) {
	// P: y, x, w, b, mean, rstd; F: 1/columns, eps, 1 or (about zero) 0.
	s.byRows("layerNorm", "normalises rows of P[1] to P[0], times P[2] plus P[3]; mean and 1/σ go to P[4] and P[5]. F: 1/Cols, ε, and 0 to normalise about zero, else 1.", 6, nil, func(k *kernel) {
		acc := k.several(2)
		k.pass(4, func(c *cursor) {
			x := c.load(1)
			c.add(acc[c.turn%2], acc[c.turn%2], x)
			c.release(x)
		})
		mean := k.joined(acc)
		for _, f := range []int{0, 2} {
			n := k.number(f)
			k.mul(mean, mean, n)
			k.release(n)
		}
		k.ins("VMOVSS", xmm(mean), mem(gridP[4], 0))
		acc = k.several(2)
		k.pass(4, func(c *cursor) {
			x := c.load(1)
			c.sub(x, x, mean)
			c.within(x)
			c.fma(acc[c.turn%2], x, x)
			c.release(x)
		})
		rstd := k.joined(acc)
		n, eps := k.number(0), k.number(1)
		k.horner(rstd, n, eps)
		k.ins("VSQRTPS", k.v(rstd), k.v(rstd))
		k.move(n, k.f(1))
		k.div(rstd, n, rstd)
		k.release(n, eps)
		k.ins("VMOVSS", xmm(rstd), mem(gridP[5], 0))
		k.pass(2, func(c *cursor) {
			x, w := c.load(1), c.load(2)
			c.sub(x, x, mean)
			c.mul(x, x, rstd)
			b := c.load(3)
			c.fma(b, x, w)
			c.release(x, w)
			c.store(0, b)
		})
		k.release(mean, rstd)
	})
	s.byRows("layerNormGrad", "is the gradient P[0] of layerNorm by its input, from the input P[1], the gradient P[2], w P[3], mean and 1/σ P[4], P[5]; those by w and b are added to P[6] and P[7]. F as layerNorm's.", 8, nil, func(k *kernel) {
		mean, rstd := k.perRow(4), k.perRow(5)
		u, ux := k.several(1), k.several(1)
		k.pass(2, func(c *cursor) {
			x, g, b := c.load(1), c.load(2), c.load(7)
			c.sub(x, x, mean)
			c.add(b, b, g)
			c.store(7, b)
			t, gw := c.reg(), c.load(6)
			c.mul(t, x, rstd)
			c.fma(gw, t, g)
			c.store(6, gw)
			w := c.load(3)
			c.mul(g, g, w)
			c.add(u[0], u[0], g)
			c.fma(ux[0], g, x)
			c.release(x, g, t, w)
		})
		shift, slope := k.joined(u), k.joined(ux)
		n := k.number(0)
		k.mul(shift, shift, n)
		k.mul(slope, slope, n)
		k.mul(slope, slope, rstd)
		k.mul(slope, slope, rstd)
		k.ins("VBROADCASTSS", k.element("F", 2, 4), k.v(n))
		k.mul(shift, shift, n)
		k.release(n)
		k.pass(2, func(c *cursor) {
			x, g, w := c.load(1), c.load(2), c.load(3)
			c.sub(x, x, mean)
			c.mul(g, g, w)
			c.sub(g, g, shift)
			c.fnma(g, x, slope)
			c.mul(g, g, rstd)
			c.release(x, w)
			c.store(0, g)
		})
		k.release(mean, rstd, shift, slope)
	})
}

func softmaxes(s *sources) {
	for _, masked := range []bool{false, true} {
		name, doc, arrays := "softmax", "is the softmax P[0] of F[0]·P[1] by rows; the largest argument and the sum of exponentials relative to it go to P[2], side by side. A row that is −∞ throughout gives zeros.", 3
		if masked {
			name, doc, arrays = "softmaxMasked", "is softmax of F[0]·P[1] + P[3].", 4
		}
		var alpha int
		s.byRows(name, doc, arrays, func(k *kernel) { alpha = k.number(0) }, func(k *kernel) {
			top := k.kept(math.Inf(-1))
			k.pass(2, func(c *cursor) {
				x := c.load(1)
				if masked {
					m := c.load(3)
					c.horner(x, alpha, m)
					c.release(m)
				} else {
					c.mul(x, x, alpha)
				}
				c.larger(top, x)
				c.store(0, x)
			})
			k.fold("VMAXPS", top)
			k.ins("VMOVSS", xmm(top), mem(gridP[2], 0))
			some, end := k.fresh("some"), k.fresh("end")
			k.ins("MOVL", mem(gridP[2], 0), "AX")
			k.ins("CMPL", "AX", "$0xff800000") // −∞
			k.ins("JNE", some)
			zero := k.zero()
			k.pass(1, func(c *cursor) { c.store(0, c.copyOf(zero)) })
			k.ins("VMOVSS", xmm(zero), mem(gridP[2], 4))
			k.release(zero)
			k.ins("JMP", end)
			k.label(some)
			acc := k.several(1)
			k.pass(1, func(c *cursor) {
				x := c.load(0)
				c.sub(x, x, top)
				c.exp(x)
				c.within(x)
				c.add(acc[0], acc[0], x)
				c.store(0, x)
			})
			sum := k.joined(acc)
			k.ins("VMOVSS", xmm(sum), mem(gridP[2], 4))
			k.move(top, k.f(1))
			k.div(sum, top, sum)
			k.pass(4, func(c *cursor) {
				x := c.load(0)
				c.mul(x, x, sum)
				c.store(0, x)
			})
			k.label(end)
			k.release(top, sum)
		})
	}
	var alpha int
	s.byRows("softmaxGrad", "is F[0]·y·(g − Σy·g) of y P[1] and g P[2] by rows.", 3, func(k *kernel) { alpha = k.number(0) }, func(k *kernel) {
		acc := k.several(2)
		k.pass(2, func(c *cursor) {
			y, g := c.load(1), c.load(2)
			c.fma(acc[c.turn%2], y, g)
			c.release(y, g)
		})
		dot := k.joined(acc)
		k.pass(2, func(c *cursor) {
			y, g := c.load(1), c.load(2)
			c.sub(g, g, dot)
			c.mul(y, y, alpha)
			c.mul(g, g, y)
			c.release(y)
			c.store(0, g)
		})
		k.release(dot)
	})
	s.byRows("logSoftmaxGrad", "is g − eʸ·Σg of y P[1] and g P[2] by rows.", 3, nil, func(k *kernel) {
		acc := k.several(2)
		k.pass(2, func(c *cursor) {
			g := c.load(2)
			c.add(acc[c.turn%2], acc[c.turn%2], g)
			c.release(g)
		})
		sum := k.joined(acc)
		k.pass(1, func(c *cursor) {
			y, g := c.load(1), c.load(2)
			c.exp(y)
			c.fnma(g, y, sum)
			c.release(y)
			c.store(0, g)
		})
		k.release(sum)
	})
	s.byRows("largest", "finds the largest element F[0] of one row P[0]. It may miss a NaN.", 1, nil, func(k *kernel) {
		top := k.kept(math.Inf(-1))
		k.pass(4, func(c *cursor) {
			x := c.load(0)
			c.larger(top, x)
			c.release(x)
		})
		k.fold("VMAXPS", top)
		k.ins("VMOVSS", xmm(top), k.element("F", 0, 4))
		k.release(top)
	})
}

// larger is to = max(to, x) for the elements that there are.
func (c *cursor) larger(to, x int) {
	switch {
	case !c.masked:
		c.op("VMAXPS", to, to, x)
	case c.wide():
		c.ins("VMAXPS", c.v(x), c.v(to), "K1", c.v(to))
	default:
		t := c.reg()
		c.ins("VBLENDVPS", c.v(c.mask), c.v(x), c.v(to), c.v(t))
		c.op("VMAXPS", to, to, t)
		c.release(t)
	}
}
