package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// The transforms work on vectors of neighbouring tiles, or of filters. Sums and
// differences are formed down the columns first and then along the rows.
func winograd(s *sources) {
	s.kernel("winogradFilter", "transforms filters that lie in the elements of a vector: G·g·Gᵀ.", asm.Winograd{}, winogradFilter)
	s.kernel("winogradInput", "transforms tiles of inputs: Bᵀ·d·B.", asm.Winograd{}, winogradInput)
	s.kernel("winogradOutput", "makes outputs of tiles: Aᵀ·m·A.", asm.Winograd{}, winogradOutput)
}

// Registers of the transforms.
var (
	winoRow = [4]string{"R8", "R9", "R10", "R11"}
	winoCol = [4]string{"R12", "R13", "R14", "R15"}
)

func winogradFilter(k *kernel) {
	k.get("SI", "Src", "DI", "Dst", "CX", "Count")
	for i := range 3 {
		k.ins("MOVQ", k.element("ColAt", i, 8), winoCol[i])
	}
	half := k.kept(0.5)
	// to[0…3] of g[0…2]: g0, (g0+g1+g2)/2, (g0−g1+g2)/2, g2.
	expand := func(g [3]int) [4]int {
		a, b := k.reg(), k.reg()
		k.add(a, g[0], g[2])
		k.sub(b, a, g[1])
		k.add(a, a, g[1])
		k.mul(a, a, half)
		k.mul(b, b, half)
		return [4]int{g[0], a, b, g[2]}
	}
	k.loop("CX", 1, func() {
		k.ins("MOVQ", "DI", "AX")
		for i := range 3 {
			k.ins("MOVQ", "SI", winoRow[i])
			k.ins("ADDQ", k.element("RowAt", i, 8), winoRow[i])
		}
		for row := range 4 {
			// Row of G·g, from the filter's rows.
			var t [3]int
			for col := range 3 {
				t[col] = k.reg()
				at := func(r int) string { return indexed(winoRow[r], 0, winoCol[col], 1) }
				switch row {
				case 0, 3:
					k.move(t[col], at(row/3*2))
				default:
					k.move(t[col], at(0))
					k.add(t[col], t[col], at(2))
					if row == 1 {
						k.add(t[col], t[col], at(1))
					} else {
						k.sub(t[col], t[col], at(1))
					}
					k.mul(t[col], t[col], half)
				}
			}
			u := expand(t)
			k.release(t[1])
			for _, x := range u {
				k.ins("VMOVUPS", k.v(x), mem("AX", 0))
				k.ins("ADDQ", k.field("Matrix"), "AX")
				k.release(x)
			}
		}
		k.ins("ADDQ", k.field("SrcStep"), "SI")
		k.ins("ADDQ", k.field("DstStep"), "DI")
	})
}

func winogradInput(k *kernel) {
	k.get("SI", "Src", "DI", "Dst", "CX", "Count")
	for i := range 4 {
		k.ins("MOVQ", k.element("ColAt", i, 8), winoCol[i])
	}
	top, piece := k.fresh("channel"), k.fresh("piece")
	k.label(top)
	k.ins("MOVQ", "CX", mem("SP", 8)) // CX counts the pieces
	k.get("DX", "Pieces", "CX", "PieceCount")
	k.label(piece)
	for i := range 4 {
		k.ins("MOVQ", mem("DX", 0), winoRow[i])
		k.ins("ADDQ", "SI", winoRow[i])
		k.ins("ADDQ", k.element("RowAt", i, 8), winoRow[i])
	}
	k.ins("MOVQ", mem("DX", 8), "AX")
	k.ins("ADDQ", "DI", "AX")
	// Two rows of Bᵀ·d at a time: d0−d2 and d1+d2, then d2−d1 and d1−d3.
	for part := range 2 {
		var t [2][4]int
		for col := range 4 {
			at := func(r int) string { return indexed(winoRow[r], 0, winoCol[col], 1) }
			a, b := k.reg(), k.reg()
			d := k.reg()
			if part == 0 {
				k.move(d, at(2))
				k.move(a, at(0))
				k.sub(a, a, d)
				k.add(b, d, at(1))
			} else {
				k.move(d, at(1))
				k.move(a, at(2))
				k.sub(a, a, d)
				k.sub(b, d, at(3))
			}
			k.release(d)
			t[0][col], t[1][col] = a, b
		}
		for _, r := range t {
			x := k.reg()
			put := func() {
				k.ins("VMOVUPS", k.v(x), mem("AX", 0))
				k.ins("ADDQ", k.field("Matrix"), "AX")
			}
			k.sub(x, r[0], r[2])
			put()
			k.add(x, r[1], r[2])
			put()
			k.sub(x, r[2], r[1])
			put()
			k.sub(x, r[1], r[3])
			put()
			k.release(x)
			k.release(r[:]...)
		}
	}
	k.ins("ADDQ", "$32", "DX")
	k.ins("DECQ", "CX")
	k.ins("JNE", piece)
	k.ins("MOVQ", mem("SP", 8), "CX")
	k.ins("ADDQ", k.field("SrcStep"), "SI")
	k.ins("ADDQ", k.field("DstStep"), "DI")
	k.ins("DECQ", "CX")
	k.ins("JNE", top)
}

func winogradOutput(k *kernel) {
	k.get("SI", "Src", "DI", "Dst", "R8", "Count", "R9", "Matrix", "R10", "Bias")
	top, piece, biased, one := k.fresh("channel"), k.fresh("piece"), k.fresh("biased"), k.fresh("one")
	bias := k.zero()
	k.label(top)
	k.jump("JEQ", "R10", "$0", biased)
	k.ins("VBROADCASTSS", mem("R10", 0), k.v(bias))
	k.ins("ADDQ", "$4", "R10")
	k.label(biased)
	k.get("DX", "Pieces", "R11", "PieceCount")
	k.label(piece)
	k.ins("MOVQ", mem("DX", 0), "AX")
	k.ins("ADDQ", "SI", "AX")
	k.ins("MOVQ", mem("DX", 8), "R12")
	k.ins("ADDQ", "DI", "R12")
	// Along the rows as the matrices come: m0+m1+m2 and m1−m2−m3.
	var sums [2][2]int // by row and column of the output
	for row := range 4 {
		var m [4]int
		for col := range 4 {
			m[col] = k.reg()
			k.move(m[col], mem("AX", 0))
			if row < 3 || col < 3 {
				k.ins("ADDQ", "R9", "AX")
			}
		}
		a, b := k.reg(), k.reg()
		k.add(a, m[1], m[2])
		k.add(a, a, m[0])
		k.sub(b, m[1], m[2])
		k.sub(b, b, m[3])
		k.release(m[:]...)
		t := [2]int{a, b}
		for col := range 2 {
			switch row {
			case 0:
				sums[0][col] = k.reg()
				k.add(sums[0][col], t[col], bias)
			case 1:
				sums[1][col] = k.reg()
				k.add(sums[0][col], sums[0][col], t[col])
				k.add(sums[1][col], t[col], bias)
			case 2:
				k.add(sums[0][col], sums[0][col], t[col])
				k.sub(sums[1][col], sums[1][col], t[col])
			case 3:
				k.sub(sums[1][col], sums[1][col], t[col])
			}
		}
		k.release(a, b)
	}
	masks := k.pieceMasks()
	for row := range 2 {
		if row == 1 {
			k.ins("CMPQ", mem("DX", 24), "$1")
			k.ins("JEQ", one)
			k.ins("ADDQ", k.field("Row"), "R12")
		}
		low, high := k.interleave(sums[row][0], sums[row][1])
		k.storeMasked(low, masks[0], mem("R12", 0), 1)
		k.storeMasked(high, masks[1], mem("R12", k.bytes()), 2)
		k.release(low, high)
	}
	k.label(one)
	k.ins("ADDQ", "$32", "DX")
	k.ins("DECQ", "R11")
	k.ins("JNE", piece)
	k.ins("ADDQ", k.field("SrcStep"), "SI")
	k.ins("ADDQ", k.field("DstStep"), "DI")
	k.ins("DECQ", "R8")
	k.ins("JNE", top)
}

// pieceMasks makes masks of the columns of a run: K1 and K2, or registers.
func (k *kernel) pieceMasks() (masks [2]int) {
	k.ins("MOVQ", mem("DX", 16), "CX")
	if k.wide() {
		k.ins("MOVQ", "$-1", "AX")
		k.ins("SHLQ", "CX", "AX")
		k.ins("NOTQ", "AX")
		k.ins("KMOVW", "AX", "K1")
		k.ins("SHRQ", "$16", "AX")
		k.ins("KMOVW", "AX", "K2")
		return masks
	}
	k.ins("LEAQ", k.src.table("windows", windowsTable), "AX")
	k.ins("SHLQ", "$2", "CX")
	k.ins("SUBQ", "CX", "AX")
	for i := range masks {
		masks[i] = k.reg()
		k.move(masks[i], mem("AX", 64+32*i))
	}
	return masks
}

// windowsTable is sixteen words of ones and sixteen zeros: from word 16−n on it
// is two masks of n elements together.
var windowsTable = func() []uint32 {
	t := make([]uint32, 32)
	for i := range 16 {
		t[i] = 0xffffffff
	}
	return t
}()

func (k *kernel) storeMasked(x, mask int, to string, n int) {
	if k.wide() {
		k.ins("VMOVUPS", k.v(x), []string{"", "K1", "K2"}[n], to)
		return
	}
	k.ins("VMASKMOVPS", k.v(x), k.v(mask), to)
}

// interleave gives a0 b0 a1 b1 … in two registers.
func (k *kernel) interleave(a, b int) (low, high int) {
	low, high = k.reg(), k.reg()
	if k.wide() {
		k.move(low, k.src.table("evenodd", interleaved(0)))
		k.move(high, k.src.table("oddeven", interleaved(8)))
		k.ins("VPERMI2PS", k.v(b), k.v(a), k.v(low))
		k.ins("VPERMI2PS", k.v(b), k.v(a), k.v(high))
		return low, high
	}
	t := k.reg()
	k.ins("VUNPCKLPS", k.v(b), k.v(a), k.v(t))
	k.ins("VUNPCKHPS", k.v(b), k.v(a), k.v(high))
	k.ins("VPERM2F128", "$0x20", k.v(high), k.v(t), k.v(low))
	k.ins("VPERM2F128", "$0x31", k.v(high), k.v(t), k.v(high))
	k.release(t)
	return low, high
}

// interleaved is the order of elements of two vectors from element i on.
func interleaved(from int) []uint32 {
	t := make([]uint32, 16)
	for i := range t {
		t[i] = uint32(from + i/2 + i%2*16)
	}
	return t
}
