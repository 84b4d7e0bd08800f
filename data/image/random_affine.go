package image

import (
	"fmt"
	"math"
)

// RandomAffine turns, shifts, scales and shears at random, keeping the centre
// (torchvision.transforms.RandomAffine).
type RandomAffine struct {
	// Degrees is the angle's range.
	Degrees Range `config:"degrees"`
	// Translate is the largest shift as a share of width and height.
	Translate []float64 `config:"translate"`
	// Scale is the factor's range; the zero Range leaves the size.
	Scale Range `config:"scale"`
	// Shear is the range of the angle in x.
	Shear Range `config:"shear"`
	// Interpolation is Bilinear, or Nearest unless set.
	Interpolation Filter `config:"interpolation" enum:"nearest,bilinear"`
	Fill          Colour `config:"fill"`
}

func (t RandomAffine) check() error {
	if len(t.Translate) != 0 && len(t.Translate) != 2 {
		return fmt.Errorf("translate is [horizontal, vertical], not %d numbers", len(t.Translate))
	}
	for _, v := range t.Translate {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("translate is a share of the image, between 0 and 1, not %v", v)
		}
	}
	if t.Scale != (Range{}) && t.Scale.Low == 0 {
		return fmt.Errorf("scale starts at 0; an image cannot vanish")
	}
	if i := t.Interpolation; i != "" && i != Nearest && i != Bilinear {
		return fmt.Errorf("interpolation is %q; it must be nearest or bilinear", i)
	}
	if err := t.Scale.check("scale", 0); err != nil {
		return err
	}
	for _, r := range []Range{t.Degrees, t.Shear} {
		if err := r.check("degrees or shear", math.Inf(-1)); err != nil {
			return err
		}
	}
	return nil
}

// Apply implements Transform.
func (t RandomAffine) Apply(s *Scratch, src *Image) (*Image, error) {
	p := placement{angle: s.Rand.Uniform(t.Degrees.Low, t.Degrees.High), scale: 1}
	if len(t.Translate) == 2 {
		dx, dy := t.Translate[0]*float64(src.W), t.Translate[1]*float64(src.H)
		p.tx = math.RoundToEven(s.Rand.Uniform(-dx, dx))
		p.ty = math.RoundToEven(s.Rand.Uniform(-dy, dy))
	}
	if t.Scale != (Range{}) {
		p.scale = s.Rand.Uniform(t.Scale.Low, t.Scale.High)
	}
	if t.Shear != (Range{}) {
		p.shearX = s.Rand.Uniform(t.Shear.Low, t.Shear.High)
	}
	return t.draw(s, src, p)
}

func (t RandomAffine) draw(s *Scratch, src *Image, p placement) (*Image, error) {
	fill, err := t.Fill.of(src.C)
	if err != nil {
		return nil, err
	}
	m := around(float64(src.W)*0.5, float64(src.H)*0.5, p)
	dst := s.Image(src.W, src.H, src.C)
	if t.Interpolation == Bilinear {
		m.bilinear(dst, src, fill)
	} else {
		m.nearest(dst, src, fill)
	}
	return dst, nil
}
