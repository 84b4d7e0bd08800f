package jpeg

// Fixed-point conversion of chroma to colour, times 2¹⁶, tabulated by chroma:
// R = Y + 1.402·Cr, G = Y − 0.344136·Cb − 0.714136·Cr, B = Y + 1.772·Cb (JFIF),
// with libjpeg's constants and rounding.
type chroma struct {
	crR, cbB [256]int32
	crG, cbG [256]int32
}

var ycc = func() *chroma {
	t := &chroma{}
	for i := range 256 {
		x := int32(i) - 128
		t.crR[i] = (91881*x + 1<<15) >> 16
		t.cbB[i] = (116130*x + 1<<15) >> 16
		t.crG[i] = -46802 * x
		t.cbG[i] = -22554*x + 1<<15
	}
	return t
}()

func clamp(v int32) byte {
	if uint32(v) > 255 {
		return byte(^(v >> 31))
	}
	return byte(v)
}

// convert writes the pixels of the finished planes.
func (d *Decoder) convert(dst []byte) {
	n := len(d.comps)
	toRGB := d.ycc()
	for y := range d.height {
		out := dst[y*d.width*n : (y+1)*d.width*n]
		luma := d.comps[0].row(d, 0, y)
		if n == 1 {
			copy(out, luma)
			continue
		}
		// Component 0 may be upsampled, too; rows holds one row of each.
		cb, cr := d.comps[1].row(d, 1, y), d.comps[2].row(d, 2, y)
		switch {
		case n == 4:
			interleave4(out, luma, cb, cr, d.comps[3].row(d, 3, y), toRGB)
		case toRGB:
			rgb(out, luma, cb, cr)
		default:
			for x := range d.width {
				out[3*x], out[3*x+1], out[3*x+2] = luma[x], cb[x], cr[x]
			}
		}
	}
}

func rgb(out, luma, cb, cr []byte) {
	n := len(out) / 3
	luma, cb, cr = luma[:n], cb[:n], cr[:n]
	for x, l := range luma {
		y, u, v := int32(l), cb[x], cr[x]
		o := out[3*x : 3*x+3 : 3*x+3]
		o[0] = clamp(y + ycc.crR[v])
		o[1] = clamp(y + (ycc.cbG[u]+ycc.crG[v])>>16)
		o[2] = clamp(y + ycc.cbB[u])
	}
}

// interleave4 makes CMYK; of YCCK the first three are turned into CMY, which
// is inverted RGB.
func interleave4(out, c, m, y, k []byte, ycck bool) {
	for x := range len(out) / 4 {
		o := out[4*x : 4*x+4 : 4*x+4]
		o[0], o[1], o[2], o[3] = c[x], m[x], y[x], k[x]
		if ycck {
			l, u, v := int32(c[x]), m[x], y[x]
			o[0] = clamp(255 - (l + ycc.crR[v]))
			o[1] = clamp(255 - (l + (ycc.cbG[u]+ycc.crG[v])>>16))
			o[2] = clamp(255 - (l + ycc.cbB[u]))
		}
	}
}
