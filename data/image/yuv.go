package image

import stdimage "image"

// fromYUV converts the planes of a lossy WebP as libwebp does: limited-range
// BT.601 in its fixed-point arithmetic, chroma upsampled by its "fancy" filter
// (dsp/yuv.h and dsp/upsampling.c of libwebp 1.3). The standard library's
// conversion takes the planes for JPEG's full range, which washes colours out.
func fromYUV(dst *Image, m *stdimage.YCbCr) {
	u, v := make([]int, dst.W), make([]int, dst.W)
	height := (dst.H + 1) / 2
	for y := range dst.H {
		// The rows of chroma that row y lies between, the nearer one first.
		near, far := y/2, y/2-1
		if y%2 == 1 {
			far = near + 1
		}
		far = max(0, min(far, height-1))
		upsample(u, m.Cb[near*m.CStride:], m.Cb[far*m.CStride:])
		upsample(v, m.Cr[near*m.CStride:], m.Cr[far*m.CStride:])
		luma := m.Y[y*m.YStride:]
		out := dst.row(y)
		for x := range dst.W {
			l := int(luma[x]) * 19077 >> 8
			o := out[3*x : 3*x+3 : 3*x+3]
			o[0] = clip6(l + v[x]*26149>>8 - 14234)
			o[1] = clip6(l - u[x]*6419>>8 - v[x]*13320>>8 + 8708)
			o[2] = clip6(l + u[x]*33050>>8 - 17685)
		}
	}
}

// clip6 drops six fractional bits.
func clip6(v int) byte { return byte(max(0, min(v>>6, 255))) }

// upsample weights the four nearest samples by 9, 3, 3 and 1 sixteenths, in
// libwebp's order of roundings.
func upsample(out []int, near, far []byte) {
	edge := func(i int) int { return (3*int(near[i]) + int(far[i]) + 2) >> 2 }
	n := len(out)
	out[0] = edge(0)
	for x := 1; x < n; x++ {
		// Between chroma samples l and l+1; x odd is nearer to l.
		l := (x - 1) / 2
		if l+1 == (n+1)/2 {
			out[x] = edge(l)
			continue
		}
		a, b, c, d := int(near[l]), int(near[l+1]), int(far[l]), int(far[l+1])
		if x%2 == 0 {
			a, b, c, d = b, a, d, c
		}
		out[x] = (a + (a+b+c+d+8+2*(b+c))>>3) >> 1
	}
}
