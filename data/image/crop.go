package image

import (
	"fmt"
	"math"
)

// crop cuts the rectangle at (x, y) out of src; what lies outside is fill.
func (s *Scratch) crop(src *Image, x, y int, size Size, fill []byte) *Image {
	if x == 0 && y == 0 && size.W == src.W && size.H == src.H {
		return src
	}
	dst := s.Image(size.W, size.H, src.C)
	if x < 0 || y < 0 || x+size.W > src.W || y+size.H > src.H {
		paint(dst, fill)
	}
	lo, hi := max(0, x), min(src.W, x+size.W)
	if lo >= hi {
		return dst
	}
	for row := max(0, y); row < min(src.H, y+size.H); row++ {
		copy(dst.row(row - y)[(lo-x)*src.C:], src.row(row)[lo*src.C:hi*src.C])
	}
	return dst
}

// CenterCrop cuts out the middle; smaller images are padded with black
// (torchvision.transforms.CenterCrop).
type CenterCrop struct {
	Size Size `config:"size"`
}

func (t CenterCrop) check() error { return t.Size.check("size") }

// Apply implements Transform.
func (t CenterCrop) Apply(s *Scratch, src *Image) (*Image, error) {
	return s.crop(src, middle(src.W, t.Size.W), middle(src.H, t.Size.H), t.Size, nil), nil
}

// middle is where a stretch of want pixels begins in the middle of have, with
// torchvision's rounding: halves to even when cropping, and when padding the
// larger half to the right.
func middle(have, want int) int {
	if want > have {
		return -((want - have) / 2)
	}
	return int(math.RoundToEven(float64(have-want) / 2))
}

// RandomCrop pads, then cuts out a rectangle at a random place
// (torchvision.transforms.RandomCrop).
type RandomCrop struct {
	Size    Size `config:"size"`
	Padding Pad  `config:"padding"`
	// PadIfNeeded pads images that are smaller than Size, which are an error
	// otherwise.
	PadIfNeeded bool   `config:"pad_if_needed"`
	Fill        Colour `config:"fill"`
}

func (t RandomCrop) check() error { return t.Size.check("size") }

// Apply implements Transform.
func (t RandomCrop) Apply(s *Scratch, src *Image) (*Image, error) {
	fill, err := t.Fill.of(src.C)
	if err != nil {
		return nil, err
	}
	p := t.Padding
	if t.PadIfNeeded {
		// As torchvision does: what lacks on each side.
		if lack := t.Size.W - (src.W + p.Left + p.Right); lack > 0 {
			p.Left, p.Right = p.Left+lack, p.Right+lack
		}
		if lack := t.Size.H - (src.H + p.Top + p.Bottom); lack > 0 {
			p.Top, p.Bottom = p.Top+lack, p.Bottom+lack
		}
	}
	roomX, roomY := src.W+p.Left+p.Right-t.Size.W, src.H+p.Top+p.Bottom-t.Size.H
	if roomX < 0 || roomY < 0 {
		return nil, fmt.Errorf("a crop of %d×%d pixels from an image of %d×%d with its padding; resize first, or set pad_if_needed", t.Size.W, t.Size.H, src.W+p.Left+p.Right, src.H+p.Top+p.Bottom)
	}
	x, y := s.Rand.IntN(roomX+1), s.Rand.IntN(roomY+1)
	return s.crop(src, x-p.Left, y-p.Top, t.Size, fill), nil
}

// RandomResizedCrop cuts out a random part of the area at a random aspect
// ratio, and resizes it (torchvision.transforms.RandomResizedCrop; Szegedy et
// al., Going Deeper with Convolutions, 2015).
type RandomResizedCrop struct {
	Size Size `config:"size"`
	// Scale is the share of the area, Ratio width by height.
	Scale         Range  `config:"scale"`
	Ratio         Range  `config:"ratio"`
	Interpolation Filter `config:"interpolation" enum:"nearest,box,bilinear,hamming,bicubic,lanczos"`
}

func (t RandomResizedCrop) check() error {
	if err := t.Size.check("size"); err != nil {
		return err
	}
	if err := t.Interpolation.check(); err != nil {
		return err
	}
	if err := t.Scale.check("scale", 0); err != nil {
		return err
	}
	if t.Ratio.Low == 0 {
		return fmt.Errorf("ratio starts at 0; a crop needs a width")
	}
	return t.Ratio.check("ratio", 0)
}

// Apply implements Transform.
func (t RandomResizedCrop) Apply(s *Scratch, src *Image) (*Image, error) {
	x, y, size := t.choose(s, src)
	return s.resample(s.crop(src, x, y, size, nil), t.Size.W, t.Size.H, t.Interpolation), nil
}

// choose tries ten times to place a random rectangle, then settles for the
// largest central one of an allowed ratio.
func (t RandomResizedCrop) choose(s *Scratch, src *Image) (x, y int, size Size) {
	area := float64(src.W * src.H)
	low, high := math.Log(t.Ratio.Low), math.Log(t.Ratio.High)
	for range 10 {
		target := area * s.Rand.Uniform(t.Scale.Low, t.Scale.High)
		ratio := math.Exp(s.Rand.Uniform(low, high))
		w, h := int(math.RoundToEven(math.Sqrt(target*ratio))), int(math.RoundToEven(math.Sqrt(target/ratio)))
		if w > 0 && w <= src.W && h > 0 && h <= src.H {
			return s.Rand.IntN(src.W - w + 1), s.Rand.IntN(src.H - h + 1), Size{h, w}
		}
	}
	size = Size{src.H, src.W}
	switch ratio := float64(src.W) / float64(src.H); {
	case ratio < t.Ratio.Low:
		size.H = int(math.RoundToEven(float64(src.W) / t.Ratio.Low))
	case ratio > t.Ratio.High:
		size.W = int(math.RoundToEven(float64(src.H) * t.Ratio.High))
	}
	size.W, size.H = max(1, size.W), max(1, size.H)
	return (src.W - size.W) / 2, (src.H - size.H) / 2, size
}
