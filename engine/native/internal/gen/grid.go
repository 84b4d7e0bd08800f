package main

import (
	"fmt"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// Registers of kernels that walk a grid.
var gridP = [...]string{"SI", "DI", "R8", "R9", "R10", "R11", "R14", "R15"}

const (
	gridRows = "R12"
	gridTemp = "R13"
	gridLeft = "CX" // columns
	gridAt   = "DX" // bytes from the row's start
)

// cursor is a place in a row for which code is printed: one vector, or the rest
// of the row under a mask.
type cursor struct {
	*kernel
	disp   int
	turn   int // counts the vectors of a round
	masked bool
	mask   int // AVX2's
}

// grid prints a kernel over arrays 0 … arrays−1. setup is printed once before
// the rows, each for every vector.
func (s *sources) grid(name, doc string, arrays, unroll int, setup func(*kernel), each func(*cursor)) {
	s.kernel(name, doc, asm.Grid{}, func(k *kernel) {
		for i := range arrays {
			k.ins("MOVQ", k.element("P", i, 8), gridP[i])
		}
		k.get(gridRows, "Rows")
		if setup != nil {
			setup(k)
		}
		row := k.fresh("row")
		k.label(row)
		k.get(gridLeft, "Cols")
		k.ins("XORL", gridAt, gridAt)
		k.alongRow(unroll, each)
		for i := range arrays {
			k.ins("ADDQ", k.element("Step", i, 8), gridP[i])
		}
		k.ins("DECQ", gridRows)
		k.ins("JNE", row)
	})
}

// alongRow covers the columns that are left.
func (k *kernel) alongRow(unroll int, each func(*cursor)) {
	for _, n := range []int{unroll, 1} {
		if n == 1 && unroll == 1 {
			break
		}
		k.loop(gridLeft, n*k.width, func() {
			for j := range n {
				each(&cursor{kernel: k, disp: j * k.bytes(), turn: j})
			}
			k.ins("ADDQ", imm(n*k.bytes()), gridAt)
		})
	}
	if unroll == 1 {
		k.loop(gridLeft, k.width, func() {
			each(&cursor{kernel: k})
			k.ins("ADDQ", imm(k.bytes()), gridAt)
		})
	}
	end := k.fresh("rowend")
	k.jump("JEQ", gridLeft, "$0", end)
	c := &cursor{kernel: k, masked: true, mask: -1}
	if !k.wide() {
		c.mask = k.take(15)
	}
	k.prefixMask(gridLeft)
	each(c)
	if !k.wide() {
		k.release(15)
	}
	k.label(end)
}

// take reserves a certain register.
func (k *kernel) take(r int) int {
	if !k.free[r] {
		panic(fmt.Sprintf("gen: register %d is taken", r))
	}
	k.free[r] = false
	return r
}

// element is the operand of an element of an array field.
func (k *kernel) element(name string, i, size int) string {
	f, ok := k.args.FieldByName(name)
	if !ok || i >= f.Type.Len() {
		panic(fmt.Sprintf("gen: %v has no %s[%d]", k.args, name, i))
	}
	return mem("BX", int(f.Offset)+i*size)
}

// number is F[i] in every element of a register that is kept.
func (k *kernel) number(i int) int {
	r := k.reg()
	k.ins("VBROADCASTSS", k.element("F", i, 4), k.v(r))
	return r
}

// kept is a constant in a register that is kept.
func (k *kernel) kept(v float64) int {
	r := k.reg()
	k.ins("VMOVUPS", k.f(v), k.v(r))
	return r
}

// load takes a register for the vector of array i; the elements behind the row's
// end are zero.
func (c *cursor) load(i int) int {
	r := c.reg()
	from := indexed(gridP[i], c.disp, gridAt, 1)
	switch {
	case !c.masked:
		c.ins("VMOVUPS", from, c.v(r))
	case c.wide():
		c.ins("VMOVUPS.Z", from, "K1", c.v(r))
	default:
		c.ins("VMASKMOVPS", from, c.v(c.mask), c.v(r))
	}
	return r
}

// store writes the vector of array i and releases its register.
func (c *cursor) store(i, r int) {
	to := indexed(gridP[i], c.disp, gridAt, 1)
	switch {
	case !c.masked:
		c.ins("VMOVUPS", c.v(r), to)
	case c.wide():
		c.ins("VMOVUPS", c.v(r), "K1", to)
	default:
		c.ins("VMASKMOVPS", c.v(r), c.v(c.mask), to)
	}
	c.release(r)
}
