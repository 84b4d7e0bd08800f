package asm

func cpuid(leaf, sub uint32) (a, b, c, d uint32)

// xgetbv is the lower half of XCR0: which registers the system saves.
func xgetbv() uint32

// Bits of CPUID and XCR0 (Intel's manual, volume 1, chapters 13 and 14).
const (
	osxsave, avx, fma = 1 << 27, 1 << 28, 1 << 12 // leaf 1, c
	avx2Bit           = 1 << 5                    // leaf 7, b
	// F, DQ, BW and VL.
	avx512Bits = 1<<16 | 1<<17 | 1<<30 | 1<<31

	ymmState = 1<<1 | 1<<2
	zmmState = ymmState | 1<<5 | 1<<6 | 1<<7
)

// Available are the instruction sets of this processor and system, the best one
// first.
func Available() (sets []ISA) {
	if top, _, _, _ := cpuid(0, 0); top < 7 {
		return nil
	}
	_, _, c, _ := cpuid(1, 0)
	if want := uint32(osxsave | avx | fma); c&want != want {
		return nil
	}
	state := xgetbv()
	_, b, _, _ := cpuid(7, 0)
	if b&avx512Bits == avx512Bits && state&zmmState == zmmState && b&avx2Bit != 0 {
		sets = append(sets, AVX512)
	}
	if b&avx2Bit != 0 && state&ymmState == ymmState {
		sets = append(sets, AVX2)
	}
	return sets
}
