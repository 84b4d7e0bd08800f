package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// columns adds up rows. It goes down the rows for a few vectors of columns at a
// time.
func columns(s *sources) {
	s.kernel("columns", "adds the rows of P[1] to P[0], which is one row of float64 with room for whole vectors.", asm.Grid{}, func(k *kernel) {
		k.get(gridLeft, "Cols")
		for i := range 2 {
			k.ins("MOVQ", k.element("P", i, 8), gridP[i])
		}
		k.ins("MOVQ", k.element("Step", 1, 8), "R8")
		for _, n := range []int{2, 1} {
			k.loop(gridLeft, n*k.width, func() {
				k.down(n, false)
				k.ins("ADDQ", imm(n*k.bytes()), gridP[1])
				k.ins("ADDQ", imm(2*n*k.bytes()), gridP[0])
			})
		}
		k.jump("JEQ", gridLeft, "$0", "done")
		k.prefixMask(gridLeft)
		if !k.wide() {
			k.take(15)
		}
		k.down(1, true)
	})
}

// down adds n vectors of columns, or the rest of them.
func (k *kernel) down(n int, masked bool) {
	single, double := k.several(n), k.several(2*n)
	k.ins("MOVQ", gridP[1], gridAt)
	k.get(gridRows, "Rows")
	k.ins("MOVQ", imm(roundsInFloat32), gridTemp)
	top, more := k.fresh("down"), k.fresh("more")
	flush := func() {
		t := k.reg()
		for i, x := range single {
			k.ins("VCVTPS2PD", k.half(x), k.v(t))
			k.op("VADDPD", double[2*i], double[2*i], t)
			if k.wide() {
				k.ins("VEXTRACTF64X4", "$1", k.v(x), k.half(t))
			} else {
				k.ins("VEXTRACTF128", "$1", k.v(x), k.half(t))
			}
			k.ins("VCVTPS2PD", k.half(t), k.v(t))
			k.op("VADDPD", double[2*i+1], double[2*i+1], t)
			k.ins("VXORPS", k.low(x), k.low(x), k.low(x))
		}
		k.release(t)
	}
	k.label(top)
	for i, x := range single {
		if !masked {
			k.add(x, x, mem(gridAt, i*k.bytes()))
			continue
		}
		t := k.reg()
		if k.wide() {
			k.ins("VMOVUPS.Z", mem(gridAt, 0), "K1", k.v(t))
		} else {
			k.ins("VMASKMOVPS", mem(gridAt, 0), k.v(15), k.v(t))
		}
		k.add(x, x, t)
		k.release(t)
	}
	k.ins("ADDQ", "R8", gridAt)
	k.ins("DECQ", gridTemp)
	k.ins("JNE", more)
	flush()
	k.ins("MOVQ", imm(roundsInFloat32), gridTemp)
	k.label(more)
	k.ins("DECQ", gridRows)
	k.ins("JNE", top)
	flush()
	for i, d := range double {
		k.op("VADDPD", d, d, mem(gridP[0], i*k.bytes()))
		k.ins("VMOVUPD", k.v(d), mem(gridP[0], i*k.bytes()))
	}
	k.release(single...)
	k.release(double...)
}
