package image

import (
	"fmt"

	"github.com/thaw-go/thaw/tree"
)

// Extent is what an image is resized to: to Exact, or, if Short is not 0, so
// that its shorter side is Short and the ratio stays. A configuration writes
// one number for the shorter side, or [height, width].
type Extent struct {
	Short int
	Exact Size
}

// DecodeTree implements config.Decoder.
func (e *Extent) DecodeTree(n *tree.Node) error {
	var s Size
	if err := s.DecodeTree(n); err != nil {
		return err
	}
	if *e = (Extent{Exact: s}); n.Kind != tree.List || len(n.Items) == 1 {
		*e = Extent{Short: s.H}
	}
	return nil
}

// Resize resizes as torchvision.transforms.Resize does with Pillow images.
type Resize struct {
	To Extent `config:"size"`
	// Interpolation is Bilinear unless set.
	Interpolation Filter `config:"interpolation" enum:"nearest,box,bilinear,hamming,bicubic,lanczos"`
}

func (t Resize) check() error {
	if err := t.Interpolation.check(); err != nil {
		return err
	}
	if t.To.Short < 0 || t.To.Short > 0 && t.To.Exact != (Size{}) {
		return fmt.Errorf("size is that of the shorter side or of both, not %+v", t.To)
	}
	if t.To.Short > 0 {
		return nil
	}
	return t.To.Exact.check("size")
}

// Apply implements Transform.
func (t Resize) Apply(s *Scratch, src *Image) (*Image, error) {
	w, h := t.To.Exact.W, t.To.Exact.H
	if short := t.To.Short; short > 0 {
		w, h = short, short
		if src.W < src.H {
			h = short * src.H / src.W
		} else {
			w = short * src.W / src.H
		}
		if w > 1<<15 || h > 1<<15 {
			return nil, fmt.Errorf("an image of %d×%d pixels, too narrow to be resized to a shorter side of %d", src.W, src.H, short)
		}
	}
	return s.resample(src, w, h, t.Interpolation), nil
}
