package asm

// ISA is an instruction set that there are kernels for.
type ISA uint8

// The instruction sets; AVX2 goes with FMA.
const (
	AVX512 ISA = iota + 1
	AVX2
)

// Width is the number of float32 in a vector.
func (x ISA) Width() int {
	if x == AVX512 {
		return 16
	}
	return 8
}

// Rows is the most rows of a panel that a Tile has.
func (x ISA) Rows() int {
	if x == AVX512 {
		return 14
	}
	return 6
}

func (x ISA) String() string {
	switch x {
	case AVX512:
		return "avx512"
	case AVX2:
		return "avx2"
	}
	return "none"
}
