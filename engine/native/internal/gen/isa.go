package main

import "fmt"

// isa is an instruction set as the kernels see it.
type isa struct {
	name   string
	suffix string
	width  int    // floats of a vector
	letter string // of a vector register
	regs   int
	rows   int // of the tile of a matrix product, which is two vectors wide
}

var (
	avx512 = &isa{name: "AVX512", suffix: "avx512", width: 16, letter: "Z", regs: 32, rows: 14}
	avx2   = &isa{name: "AVX2", suffix: "avx2", width: 8, letter: "Y", regs: 16, rows: 6}
)

func (x *isa) wide() bool { return x == avx512 }

// v is vector register i.
func (x *isa) v(i int) string {
	if i >= x.regs {
		panic(fmt.Sprintf("gen: %s has no register %d", x.name, i))
	}
	return fmt.Sprintf("%s%d", x.letter, i)
}

// half is the lower half of vector register i, xmm its lowest 128 bits.
func (x *isa) half(i int) string {
	if x.wide() {
		return fmt.Sprintf("Y%d", i)
	}
	return xmm(i)
}

func y(i int) string   { return fmt.Sprintf("Y%d", i) }
func xmm(i int) string { return fmt.Sprintf("X%d", i) }

// bytes of a vector.
func (x *isa) bytes() int { return 4 * x.width }
