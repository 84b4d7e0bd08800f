package image

import (
	"bytes"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"image/gif"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"github.com/thaw-go/thaw/data/image/internal/jpeg"
)

// DefaultMaxPixels is the most pixels that are decoded unless told otherwise:
// what Pillow, too, takes for a decompression bomb.
const DefaultMaxPixels = 89_478_485

// Decoding says how files become images.
type Decoding struct {
	// MaxPixels refuses larger images before they are decoded; 0 is
	// DefaultMaxPixels.
	MaxPixels int `config:"max_pixels"`
	// EXIFOrientation turns JPEG photographs upright. Off, as with torchvision's
	// loader, pixels are taken as they are stored.
	EXIFOrientation bool `config:"exif_orientation"`
}

var errFormat = errors.New("no JPEG, PNG, WebP, BMP or GIF file, going by its first bytes")

// Decode decodes a file to RGB as Pillow's convert("RGB") does: transparency
// is dropped, gray repeated, a palette looked up. Of an animated GIF it is the
// first frame. Where it differs from Pillow: 16-bit gray is scaled to 8 bits,
// not clipped; transparent pixels of a GIF are black, not of their stored
// colour.
func Decode(data []byte, o Decoding) (*Image, error) {
	m := &Image{}
	return m, new(decoder).decode(m, data, o)
}

// decoder reuses memory.
type decoder struct {
	jpeg jpeg.Decoder
	cmyk []byte
}

func (d *decoder) decode(dst *Image, data []byte, o Decoding) (err error) {
	if o.MaxPixels == 0 {
		o.MaxPixels = DefaultMaxPixels
	}
	if bytes.HasPrefix(data, []byte{0xff, 0xd8}) {
		return d.decodeJPEG(dst, data, o)
	}
	// Decoders from elsewhere meet files from anywhere; one that panics has
	// met a bad file.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	f, ok := sniff(data)
	if !ok {
		return errFormat
	}
	cfg, err := f.config(bytes.NewReader(data))
	if err != nil {
		return err
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Height > o.MaxPixels/cfg.Width {
		return fmt.Errorf("%d×%d pixels are none, or above the limit of %d", cfg.Width, cfg.Height, o.MaxPixels)
	}
	m, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	dst.shape(cfg.Width, cfg.Height, 3)
	toRGB(dst, m)
	return nil
}

type format struct {
	magic  string // ? stands for any byte
	decode func(*bytes.Reader) (stdimage.Image, error)
	config func(*bytes.Reader) (stdimage.Config, error)
}

func sniff(data []byte) (format, bool) {
	for _, f := range []format{
		{
			"\x89PNG\r\n\x1a\n",
			func(r *bytes.Reader) (stdimage.Image, error) { return png.Decode(r) },
			func(r *bytes.Reader) (stdimage.Config, error) { return png.DecodeConfig(r) },
		},
		{
			"RIFF????WEBP",
			func(r *bytes.Reader) (stdimage.Image, error) { return webp.Decode(r) },
			func(r *bytes.Reader) (stdimage.Config, error) { return webp.DecodeConfig(r) },
		},
		{
			"BM",
			func(r *bytes.Reader) (stdimage.Image, error) { return bmp.Decode(r) },
			func(r *bytes.Reader) (stdimage.Config, error) { return bmp.DecodeConfig(r) },
		},
		{
			"GIF8?a",
			func(r *bytes.Reader) (stdimage.Image, error) { return gif.Decode(r) },
			func(r *bytes.Reader) (stdimage.Config, error) { return gif.DecodeConfig(r) },
		},
	} {
		if matches(f.magic, data) {
			return f, true
		}
	}
	return format{}, false
}

func matches(magic string, data []byte) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

func (d *decoder) decodeJPEG(dst *Image, data []byte, o Decoding) error {
	pix, cfg, err := d.jpeg.Decode(d.cmyk, data, jpeg.Limits{Pixels: o.MaxPixels})
	d.cmyk = pix
	if err != nil {
		return err
	}
	dst.shape(cfg.Width, cfg.Height, 3)
	switch cfg.Space {
	case jpeg.RGB:
		// The decoded pixels become the image, its old memory the decoder's.
		dst.Pix, d.cmyk = pix, dst.Pix
	case jpeg.Gray:
		for i, v := range pix {
			o := dst.Pix[3*i : 3*i+3 : 3*i+3]
			o[0], o[1], o[2] = v, v, v
		}
	case jpeg.CMYK:
		fromCMYK(dst.Pix, pix)
	}
	if o.EXIFOrientation {
		orient(dst, orientation(cfg.EXIF))
	}
	return nil
}

// fromCMYK converts inverted CMYK, which is what Pillow takes every CMYK JPEG
// for.
func fromCMYK(dst, src []byte) {
	for i := 0; i < len(src); i += 4 {
		k := int(src[i+3])
		for c := range 3 {
			// Pillow: k − (255−v)·k/255, rounded.
			t := (255-int(src[i+c]))*k + 128
			dst[i/4*3+c] = byte(max(0, k-(t>>8+t)>>8))
		}
	}
}

// toRGB copies m to dst. A frame smaller than dst stands where its bounds say,
// on black.
func toRGB(dst *Image, m stdimage.Image) {
	b := m.Bounds()
	canvas := stdimage.Rect(0, 0, dst.W, dst.H)
	if b.Dx() == dst.W && b.Dy() == dst.H {
		canvas = b
	}
	if b != canvas {
		clear(dst.Pix)
		b = b.Intersect(canvas)
	}
	if y, ok := yuvOf(m); ok && b == canvas {
		fromYUV(dst, y)
		return
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		out := dst.row(y - canvas.Min.Y)[3*(b.Min.X-canvas.Min.X):]
		rowRGB(out, m, y, b.Min.X, b.Max.X)
	}
}

// yuvOf finds a lossy WebP's planes.
func yuvOf(m stdimage.Image) (*stdimage.YCbCr, bool) {
	switch m := m.(type) {
	case *stdimage.YCbCr:
		return m, true
	case *stdimage.NYCbCrA:
		return &m.YCbCr, true
	}
	return nil, false
}

// rowRGB writes the pixels from x0 to x1 of row y. Common kinds are copied,
// others converted.
func rowRGB(out []byte, m stdimage.Image, y, x0, x1 int) {
	switch m := m.(type) {
	case *stdimage.NRGBA:
		dropAlpha(out, m.Pix[m.PixOffset(x0, y):], x1-x0)
	case *stdimage.RGBA:
		if m.Opaque() {
			dropAlpha(out, m.Pix[m.PixOffset(x0, y):], x1-x0)
			return
		}
		convertRow(out, m, y, x0, x1)
	case *stdimage.Gray:
		for i, v := range m.Pix[m.PixOffset(x0, y):][:x1-x0] {
			out[3*i], out[3*i+1], out[3*i+2] = v, v, v
		}
	default:
		convertRow(out, m, y, x0, x1)
	}
}

func dropAlpha(out, pix []byte, n int) {
	for i := range n {
		o, p := out[3*i:3*i+3:3*i+3], pix[4*i:4*i+4:4*i+4]
		o[0], o[1], o[2] = p[0], p[1], p[2]
	}
}

func convertRow(out []byte, m stdimage.Image, y, x0, x1 int) {
	for x := x0; x < x1; x++ {
		c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
		o := out[3*(x-x0) : 3*(x-x0)+3 : 3*(x-x0)+3]
		o[0], o[1], o[2] = c.R, c.G, c.B
	}
}
