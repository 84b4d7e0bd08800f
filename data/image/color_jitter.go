package image

import (
	"fmt"
	"math"
)

// ColorJitter changes brightness, contrast, saturation and hue by random
// amounts, in random order (torchvision.transforms.ColorJitter). A factor whose
// range is empty is left alone.
type ColorJitter struct {
	Brightness Factor `config:"brightness"`
	Contrast   Factor `config:"contrast"`
	Saturation Factor `config:"saturation"`
	// Hue is a shift as a share of the colour circle, within ±0.5.
	Hue Range `config:"hue"`
}

func (t ColorJitter) check() error {
	if t.Hue.Low < -0.5 || t.Hue.High > 0.5 || t.Hue.Low > t.Hue.High {
		return fmt.Errorf("hue is the range from %v to %v; it must lie within -0.5 and 0.5", t.Hue.Low, t.Hue.High)
	}
	for _, f := range []Factor{t.Brightness, t.Contrast, t.Saturation} {
		if err := f.check("a factor", 0); err != nil {
			return err
		}
	}
	return nil
}

// Apply implements Transform.
func (t ColorJitter) Apply(s *Scratch, src *Image) (*Image, error) {
	order := [4]int{0, 1, 2, 3}
	s.Rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	ranges := [4]Range{t.Brightness.Range, t.Contrast.Range, t.Saturation.Range, t.Hue}
	change := [4]func(*Image, float64){brighten, contrast, saturate, shiftHue}
	for _, k := range order {
		if r := ranges[k]; r != (Range{}) {
			change[k](src, s.Rand.Uniform(r.Low, r.High))
		}
	}
	return src, nil
}

// blend moves a sample from base by the factor, as Pillow's Image.blend: in
// float32, truncated.
func blend(base, v byte, factor float32) byte {
	f := float32(base) + float32(factor*float32(int(v)-int(base)))
	return byte(max(0, min(f, 255)))
}

func brighten(m *Image, factor float64) {
	for i, v := range m.Pix {
		m.Pix[i] = blend(0, v, float32(factor))
	}
}

// contrast blends with the mean luma.
func contrast(m *Image, factor float64) {
	sum := 0
	for i := 0; i < len(m.Pix); i += m.C {
		if m.C == 3 {
			sum += int(luma(m.Pix[i:]))
		} else {
			sum += int(m.Pix[i])
		}
	}
	mean := byte(float64(sum)/float64(m.W*m.H) + 0.5)
	for i, v := range m.Pix {
		m.Pix[i] = blend(mean, v, float32(factor))
	}
}

// saturate blends with the gray image.
func saturate(m *Image, factor float64) {
	if m.C != 3 {
		return
	}
	for i := 0; i < len(m.Pix); i += 3 {
		p := m.Pix[i : i+3 : i+3]
		gray := luma(p)
		for c, v := range p {
			p[c] = blend(gray, v, float32(factor))
		}
	}
}

// shiftHue goes by way of Pillow's 8-bit HSV.
func shiftHue(m *Image, shift float64) {
	if m.C != 3 {
		return
	}
	by := byte(int(shift * 255))
	for i := 0; i < len(m.Pix); i += 3 {
		p := m.Pix[i : i+3 : i+3]
		h, s, v := toHSV(p[0], p[1], p[2])
		p[0], p[1], p[2] = fromHSV(h+by, s, v)
	}
}

// toHSV is rgb2hsv of Pillow's Convert.c.
func toHSV(r, g, b byte) (h, s, v byte) {
	hi, lo := max(r, g, b), min(r, g, b)
	if hi == lo {
		return 0, 0, hi
	}
	span := float32(hi - lo)
	rc, gc, bc := float32(hi-r)/span, float32(hi-g)/span, float32(hi-b)/span
	var hue float32
	switch hi {
	case r:
		hue = bc - gc
	case g:
		hue = float32(2 + float64(rc) - float64(bc))
	default:
		hue = float32(4 + float64(gc) - float64(rc))
	}
	hue = float32(math.Mod(float64(hue)/6+1, 1))
	return byte(float64(hue) * 255), byte(float64(span/float32(hi)) * 255), hi
}

// fromHSV is hsv2rgb of Pillow's Convert.c.
func fromHSV(h, s, v byte) (r, g, b byte) {
	if s == 0 {
		return v, v, v
	}
	turn := float64(float32(h)) * 6 / 255
	i := math.Floor(turn)
	f := float64(float32(turn - i))
	fs, fv := float64(float32(s)/255), float64(v)
	p := round8(fv * (1 - fs))
	q := round8(fv * (1 - float64(fs*f)))
	t := round8(fv * (1 - float64(fs*(1-f))))
	switch int(i) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}

func round8(v float64) byte { return byte(max(0, min(math.Round(v), 255))) }
