package main

import (
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

func packs(s *sources) {
	s.kernel("copy", "packs rows whose columns lie side by side.", asm.Pack{}, copyRows)
	s.kernel("turn", "packs the transpose of rows, each of which is one run after the other.", asm.Pack{}, turn)
	s.kernel("gather", "packs rows that are joined from pieces.", asm.Pack{}, gather)
}

// copyRows goes along each row, through all panels: what lies side by side is
// read side by side.
func copyRows(k *kernel) {
	k.columnMasks("Cols")
	k.get("SI", "Src", "DI", "Dst", "R8", "Step", "R9", "DstStep", "CX", "K", "DX", "Cols", "R10", "Panel", "R11", "More")
	one := k.fresh("one")
	k.ins("LEAQ", indexed("DX", 0, "DX", 1), "R12") // bytes from one panel to the next
	k.ins("SHLQ", "$1", "R12")
	k.jump("JLE", "DX", imm(k.width), one)
	for _, vectors := range []int{2, 1} {
		if vectors == 1 {
			k.label(one)
		}
		k.loop("CX", 1, func() {
			panel := k.fresh("panel")
			k.ins("MOVQ", "SI", "R13")
			k.ins("MOVQ", "DI", "R15")
			k.ins("MOVQ", "R11", "AX")
			k.label(panel)
			for j := range vectors {
				k.loadMasked(mem("R13", j*k.bytes()), j, k.v(j))
				k.ins("VMOVUPS", k.v(j), mem("R15", j*k.bytes()))
			}
			k.ins("ADDQ", "R12", "R13")
			k.ins("ADDQ", "R10", "R15")
			k.ins("DECQ", "AX")
			k.ins("JGE", panel)
			k.ins("ADDQ", "R8", "SI")
			k.ins("ADDQ", "R9", "DI")
		})
		k.ins("JMP", "done")
	}
}

// turn goes through the runs in square blocks.
func turn(k *kernel) {
	k.get("SI", "Src", "DI", "Dst", "R8", "Offsets", "R9", "DstStep", "R10", "Runs")
	run, tail, next := k.fresh("run"), k.fresh("tail"), k.fresh("next")
	k.label(run)
	k.get("CX", "K")
	k.ins("MOVQ", "SI", "DX")
	k.loop("CX", k.width, func() {
		for i := range k.width {
			k.ins("MOVQ", mem("R8", 8*i), "AX")
			k.ins("VMOVUPS", indexed("AX", 0, "DX", 1), k.v(i))
		}
		for _, v := range k.transpose() {
			k.ins("VMOVUPS", k.v(v), mem("DI", 0))
			k.ins("ADDQ", "R9", "DI")
		}
		k.ins("ADDQ", imm(k.bytes()), "DX")
	})
	k.jump("JNE", "CX", "$0", tail)
	k.label(next)
	k.ins("ADDQ", k.field("Step"), "SI")
	k.ins("DECQ", "R10")
	k.ins("JNE", run)
	k.ins("JMP", "done")
	k.label(tail)
	k.prefixMask("CX")
	for i := range k.width {
		k.ins("MOVQ", mem("R8", 8*i), "AX")
		if k.wide() {
			k.ins("VMOVUPS.Z", indexed("AX", 0, "DX", 1), "K1", k.v(i))
		} else {
			k.ins("VMASKMOVPS", indexed("AX", 0, "DX", 1), "Y15", k.v(i))
		}
	}
	for _, v := range k.transpose() {
		k.ins("VMOVUPS", k.v(v), mem("DI", 0))
		k.ins("ADDQ", "R9", "DI")
		k.ins("DECQ", "CX")
		k.ins("JEQ", next)
	}
}

// prefixMask makes a mask of the first count elements, 0 < count < width: in K1
// or, for AVX2, in the last register.
func (k *kernel) prefixMask(count string) {
	if k.wide() {
		k.ins("MOVQ", "$-1", "AX")
		k.ins("SHLQ", count, "AX")
		k.ins("NOTQ", "AX")
		k.ins("KMOVW", "AX", "K1")
		return
	}
	k.ins("LEAQ", k.src.table("ones", onesTable), "AX")
	k.ins("SHLQ", "$2", count)
	k.ins("SUBQ", count, "AX")
	k.ins("SHRQ", "$2", count)
	k.ins("VMOVUPS", mem("AX", 32), "Y15")
}

// transpose turns the square in the first registers and tells where its columns
// are then.
func (k *kernel) transpose() []int {
	w := k.width
	pairs := func(from, to int) { // pairs of neighbouring rows
		for i := 0; i < w; i += 2 {
			k.ins("VUNPCKLPS", k.v(from+i+1), k.v(from+i), k.v(to+i))
			k.ins("VUNPCKHPS", k.v(from+i+1), k.v(from+i), k.v(to+i+1))
		}
	}
	quads := func(from, to int) { // pairs of pairs
		for i := 0; i < w; i += 4 {
			for h := range 2 {
				k.ins("VUNPCKLPD", k.v(from+i+h+2), k.v(from+i+h), k.v(to+i+2*h))
				k.ins("VUNPCKHPD", k.v(from+i+h+2), k.v(from+i+h), k.v(to+i+2*h+1))
			}
		}
	}
	pairs(0, w)
	quads(w, 0)
	at := make([]int, w)
	if !k.wide() {
		for q := range 4 {
			k.ins("VPERM2F128", "$0x20", k.v(4+q), k.v(q), k.v(w+q))
			k.ins("VPERM2F128", "$0x31", k.v(4+q), k.v(q), k.v(w+4+q))
		}
		for i := range at {
			at[i] = w + i
		}
		return at
	}
	for q := range 4 {
		r := [4]int{q, 4 + q, 8 + q, 12 + q}
		k.ins("VSHUFF32X4", "$0x44", k.v(r[1]), k.v(r[0]), k.v(16))
		k.ins("VSHUFF32X4", "$0xEE", k.v(r[1]), k.v(r[0]), k.v(17))
		k.ins("VSHUFF32X4", "$0x44", k.v(r[3]), k.v(r[2]), k.v(18))
		k.ins("VSHUFF32X4", "$0xEE", k.v(r[3]), k.v(r[2]), k.v(19))
		for i := range r {
			sel := []string{"$0x88", "$0xDD"}[i%2]
			k.ins("VSHUFF32X4", sel, k.v(18+i/2), k.v(16+i/2), k.v(r[i]))
			at[r[i]] = r[i]
		}
	}
	return at
}

// gather joins each row from pieces.
func gather(k *kernel) {
	k.get("SI", "Src", "DI", "Dst", "R8", "Offsets", "R9", "DstStep", "CX", "K", "R10", "Pieces", "R11", "PieceCount")
	many := k.fresh("many")
	one := func(vectors int) {
		k.ins("MOVQ", mem("R8", 0), "AX")
		for j := range vectors {
			k.ins("VMOVUPS", indexed("AX", j*k.bytes(), "R12", 1), k.v(j))
		}
		for j := range vectors {
			k.ins("VMOVUPS", k.v(j), mem("DI", j*k.bytes()))
		}
		k.ins("ADDQ", "$8", "R8")
		k.ins("ADDQ", "R9", "DI")
	}
	k.jump("JNE", "R11", "$1", many)
	k.ins("MOVQ", mem("R10", 0), "R12")
	k.ins("ADDQ", "SI", "R12")
	k.ins("ADDQ", mem("R10", 8), "DI")
	short := k.fresh("short")
	k.ins("MOVQ", mem("R10", 16), "AX")
	k.jump("JEQ", "AX", "$1", short)
	k.loop("CX", 1, func() { one(2) })
	k.ins("JMP", "done")
	k.label(short)
	k.loop("CX", 1, func() { one(1) })
	k.ins("JMP", "done")

	k.label(many)
	k.loop("CX", 1, func() {
		k.ins("MOVQ", mem("R8", 0), "R13")
		k.ins("ADDQ", "SI", "R13")
		k.ins("MOVQ", "R10", "R12")
		k.ins("MOVQ", "R11", "DX")
		piece, single := k.fresh("piece"), k.fresh("single")
		k.label(piece)
		k.ins("MOVQ", mem("R12", 0), "AX")
		k.ins("MOVQ", mem("R12", 8), "R15")
		k.ins("VMOVUPS", indexed("R13", 0, "AX", 1), k.v(0))
		k.ins("VMOVUPS", k.v(0), indexed("DI", 0, "R15", 1))
		k.ins("CMPQ", mem("R12", 16), "$1")
		k.ins("JEQ", single)
		k.ins("VMOVUPS", indexed("R13", k.bytes(), "AX", 1), k.v(0))
		k.ins("VMOVUPS", k.v(0), indexed("DI", k.bytes(), "R15", 1))
		k.label(single)
		k.ins("ADDQ", "$24", "R12")
		k.ins("DECQ", "DX")
		k.ins("JNE", piece)
		k.ins("ADDQ", "$8", "R8")
		k.ins("ADDQ", "R9", "DI")
	})
}
