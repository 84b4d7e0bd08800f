package asm

// Spin says how long to do nothing of use: the yardstick of the other kernels.
type Spin struct{ Rounds int }

// SpinFlops is the floating-point operations of one round.
func (x ISA) SpinFlops() float64 {
	if x == AVX512 {
		return 28 * 16 * 2
	}
	return 12 * 8 * 2
}
