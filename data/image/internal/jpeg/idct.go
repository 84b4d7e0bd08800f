package jpeg

// Fixed-point constants of the inverse DCT, times 2¹³.
const (
	constBits = 13
	passBits  = 2

	fix0_298631336 = 2446
	fix0_390180644 = 3196
	fix0_541196100 = 4433
	fix0_765366865 = 6270
	fix0_899976223 = 7373
	fix1_175875602 = 9633
	fix1_501321110 = 12299
	fix1_847759065 = 15137
	fix1_961570560 = 16069
	fix2_053119869 = 16819
	fix2_562915447 = 20995
	fix3_072711026 = 25172
)

// idct writes the 8×8 samples of a block of dequantized coefficients (row-major)
// to dst, whose rows are stride apart. It is the algorithm of Loeffler,
// Ligtenberg and Moschytz (ICASSP 1989) with 11 multiplications a row, in the
// integer arithmetic of libjpeg's jidctint.c, columns first.
func idct(b *[64]int32, dst []byte, stride int) {
	for i := range 8 {
		if b[8+i]|b[16+i]|b[24+i]|b[32+i]|b[40+i]|b[48+i]|b[56+i] == 0 {
			v := b[i] << passBits
			for k := range 8 {
				b[8*k+i] = v
			}
			continue
		}
		o := transform(b[i], b[8+i], b[16+i], b[24+i], b[32+i], b[40+i], b[48+i], b[56+i])
		const shift = constBits - passBits
		for k, v := range o {
			b[8*k+i] = (v + 1<<(shift-1)) >> shift
		}
	}
	for k := range 8 {
		row := (*[8]int32)(b[8*k:])
		out := (*[8]byte)(dst[k*stride:])
		if row[1]|row[2]|row[3]|row[4]|row[5]|row[6]|row[7] == 0 {
			v := sample((row[0] + 1<<(passBits+2)) >> (passBits + 3))
			for i := range out {
				out[i] = v
			}
			continue
		}
		o := transform(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])
		const shift = constBits + passBits + 3
		for i, v := range o {
			out[i] = sample((v + 1<<(shift-1)) >> shift)
		}
	}
}

// sample shifts the level and clamps.
func sample(v int32) byte {
	v += 128
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}

// transform is the inverse DCT of eight numbers, times 2¹³·√8.
func transform(c0, c1, c2, c3, c4, c5, c6, c7 int32) [8]int32 {
	// Even part.
	z1 := (c2 + c6) * fix0_541196100
	t2 := z1 - c6*fix1_847759065
	t3 := z1 + c2*fix0_765366865
	t0 := (c0 + c4) << constBits
	t1 := (c0 - c4) << constBits
	e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2

	// Odd part.
	z1, z2, z3, z4 := c7+c1, c5+c3, c7+c3, c5+c1
	z5 := (z3 + z4) * fix1_175875602
	z1 *= -fix0_899976223
	z2 *= -fix2_562915447
	z3 = z3*-fix1_961570560 + z5
	z4 = z4*-fix0_390180644 + z5
	o0 := c7*fix0_298631336 + z1 + z3
	o1 := c5*fix2_053119869 + z2 + z4
	o2 := c3*fix3_072711026 + z2 + z3
	o3 := c1*fix1_501321110 + z1 + z4

	return [8]int32{e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3}
}
