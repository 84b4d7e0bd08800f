package image

import "fmt"

// Grayscale keeps the luma 0.299·R + 0.587·G + 0.114·B (ITU-R BT.601), in
// Pillow's fixed-point arithmetic.
type Grayscale struct {
	// Channels of the result: 1, or 3 equal ones.
	Channels int `config:"num_output_channels"`
}

func (t Grayscale) check() error {
	if t.Channels != 1 && t.Channels != 3 {
		return fmt.Errorf("num_output_channels is %d; it must be 1 or 3", t.Channels)
	}
	return nil
}

// Apply implements Transform.
func (t Grayscale) Apply(s *Scratch, src *Image) (*Image, error) {
	if t.Channels == src.C && src.C == 1 {
		return src, nil
	}
	dst := s.Image(src.W, src.H, t.Channels)
	for i := range src.W * src.H {
		v := src.Pix[i*src.C]
		if src.C == 3 {
			v = luma(src.Pix[3*i:])
		}
		for c := range t.Channels {
			dst.Pix[i*t.Channels+c] = v
		}
	}
	return dst, nil
}

// luma of an RGB pixel.
func luma(p []byte) byte {
	return byte((int(p[0])*19595 + int(p[1])*38470 + int(p[2])*7471 + 0x8000) >> 16)
}
