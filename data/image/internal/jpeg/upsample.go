package jpeg

// row is a component's samples for row y of the image, upsampled if need be,
// as libjpeg-turbo does it: "fancy", that is by a triangle filter, for ratios
// of two; by repeating samples for others.
func (c *component) row(d *Decoder, i, y int) []byte {
	hr, vr := d.maxH/c.h, d.maxV/c.v
	stride := 8 * c.bw
	at := func(y int) []byte {
		y = max(0, min(y, c.dh-1))
		return c.plane[y*stride : y*stride+c.dw]
	}
	if hr == 1 && vr == 1 {
		return at(y)
	}
	d.rows[i] = sized(d.rows[i], c.dw*hr)
	out := d.rows[i]
	// The rows that row y lies between, the nearer one first.
	near, far := y/vr, y/vr-1
	if y%vr != 0 {
		far = near + 1
	}
	switch {
	case hr == 2 && vr == 1 && c.dw > 2:
		doubleWidth(out, at(near))
	case hr == 2 && vr == 2 && c.dw > 2:
		d.sums = sized(d.sums, c.dw)
		doubleBoth(out, at(near), at(far), d.sums)
	case hr == 1 && vr == 2:
		doubleHeight(out, at(near), at(far), 1+y%2)
	default:
		for x, v := range at(near) {
			for k := range hr {
				out[x*hr+k] = v
			}
		}
	}
	return out
}

// doubleWidth weights the nearer sample by ¾, the further by ¼. Roundings
// alternate between ½ down and ½ up, so that there is no bias.
func doubleWidth(out, in []byte) {
	last := len(in) - 1
	out[0] = in[0]
	out[1] = byte((int(in[0])*3 + int(in[1]) + 2) >> 2)
	for x := 1; x < last; x++ {
		v := int(in[x]) * 3
		out[2*x] = byte((v + int(in[x-1]) + 1) >> 2)
		out[2*x+1] = byte((v + int(in[x+1]) + 2) >> 2)
	}
	out[2*last] = byte((int(in[last])*3 + int(in[last-1]) + 1) >> 2)
	out[2*last+1] = in[last]
}

// doubleHeight is the same between rows; bias is 1 for the upper of two rows,
// 2 for the lower.
func doubleHeight(out, near, far []byte, bias int) {
	for x, v := range near {
		out[x] = byte((int(v)*3 + int(far[x]) + bias) >> 2)
	}
}

// doubleBoth is both at once, rounded once; sums is memory for len(near) sums.
func doubleBoth(out, near, far []byte, sums []int) {
	for x, v := range near {
		sums[x] = int(v)*3 + int(far[x])
	}
	last := len(sums) - 1
	out[0] = byte((sums[0]*4 + 8) >> 4)
	out[1] = byte((sums[0]*3 + sums[1] + 7) >> 4)
	for x := 1; x < last; x++ {
		v := sums[x] * 3
		out[2*x] = byte((v + sums[x-1] + 8) >> 4)
		out[2*x+1] = byte((v + sums[x+1] + 7) >> 4)
	}
	out[2*last] = byte((sums[last]*3 + sums[last-1] + 8) >> 4)
	out[2*last+1] = byte((sums[last]*4 + 7) >> 4)
}
