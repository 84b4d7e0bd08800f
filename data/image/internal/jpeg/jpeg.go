// Package jpeg decodes baseline and progressive JPEGs to exactly the pixels
// that libjpeg-turbo gives with its defaults: the "islow" inverse DCT, "fancy"
// upsampling of chroma and its integer colour conversion. Pretrained networks
// learned from such pixels, and the reference results that this project is
// compared with were made of them; image/jpeg of the standard library differs
// by a few steps in many pixels, and its results change between Go versions.
//
// Unlike libjpeg, which warns and goes on, the decoder reports damaged data as
// an error. Sources: ITU-T T.81; JFIF 1.02; Adobe TN 5116; the behaviour of
// libjpeg-turbo 3.
package jpeg

import "fmt"

// Space is what the components of decoded pixels are.
type Space uint8

// The colour spaces of decoded pixels. CMYK is as stored, which for files by
// Adobe's programs means inverted.
const (
	Gray Space = iota + 1
	RGB
	CMYK
)

// Channels is the number of bytes of a pixel.
func (s Space) Channels() int { return [...]int{0, 1, 3, 4}[s] }

// Config is what a file's headers say.
type Config struct {
	Width, Height int
	Space         Space
	// EXIF is the payload of the first EXIF segment (a TIFF structure).
	EXIF []byte
}

// Decoder decodes files one after another and reuses its memory. The zero
// value is ready.
type Decoder struct {
	data []byte
	pos  int

	quant  [4]*[64]uint16 // in zigzag order
	tables [2][4]huffman  // DC, AC
	qmem   [4][64]uint16

	width, height int
	progressive   bool
	frame         bool
	comps         []component
	maxH, maxV    int
	restart       int

	jfif, adobe bool
	transform   byte
	exif        []byte

	bits   bitReader
	eobrun int
	scans  int

	planes []byte
	coefs  []int16
	rows   [maxComps][]byte
	sums   []int
}

// component is one colour component of the frame.
type component struct {
	id, h, v, tq int
	// dw, dh is the component's size in samples, bw, bh in whole blocks of
	// the frame's MCUs.
	dw, dh, bw, bh int
	dc, ac         int // tables of the current scan
	pred           int32
	scanned        bool
	quant          [64]uint16
	plane          []byte
	coefs          []int16
}

// Limits bounds what a file may ask for.
type Limits struct {
	// Pixels is the most that are decoded; 0 is no limit.
	Pixels int
}

// Error is a file that cannot be decoded.
type Error string

func (e Error) Error() string { return "jpeg: " + string(e) }

func failf(format string, args ...any) error { return Error(fmt.Sprintf(format, args...)) }

const (
	errShort = Error("the file is cut short")
	// maxScans is far above what encoders make; it bounds the work that a
	// small crafted file can cause.
	maxScans = 200
)

// Decode decodes a file into dst, which grows if it is too small: rows from
// the top, pixels from the left, Space.Channels bytes each.
func (d *Decoder) Decode(dst, data []byte, limits Limits) ([]byte, Config, error) {
	d.reset(data)
	if err := d.parse(limits, false); err != nil {
		return dst, Config{}, err
	}
	if d.progressive {
		d.reconstruct()
	}
	cfg := d.config()
	n := d.width * d.height * cfg.Space.Channels()
	if cap(dst) < n {
		dst = make([]byte, n)
	}
	dst = dst[:n]
	d.convert(dst)
	return dst, cfg, nil
}

// DecodeConfig reads the headers.
func (d *Decoder) DecodeConfig(data []byte) (Config, error) {
	d.reset(data)
	if err := d.parse(Limits{}, true); err != nil {
		return Config{}, err
	}
	return d.config(), nil
}

func (d *Decoder) reset(data []byte) {
	d.data, d.pos = data, 0
	d.quant = [4]*[64]uint16{}
	for c := range d.tables {
		for i := range d.tables[c] {
			d.tables[c][i].defined = false
		}
	}
	d.width, d.height, d.progressive, d.frame = 0, 0, false, false
	d.comps, d.maxH, d.maxV, d.restart = d.comps[:0], 1, 1, 0
	d.jfif, d.adobe, d.transform, d.exif = false, false, 0, nil
	d.eobrun, d.scans = 0, 0
}

func (d *Decoder) config() Config {
	return Config{Width: d.width, Height: d.height, Space: d.space(), EXIF: d.exif}
}

func (d *Decoder) space() Space {
	switch len(d.comps) {
	case 1:
		return Gray
	case 3:
		return RGB
	}
	return CMYK
}

// ycc reports whether the first three components are luma and chroma, by
// libjpeg's rules.
func (d *Decoder) ycc() bool {
	switch {
	case len(d.comps) == 4:
		return d.adobe && d.transform != 0
	case len(d.comps) != 3:
		return false
	case d.jfif:
		return true
	case d.adobe:
		return d.transform != 0
	}
	return !(d.comps[0].id == 'R' && d.comps[1].id == 'G' && d.comps[2].id == 'B')
}
