package main

import (
	"fmt"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// Registers of the matrix product. BX holds the argument.
const (
	gemmA, gemmB, gemmC = "SI", "DI", "DX"
	gemmK               = "CX"
	gemmAStep           = "R8"
	gemmBStep           = "R9"
	gemmNext            = "R10"
	gemmPanels          = "R11"
	gemmCRow            = "R12"
	gemmRow             = "AX" // of C, when it is written
	gemmRowBias         = "R13"
	gemmColumn          = "R15" // of A
)

func gemm(s *sources) {
	s.kernel("gemm", "multiplies panels.", asm.Tile{}, func(k *kernel) {
		k.columnMasks("Cols")
		k.get(gemmA, "A", gemmPanels, "Panels", gemmCRow, "CRow", gemmAStep, "AStep", gemmBStep, "BStep", gemmNext, "Next", gemmRowBias, "RowBias")
		k.get("AX", "Rows", "DX", "Cols")
		narrow := k.fresh("narrow")
		k.jump("JLE", "DX", imm(k.width), narrow)
		for _, vectors := range []int{2, 1} {
			if vectors == 1 {
				k.label(narrow)
			}
			for rows := k.rows; rows > 0; rows-- {
				if rows > 1 {
					next := k.fresh("fewer")
					k.jump("JNE", "AX", imm(rows), next)
					k.panels(rows, vectors)
					k.ins("JMP", "done")
					k.label(next)
				} else {
					k.panels(rows, vectors)
				}
			}
			k.ins("JMP", "done")
		}
	})
}

// columnMasks sets K1 and K2 to the columns of the first and second vector that
// there are, or finds the masks in the frame for AVX2.
func (k *kernel) columnMasks(cols string) {
	k.get("CX", cols)
	if k.wide() {
		k.ins("MOVQ", "$-1", "AX")
		k.ins("SHLQ", "CX", "AX")
		k.ins("NOTQ", "AX")
		k.ins("KMOVW", "AX", "K1")
		k.ins("SHRQ", "$16", "AX")
		k.ins("KMOVW", "AX", "K2")
		return
	}
	// Windows on eight words of ones before and behind zeros.
	t := k.src.table("ones", onesTable)
	k.ins("LEAQ", t, "AX")
	k.ins("MOVQ", "$8", "DX")
	k.ins("MOVQ", "CX", "R13")
	k.ins("CMPQ", "R13", "DX")
	k.ins("CMOVQGT", "DX", "R13")
	k.ins("SUBQ", "R13", "CX") // columns of the second vector
	k.ins("SHLQ", "$2", "R13")
	k.ins("SHLQ", "$2", "CX")
	k.ins("NEGQ", "R13")
	k.ins("NEGQ", "CX")
	k.ins("VMOVUPS", indexed("AX", 32, "R13", 1), "Y14")
	k.ins("VMOVUPS", indexed("AX", 32, "CX", 1), "Y15")
	k.ins("VMOVUPS", "Y14", mem("SP", maskFrame))
	k.ins("VMOVUPS", "Y15", mem("SP", maskFrame+32))
}

// maskFrame is where AVX2's column masks lie in the frame.
const maskFrame = 32

// onesTable is eight words of ones and eight zeros: from word 8−n on it is a
// mask of n elements.
var onesTable = func() []uint32 {
	t := make([]uint32, 16)
	for i := range 8 {
		t[i] = 0xffffffff
	}
	return t
}()

// panels is the loop over the panels of A for one size of tile. Accumulators
// are the registers from 0 on, two neighbours to a row where it has two vectors.
func (k *kernel) panels(rows, vectors int) {
	top := k.fresh("panel")
	k.get(gemmC, "C")
	k.label(top)
	k.get(gemmB, "B", gemmK, "K")
	k.ins("MOVQ", gemmC, gemmRow)
	for r := range rows {
		k.ins("PREFETCHT0", mem(gemmRow, 0))
		if vectors == 2 {
			k.ins("PREFETCHT0", mem(gemmRow, k.bytes()*2-4))
		}
		if r < rows-1 {
			k.ins("ADDQ", gemmCRow, gemmRow)
		}
	}
	acc := rows * vectors
	for i := range acc {
		k.ins("VXORPS", k.low(i), k.low(i), k.low(i))
	}
	k.ins("MOVQ", gemmA, gemmColumn)
	k.loop(gemmK, 4, func() {
		k.ins("PREFETCHT1", mem(gemmNext, 0))
		k.ins("ADDQ", "$64", gemmNext)
		for range 4 {
			k.outer(rows, vectors)
		}
	})
	k.loop(gemmK, 1, func() { k.outer(rows, vectors) })
	k.writeTile(rows, vectors)
	k.ins("ADDQ", k.field("APanel"), gemmA)
	k.ins("MOVQ", gemmRow, gemmC)
	k.ins("DECQ", gemmPanels)
	k.ins("JNE", top)
}

// low is the name under which a register is zeroed: without a wide encoding.
func (k *kernel) low(i int) string {
	if i < 16 {
		return fmt.Sprintf("Y%d", i)
	}
	return k.v(i)
}

// outer adds one column of A times one row of B and moves on.
func (k *kernel) outer(rows, vectors int) {
	b := k.rows * 2
	for j := range vectors {
		k.ins("VMOVUPS", mem(gemmB, j*k.bytes()), k.v(b+j))
	}
	for r := range rows {
		a := k.v(b + 2 + r%2)
		k.ins("VBROADCASTSS", mem(gemmColumn, 4*r), a)
		for j := range vectors {
			k.ins("VFMADD231PS", k.v(b+j), a, k.v(r*vectors+j))
		}
	}
	k.ins("ADDQ", gemmAStep, gemmColumn)
	k.ins("ADDQ", gemmBStep, gemmB)
}

// writeTile finishes the sums and writes C; it leaves gemmRow behind the last
// row.
func (k *kernel) writeTile(rows, vectors int) {
	alpha := k.v(k.rows * 2)
	spare := []string{k.v(k.rows*2 + 1), k.v(k.rows*2 + 2)}
	k.ins("VBROADCASTSS", k.field("Alpha"), alpha)
	for i := range rows * vectors {
		k.ins("VMULPS", alpha, k.v(i), k.v(i))
	}
	noCol, noRow, fresh := k.fresh("nocol"), k.fresh("norow"), k.fresh("fresh")
	k.get("CX", "ColBias")
	k.jump("JEQ", "CX", "$0", noCol)
	for j := range vectors {
		k.loadMasked(mem("CX", j*k.bytes()), j, spare[j])
	}
	for i := range rows * vectors {
		k.ins("VADDPS", spare[i%vectors], k.v(i), k.v(i))
	}
	k.label(noCol)
	k.jump("JEQ", gemmRowBias, "$0", noRow)
	for r := range rows {
		k.ins("VBROADCASTSS", mem(gemmRowBias, 4*r), spare[0])
		for j := range vectors {
			k.ins("VADDPS", spare[0], k.v(r*vectors+j), k.v(r*vectors+j))
		}
	}
	k.ins("ADDQ", imm(4*rows), gemmRowBias)
	k.label(noRow)
	k.ins("MOVQ", gemmC, gemmRow)
	k.ins("MOVL", k.field("Beta"), "CX")
	k.ins("SHLL", "$1", "CX") // both zeros
	k.ins("JEQ", fresh)
	k.ins("VBROADCASTSS", k.field("Beta"), alpha)
	for r := range rows {
		for j := range vectors {
			k.loadMasked(mem(gemmRow, j*k.bytes()), j, spare[j])
			k.ins("VFMADD231PS", spare[j], alpha, k.v(r*vectors+j))
		}
		k.ins("ADDQ", gemmCRow, gemmRow)
	}
	k.ins("MOVQ", gemmC, gemmRow)
	k.label(fresh)
	if !k.wide() {
		k.writeWhole(rows, vectors)
		return
	}
	for r := range rows {
		for j := range vectors {
			k.ins("VMOVUPS", k.v(r*vectors+j), fmt.Sprintf("K%d", j+1), mem(gemmRow, j*k.bytes()))
		}
		k.ins("ADDQ", gemmCRow, gemmRow)
	}
}

// loadMasked loads the columns of vector j that there are.
func (k *kernel) loadMasked(from string, j int, to string) {
	if k.wide() {
		k.ins("VMOVUPS.Z", from, fmt.Sprintf("K%d", j+1), to)
		return
	}
	k.ins("VMOVUPS", mem("SP", maskFrame+32*j), to)
	k.ins("VMASKMOVPS", from, to, to)
}

// writeWhole writes C without masks where all columns are there: masked stores
// of AVX2 are slow on some processors.
func (k *kernel) writeWhole(rows, vectors int) {
	part, end := k.fresh("part"), k.fresh("written")
	k.get("CX", "Cols")
	k.jump("JNE", "CX", imm(vectors*k.width), part)
	for r := range rows {
		for j := range vectors {
			k.ins("VMOVUPS", k.v(r*vectors+j), mem(gemmRow, j*k.bytes()))
		}
		k.ins("ADDQ", gemmCRow, gemmRow)
	}
	k.ins("JMP", end)
	k.label(part)
	masks := []string{k.v(k.rows * 2), k.v(k.rows*2 + 1)}
	for j := range vectors {
		k.ins("VMOVUPS", mem("SP", maskFrame+32*j), masks[j])
	}
	for r := range rows {
		for j := range vectors {
			k.ins("VMASKMOVPS", k.v(r*vectors+j), masks[j], mem(gemmRow, j*k.bytes()))
		}
		k.ins("ADDQ", gemmCRow, gemmRow)
	}
	k.label(end)
}
