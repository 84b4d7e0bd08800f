// Package image brings images to the trainer: folders, lists and archives of
// them, decoding, and transforms that can be chosen by name.
//
// Pixels are those that Pillow and torchvision give: JPEGs decode as with
// libjpeg-turbo, WebP as with libwebp, resizing is Pillow's to the bit. So a
// network pretrained elsewhere sees here what it was trained on. Everything
// random about a sample follows from (seed, epoch, sample).
package image

import (
	"fmt"

	"github.com/thaw-go/thaw/rng"
)

// Image is rows of pixels from the top, C bytes each: C is 3 for RGB, 1 for
// gray.
type Image struct {
	W, H, C int
	Pix     []byte
}

// New makes a black image.
func New(w, h, c int) *Image { return &Image{w, h, c, make([]byte, w*h*c)} }

func (m *Image) check() error {
	if m.W < 1 || m.H < 1 || m.C != 1 && m.C != 3 || len(m.Pix) != m.W*m.H*m.C {
		return fmt.Errorf("%d bytes are no image of %d×%d pixels in %d channels", len(m.Pix), m.W, m.H, m.C)
	}
	return nil
}

// shape gives m a size; pixels are undefined.
func (m *Image) shape(w, h, c int) {
	m.W, m.H, m.C = w, h, c
	m.Pix = sized(m.Pix, w*h*c)
}

// row is the bytes of a row.
func (m *Image) row(y int) []byte { return m.Pix[y*m.W*m.C : (y+1)*m.W*m.C] }

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// Transform changes an image. A transform is used by several goroutines at
// once, each with a Scratch of its own.
type Transform interface {
	// Apply returns the result: src, changed in place or not, or an image of
	// s.
	Apply(s *Scratch, src *Image) (*Image, error)
}

// Scratch is what a transform works with: random numbers, keyed by (seed,
// epoch, sample, transform), and memory.
type Scratch struct {
	Rand rng.Stream

	images  [4]Image
	turn    int
	kernels [2]kernel
}

// Image is memory for a result, with undefined pixels. It stays valid until
// the third next call.
func (s *Scratch) Image(w, h, c int) *Image {
	s.turn = (s.turn + 1) % len(s.images)
	m := &s.images[s.turn]
	m.shape(w, h, c)
	return m
}
