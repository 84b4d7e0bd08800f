package image

import "math"

// affine maps the coordinates of a result to those of its source:
// x' = a·x + b·y + c, y' = d·x + e·y + f, pixels being unit squares.
type affine [6]float64

// around is torchvision's inverse affine matrix: of a rotation (degrees,
// clockwise), shear (degrees, in x and y) and scale around the centre (cx, cy),
// followed by a shift by (tx, ty).
func around(cx, cy float64, p placement) affine {
	rot, sx, sy := radians(p.angle), radians(p.shearX), radians(p.shearY)
	a := math.Cos(rot-sy) / math.Cos(sy)
	b := float64(-math.Cos(rot-sy)*math.Tan(sx)/math.Cos(sy)) - math.Sin(rot)
	c := math.Sin(rot-sy) / math.Cos(sy)
	d := float64(-math.Sin(rot-sy)*math.Tan(sx)/math.Cos(sy)) + math.Cos(rot)
	m := affine{d / p.scale, -b / p.scale, 0, -c / p.scale, a / p.scale, 0}
	m[2] = float64(m[0]*(-cx-p.tx)) + float64(m[1]*(-cy-p.ty)) + cx
	m[5] = float64(m[3]*(-cx-p.tx)) + float64(m[4]*(-cy-p.ty)) + cy
	return m
}

// placement is the parameters of an affine map.
type placement struct{ angle, tx, ty, scale, shearX, shearY float64 }

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// nearest draws src through the map as Pillow's Image.transform with NEAREST
// does: in 16.16 fixed point, or without rotation by columns and rows. Where
// the source has no pixel, fill stands (nil is black).
func (a affine) nearest(dst, src *Image, fill []byte) {
	paint(dst, fill)
	if a[1] == 0 && a[3] == 0 {
		a.byColumns(dst, src)
		return
	}
	fix := func(v float64) int { return int(math.Floor(float64(v*65536) + 0.5)) }
	half := func(p, q, r float64) int { return fix(r + float64(p*0.5) + float64(q*0.5)) }
	xx, yy := half(a[0], a[1], a[2]), half(a[3], a[4], a[5])
	for y := range dst.H {
		u, v := xx, yy
		out := dst.row(y)
		for x := range dst.W {
			if sx, sy := u>>16, v>>16; sx >= 0 && sx < src.W && sy >= 0 && sy < src.H {
				copy(out[x*dst.C:(x+1)*dst.C], src.Pix[(sy*src.W+sx)*src.C:])
			}
			u += fix(a[0])
			v += fix(a[3])
		}
		xx += fix(a[1])
		yy += fix(a[4])
	}
}

func (a affine) byColumns(dst, src *Image) {
	columns := make([]int, dst.W)
	u := a[2] + float64(a[0]*0.5)
	for x := range columns {
		columns[x] = int(math.Floor(u))
		u += a[0]
	}
	v := a[5] + float64(a[4]*0.5)
	for y := range dst.H {
		sy := int(math.Floor(v))
		v += a[4]
		if sy < 0 || sy >= src.H {
			continue
		}
		in, out := src.row(sy), dst.row(y)
		for x, sx := range columns {
			if sx >= 0 && sx < src.W {
				copy(out[x*dst.C:(x+1)*dst.C], in[sx*src.C:])
			}
		}
	}
}

// bilinear is the same with interpolation between the four nearest pixels
// (Pillow's Geometry.c: in float64, the result truncated).
func (a affine) bilinear(dst, src *Image, fill []byte) {
	paint(dst, fill)
	for y := range dst.H {
		out := dst.row(y)
		py := float64(y) + 0.5
		for x := range dst.W {
			px := float64(x) + 0.5
			u := float64(a[0]*px) + float64(a[1]*py) + a[2]
			v := float64(a[3]*px) + float64(a[4]*py) + a[5]
			if !(u >= 0 && u < float64(src.W) && v >= 0 && v < float64(src.H)) {
				continue
			}
			interpolate(out[x*dst.C:(x+1)*dst.C], src, u-0.5, v-0.5)
		}
	}
}

func interpolate(out []byte, src *Image, u, v float64) {
	fx, fy := math.Floor(u), math.Floor(v)
	dx, dy := u-fx, v-fy
	x, y := int(fx), int(fy)
	x0, x1 := max(0, x)*src.C, min(x+1, src.W-1)*src.C
	upper := src.row(max(0, y))
	lower := upper
	if y+1 < src.H {
		lower = src.row(y + 1)
	}
	for c := range out {
		p, q := float64(upper[x0+c]), float64(lower[x0+c])
		p += float64((float64(upper[x1+c]) - p) * dx)
		q += float64((float64(lower[x1+c]) - q) * dx)
		out[c] = byte(p + float64((q-p)*dy))
	}
}

// paint fills an image with one colour.
func paint(m *Image, fill []byte) {
	if fill == nil {
		clear(m.Pix)
		return
	}
	for i := 0; i < len(m.Pix); i += m.C {
		copy(m.Pix[i:i+m.C], fill)
	}
}
