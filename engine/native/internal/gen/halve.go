package main

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// halves parts the elements of rows by whether their number is even.
func halves(s *sources) {
	s.kernel("halve", "parts the even and the odd elements of rows of planes.", asm.Halve{}, func(k *kernel) {
		k.get("R8", "Planes", "R9", "Src")
		k.ins("MOVQ", k.element("Dst", 0, 8), "R10")
		k.ins("MOVQ", k.element("Dst", 1, 8), "R11")
		plane, row := k.fresh("plane"), k.fresh("row")
		k.label(plane)
		k.ins("MOVQ", "R9", "SI")
		k.ins("XORL", "DI", "DI") // from the beginning of the plane's Dst
		k.get("R12", "Rows")
		k.label(row)
		k.halveRow()
		k.ins("ADDQ", k.field("SrcRow"), "SI")
		k.ins("ADDQ", k.field("DstRow"), "DI")
		k.ins("DECQ", "R12")
		k.ins("JNE", row)
		k.ins("ADDQ", k.field("SrcPlane"), "R9")
		k.ins("ADDQ", k.field("DstPlane"), "R10")
		k.ins("ADDQ", k.field("DstPlane"), "R11")
		k.ins("DECQ", "R8")
		k.ins("JNE", plane)
	})
}

// halveRow parts the row at SI, two vectors at a time. What it reads behind the
// row's end is masked, and so is what it writes.
func (k *kernel) halveRow() {
	top, full, end := k.fresh("part"), k.fresh("full"), k.fresh("end")
	k.get("R14", "Cols")
	k.ins("XORL", "DX", "DX") // bytes of Dst that are written
	k.label(top)
	k.jump("JLE", "R14", "$0", end)
	a, b := k.reg(), k.reg()
	k.ins("LEAQ", indexed("SI", 0, "DX", 2), "R13")
	k.jump("JGE", "R14", imm(2*k.width), full)
	for i, x := range []int{a, b} {
		k.ins("MOVQ", "R14", "CX")
		k.limit("CX", i*k.width)
		k.prefixMask("CX")
		k.load(x, mem("R13", i*k.bytes()))
	}
	whole := k.fresh("loaded")
	k.ins("JMP", whole)
	k.label(full)
	k.move(a, mem("R13", 0))
	k.move(b, mem("R13", k.bytes()))
	k.label(whole)
	even, odd := k.part(a, b)
	for i, x := range []int{even, odd} {
		k.ins("MOVQ", k.element("Keep", i, 8), "CX")
		k.ins("MOVQ", "DX", "R13")
		k.ins("SHRQ", "$2", "R13")
		k.ins("SUBQ", "R13", "CX")
		k.limit("CX", 0)
		k.prefixMask("CX")
		k.ins("LEAQ", indexed([]string{"R10", "R11"}[i], 0, "DX", 1), "R13")
		k.store(x, indexed("R13", 0, "DI", 1))
	}
	k.release(a, b, even, odd)
	k.ins("ADDQ", imm(k.bytes()), "DX")
	k.ins("SUBQ", imm(2*k.width), "R14")
	k.ins("JMP", top)
	k.label(end)
}

// limit lowers a count by less and keeps it between 0 and a vector's elements.
func (k *kernel) limit(count string, less int) {
	k.ins("SUBQ", imm(less), count)
	k.ins("XORL", "AX", "AX")
	k.ins("CMPQ", count, "$0")
	k.ins("CMOVQLT", "AX", count)
	k.ins("MOVQ", imm(k.width), "AX")
	k.ins("CMPQ", count, "AX")
	k.ins("CMOVQGT", "AX", count)
}

// load and store move the elements that prefixMask told.
func (k *kernel) load(x int, from string) {
	if k.wide() {
		k.ins("VMOVUPS.Z", from, "K1", k.v(x))
		return
	}
	k.ins("VMASKMOVPS", from, "Y15", k.v(x))
}

func (k *kernel) store(x int, to string) {
	if k.wide() {
		k.ins("VMOVUPS", k.v(x), "K1", to)
		return
	}
	k.ins("VMASKMOVPS", k.v(x), "Y15", to)
}

// part gives the even and the odd elements of two vectors together.
func (k *kernel) part(a, b int) (even, odd int) {
	even, odd = k.reg(), k.reg()
	if k.wide() {
		k.move(even, k.src.table("evens", everySecond(0)))
		k.move(odd, k.src.table("odds", everySecond(1)))
		k.ins("VPERMI2PS", k.v(b), k.v(a), k.v(even))
		k.ins("VPERMI2PS", k.v(b), k.v(a), k.v(odd))
		return even, odd
	}
	// Within the halves of a register, and then their quarters.
	k.ins("VSHUFPS", "$0x88", k.v(b), k.v(a), k.v(even))
	k.ins("VSHUFPS", "$0xdd", k.v(b), k.v(a), k.v(odd))
	k.ins("VPERMPD", "$0xd8", k.v(even), k.v(even))
	k.ins("VPERMPD", "$0xd8", k.v(odd), k.v(odd))
	return even, odd
}

// everySecond is the order of elements of two vectors: from, from+2, …
func everySecond(from int) []uint32 {
	t := make([]uint32, 16)
	for i := range t {
		t[i] = uint32(from + 2*i)
	}
	return t
}
