package safetensors

import "math"

// fromF16 widens an IEEE 754 half.
func fromF16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac·2⁻²⁴, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// toF16 rounds to the nearest half, ties to even; what is too large becomes
// infinite, and a NaN stays one.
func toF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign, mag := uint16(b>>16&0x8000), b&0x7fffffff
	switch {
	case mag > 0x7f800000:
		return sign | 0x7e00 | uint16(mag>>13&0x3ff)
	case mag >= 0x47800000: // 2¹⁶ and above
		return sign | 0x7c00
	case mag < 0x38800000: // below 2⁻¹⁴: adding ½ rounds to multiples of 2⁻²⁴
		return sign | uint16(math.Float32bits(math.Float32frombits(mag)+0.5)-math.Float32bits(0.5))
	}
	// The carry of the rounding may reach the exponent, and infinity.
	mag += 0xfff + mag>>13&1
	return sign | uint16(mag>>13-(127-15)<<10)
}

// fromBF16 widens a bfloat16.
func fromBF16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// toBF16 rounds to the nearest bfloat16, ties to even; a NaN stays one.
func toBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}
