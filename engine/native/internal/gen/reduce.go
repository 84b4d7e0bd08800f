package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// A sum is carried in float32 for this many rounds of the inner loop, then
// added to one in float64.
const roundsInFloat32 = 32

// sums is a set of sums in the making: for each, accumulators in float32 that
// take turns, and one in float64.
type sums struct {
	*kernel
	single [][]int // by sum and turn
	double []int
}

const sumTurns = 4

func (k *kernel) sums(n int) *sums {
	s := &sums{kernel: k}
	for range n {
		var turns []int
		for range sumTurns / n {
			turns = append(turns, k.zero())
		}
		s.single = append(s.single, turns)
		s.double = append(s.double, k.zero())
	}
	return s
}

// turns is how many vectors a round has.
func (s *sums) turns() int { return len(s.single[0]) }

// flush moves what was summed in float32 to the sums in float64.
func (s *sums) flush() {
	for i, turns := range s.single {
		t := turns[0]
		for _, u := range turns[1:] {
			s.add(t, t, u)
			s.ins("VXORPS", s.low(u), s.low(u), s.low(u))
		}
		s.widen(t, s.double[i])
		s.ins("VXORPS", s.low(t), s.low(t), s.low(t))
	}
}

// widen adds a vector of float32 to one of float64.
func (k *kernel) widen(x, to int) {
	a := k.reg()
	k.ins("VCVTPS2PD", k.half(x), k.v(a))
	k.op("VADDPD", to, to, a)
	if k.wide() {
		k.ins("VEXTRACTF64X4", "$1", k.v(x), k.half(a))
	} else {
		k.ins("VEXTRACTF128", "$1", k.v(x), k.half(a))
	}
	k.ins("VCVTPS2PD", k.half(a), k.v(a))
	k.op("VADDPD", to, to, a)
	k.release(a)
}

// total folds a vector of float64 into its lowest element.
func (k *kernel) total(x int) {
	a := k.reg()
	if k.wide() {
		k.ins("VEXTRACTF64X4", "$1", k.v(x), k.half(a))
		k.ins("VADDPD", k.half(a), k.half(x), k.half(x))
	}
	k.ins("VEXTRACTF128", "$1", y(x), xmm(a))
	k.ins("VADDPD", xmm(a), xmm(x), xmm(x))
	k.ins("VPERMILPD", "$1", xmm(x), xmm(a))
	k.ins("VADDSD", xmm(a), xmm(x), xmm(x))
	k.release(a)
}

// reductions add up a grid. setup and each are as in grid; each adds to one
// register for each sum.
func (s *sources) reduction(name, doc string, arrays, n int, setup func(*kernel), each func(*cursor, []int)) {
	s.kernel(name, doc, asm.Grid{}, func(k *kernel) {
		for i := range arrays {
			k.ins("MOVQ", k.element("P", i, 8), gridP[i])
		}
		k.get(gridRows, "Rows")
		if setup != nil {
			setup(k)
		}
		sum := k.sums(n)
		k.ins("MOVQ", imm(roundsInFloat32), gridTemp)
		row := k.fresh("row")
		k.label(row)
		k.get(gridLeft, "Cols")
		k.ins("XORL", gridAt, gridAt)
		turn := 0
		count := func() {
			more := k.fresh("more")
			k.ins("DECQ", gridTemp)
			k.ins("JNE", more)
			sum.flush()
			k.ins("MOVQ", imm(roundsInFloat32), gridTemp)
			k.label(more)
		}
		to := func() []int {
			r := make([]int, n)
			for i := range r {
				r[i] = sum.single[i][turn]
			}
			return r
		}
		k.loop(gridLeft, sum.turns()*k.width, func() {
			for turn = range sum.turns() {
				each(&cursor{kernel: k, disp: turn * k.bytes()}, to())
			}
			k.ins("ADDQ", imm(sum.turns()*k.bytes()), gridAt)
			count()
		})
		turn = 0
		k.alongRow(1, func(c *cursor) { each(c, to()) })
		for i := range arrays {
			k.ins("ADDQ", k.element("Step", i, 8), gridP[i])
		}
		count()
		k.ins("DECQ", gridRows)
		k.ins("JNE", row)
		sum.flush()
		for i, d := range sum.double {
			k.total(d)
			k.ins("VMOVSD", xmm(d), k.element("Sums", i, 8))
		}
	})
}

func reductions(s *sources) {
	s.reduction("sum", "adds up P[0].", 1, 1, nil, func(c *cursor, to []int) {
		x := c.load(0)
		c.add(to[0], to[0], x)
		c.release(x)
	})
	s.reduction("squares", "adds up P[0]².", 1, 1, nil, func(c *cursor, to []int) {
		x := c.load(0)
		c.fma(to[0], x, x)
		c.release(x)
	})
	var mean int
	about := func(k *kernel) { mean = k.number(0) }
	s.reduction("deviations", "adds up (P[0]−F[0])².", 1, 1, about, func(c *cursor, to []int) {
		x := c.load(0)
		c.sub(x, x, mean)
		c.within(x)
		c.fma(to[0], x, x)
		c.release(x)
	})
	s.reduction("products", "adds up P[0], and P[0]·(P[1]−F[0]).", 2, 2, about, func(c *cursor, to []int) {
		g, x := c.load(0), c.load(1)
		c.sub(x, x, mean)
		c.add(to[0], to[0], g)
		c.fma(to[1], g, x)
		c.release(g, x)
	})
	var zero int
	s.reduction("gatedProducts", "is products where P[2] is positive.", 3, 2, func(k *kernel) {
		about(k)
		zero = k.zero()
	}, func(c *cursor, to []int) {
		g, x, y := c.load(0), c.load(1), c.load(2)
		c.orZero(g, notLessEqual, y, zero, g)
		c.sub(x, x, mean)
		c.add(to[0], to[0], g)
		c.fma(to[1], g, x)
		c.release(g, x, y)
	})
}

// within makes the elements behind the row's end zero again.
func (c *cursor) within(r int) {
	switch {
	case !c.masked:
	case c.wide():
		c.ins("VMOVUPS.Z", c.v(r), "K1", c.v(r))
	default:
		c.and(r, r, c.mask)
	}
}
