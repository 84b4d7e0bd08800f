package main

import (
	"math"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// maxPools find the largest element of each window of a row of windows, and its
// place; of equal ones the first, and NaN wins.
func maxPools(s *sources) {
	s.kernel("maxPool", "pools rows of windows.", asm.MaxPool{}, func(k *kernel) {
		k.get("SI", "X", "DI", "Y", "R8", "Pos", "R9", "Columns", "R10", "Firsts", "R12", "Rows")
		row := k.fresh("row")
		k.label(row)
		k.get("CX", "Cols")
		k.ins("XORL", "DX", "DX")
		k.loop("CX", k.width, func() {
			k.windows(false)
			k.ins("ADDQ", imm(k.bytes()), "DX")
		})
		end := k.fresh("end")
		k.jump("JEQ", "CX", "$0", end)
		k.prefixMask("CX")
		if !k.wide() {
			k.take(15)
		}
		k.windows(true)
		k.label(end)
		k.ins("ADDQ", k.field("XStep"), "SI")
		k.ins("ADDQ", k.field("YStep"), "DI")
		k.ins("ADDQ", k.field("YStep"), "R8")
		k.ins("ADDQ", "$4", k.field("RowPlace"))
		k.ins("ADDQ", "$4", k.field("RowFirst"))
		k.ins("DECQ", "R12")
		k.ins("JNE", row)
	})
}

// windows covers one vector of windows.
func (k *kernel) windows(masked bool) {
	best, pos, column := k.kept(math.Inf(-1)), k.reg(), k.reg()
	read := func(base string, to int) {
		from := indexed(base, 0, "DX", 1)
		switch {
		case !masked:
			k.ins("VMOVUPS", from, k.v(to))
		case k.wide():
			k.ins("VMOVUPS.Z", from, "K1", k.v(to))
		default:
			k.ins("VMASKMOVPS", from, k.v(15), k.v(to))
		}
	}
	write := func(base string, x int) {
		to := indexed(base, 0, "DX", 1)
		switch {
		case !masked:
			k.ins("VMOVUPS", k.v(x), to)
		case k.wide():
			k.ins("VMOVUPS", k.v(x), "K1", to)
		default:
			k.ins("VMASKMOVPS", k.v(x), k.v(15), to)
		}
	}
	t := k.reg()
	read("R10", pos)
	k.get("AX", "RowFirst")
	k.ins("VPBROADCASTD", mem("AX", 0), k.v(t))
	k.op("VPADDD", pos, pos, t)
	read("R9", column)
	k.get("AX", "RowPlace")
	k.ins("VPBROADCASTD", mem("AX", 0), k.v(t))
	k.op("VPADDD", column, column, t)
	k.get("R11", "Offsets", "R13", "Places", "R15", "Taps")
	x := k.reg()
	k.loop("R15", 1, func() {
		k.ins("MOVQ", mem("R11", 0), "AX")
		k.ins("ADDQ", "SI", "AX")
		k.ins("VMOVUPS", indexed("AX", 0, "DX", 1), k.v(x))
		k.ins("VPBROADCASTD", mem("R13", 0), k.v(t))
		k.op("VPADDD", t, t, column)
		if k.wide() {
			k.ins("VCMPPS", imm(greater), k.v(best), k.v(x), "K3")
			k.ins("VCMPPS", imm(unordered), k.v(x), k.v(x), "K4")
			k.ins("KORW", "K3", "K4", "K3")
			k.ins("VBLENDMPS", k.v(x), k.v(best), "K3", k.v(best))
			k.ins("VBLENDMPS", k.v(t), k.v(pos), "K3", k.v(pos))
		} else {
			m, n := k.reg(), k.reg()
			k.ins("VCMPPS", imm(greater), k.v(best), k.v(x), k.v(m))
			k.ins("VCMPPS", imm(unordered), k.v(x), k.v(x), k.v(n))
			k.op("VORPS", m, m, n)
			k.ins("VBLENDVPS", k.v(m), k.v(x), k.v(best), k.v(best))
			k.ins("VBLENDVPS", k.v(m), k.v(t), k.v(pos), k.v(pos))
			k.release(m, n)
		}
		k.ins("ADDQ", "$8", "R11")
		k.ins("ADDQ", "$4", "R13")
	})
	write("DI", best)
	write("R8", pos)
	k.release(best, pos, column, t, x)
}
