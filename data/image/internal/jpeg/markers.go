package jpeg

import "bytes"

const (
	sof0, sof1, sof2   = 0xc0, 0xc1, 0xc2
	sof15              = 0xcf
	dht, jpg, dac      = 0xc4, 0xc8, 0xcc
	rst0, rst7         = 0xd0, 0xd7
	soi, eoi, sos      = 0xd8, 0xd9, 0xda
	dqt, dnl, dri      = 0xdb, 0xdc, 0xdd
	app0, app1, app14  = 0xe0, 0xe1, 0xee
	blockLen, maxComps = 64, 4
)

// parse walks the markers to the end of the image, or, if headers only are
// wanted, to the frame header.
func (d *Decoder) parse(limits Limits, headers bool) error {
	if len(d.data) < 2 || d.data[0] != 0xff || d.data[1] != soi {
		return failf("the file does not start as a JPEG does")
	}
	d.pos = 2
	for {
		marker, err := d.nextMarker()
		if err != nil {
			return err
		}
		if marker == eoi {
			return d.finished()
		}
		if marker == soi || marker >= rst0 && marker <= rst7 || marker == 0x01 {
			continue
		}
		body, err := d.segment()
		if err != nil {
			return err
		}
		if err := d.apply(marker, body, limits); err != nil {
			return err
		}
		if headers && d.frame {
			return nil
		}
		// A file that lacks its end is complete when all samples are there.
		if marker == sos && !d.progressive && d.finished() == nil {
			return nil
		}
	}
}

// nextMarker finds the next marker; libjpeg, too, passes over stray bytes.
func (d *Decoder) nextMarker() (byte, error) {
	for {
		i := bytes.IndexByte(d.data[d.pos:], 0xff)
		if i < 0 {
			return 0, errShort
		}
		d.pos += i
		for d.pos < len(d.data) && d.data[d.pos] == 0xff {
			d.pos++
		}
		if d.pos == len(d.data) {
			return 0, errShort
		}
		d.pos++
		if m := d.data[d.pos-1]; m != 0 {
			return m, nil
		}
	}
}

func (d *Decoder) segment() ([]byte, error) {
	if len(d.data)-d.pos < 2 {
		return nil, errShort
	}
	n := int(d.data[d.pos])<<8 | int(d.data[d.pos+1])
	if n < 2 {
		return nil, failf("a segment has the length %d", n)
	}
	if len(d.data)-d.pos < n {
		return nil, errShort
	}
	body := d.data[d.pos+2 : d.pos+n]
	d.pos += n
	return body, nil
}

func (d *Decoder) apply(marker byte, body []byte, limits Limits) error {
	switch marker {
	case sof0, sof1, sof2:
		return d.startFrame(marker, body, limits)
	case dht:
		return d.defineHuffman(body)
	case dqt:
		return d.defineQuant(body)
	case dri:
		if len(body) != 2 {
			return failf("a bad restart interval")
		}
		d.restart = int(body[0])<<8 | int(body[1])
	case sos:
		return d.startScan(body)
	case app0:
		d.jfif = d.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
	case app1:
		if exif, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && d.exif == nil {
			d.exif = exif
		}
	case app14:
		if len(body) >= 12 && bytes.HasPrefix(body, []byte("Adobe")) {
			d.adobe, d.transform = true, body[11]
		}
	case dac, jpg, dnl:
		return failf("marker %#x is not supported", marker)
	default:
		if marker >= sof0 && marker <= sof15 {
			return failf("only baseline and progressive Huffman-coded files are supported (this is of process %d)", marker-sof0)
		}
	}
	return nil
}

func (d *Decoder) defineQuant(b []byte) error {
	for len(b) > 0 {
		wide, id := int(b[0]>>4), b[0]&15
		size := blockLen * (1 + wide)
		if wide > 1 || id > 3 || len(b) < 1+size {
			return failf("a bad quantization table")
		}
		q := &d.qmem[id]
		for i := range q {
			if wide == 1 {
				q[i] = uint16(b[1+2*i])<<8 | uint16(b[2+2*i])
			} else {
				q[i] = uint16(b[1+i])
			}
		}
		d.quant[id] = q
		b = b[1+size:]
	}
	return nil
}

func (d *Decoder) startFrame(marker byte, b []byte, limits Limits) error {
	if d.frame {
		return failf("a second frame header")
	}
	if len(b) < 6 || len(b) != 6+3*int(b[5]) {
		return failf("a bad frame header")
	}
	if b[0] != 8 {
		return failf("samples of %d bits are not supported, only of 8", b[0])
	}
	d.height, d.width = int(b[1])<<8|int(b[2]), int(b[3])<<8|int(b[4])
	n := int(b[5])
	switch {
	case d.height == 0 || d.width == 0:
		return failf("an image of %d×%d pixels", d.width, d.height)
	case limits.Pixels > 0 && d.width*d.height > limits.Pixels:
		return failf("%d×%d pixels are above the limit of %d", d.width, d.height, limits.Pixels)
	case n != 1 && n != 3 && n != 4:
		return failf("%d components are not supported", n)
	}
	d.frame, d.progressive = true, marker == sof2
	for i := range n {
		c := component{id: int(b[6+3*i]), h: int(b[7+3*i] >> 4), v: int(b[7+3*i] & 15), tq: int(b[8+3*i])}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.tq > 3 {
			return failf("a bad component in the frame header")
		}
		for _, other := range d.comps {
			if other.id == c.id {
				return failf("two components have the number %d", c.id)
			}
		}
		if n == 1 {
			c.h, c.v = 1, 1 // has no meaning for a single component
		}
		d.comps = append(d.comps, c)
		d.maxH, d.maxV = max(d.maxH, c.h), max(d.maxV, c.v)
	}
	return d.layout()
}

// layout sizes the components' memory. A file too short to hold a bit for
// every block is refused before anything is allocated.
func (d *Decoder) layout() error {
	mx, my := ceilDiv(d.width, 8*d.maxH), ceilDiv(d.height, 8*d.maxV)
	blocks := 0
	for i := range d.comps {
		c := &d.comps[i]
		if d.maxH%c.h != 0 || d.maxV%c.v != 0 {
			return failf("sampling factors in fractional ratios are not supported")
		}
		c.dw, c.dh = ceilDiv(d.width*c.h, d.maxH), ceilDiv(d.height*c.v, d.maxV)
		c.bw, c.bh = mx*c.h, my*c.v
		blocks += c.bw * c.bh
	}
	if blocks > 8*len(d.data) {
		return errShort
	}
	d.planes = sized(d.planes, blocks*blockLen)
	if d.progressive {
		d.coefs = sized(d.coefs, blocks*blockLen)
		clear(d.coefs)
	}
	at := 0
	for i := range d.comps {
		c := &d.comps[i]
		end := at + c.bw*c.bh*blockLen
		c.plane = d.planes[at:end]
		if d.progressive {
			c.coefs = d.coefs[at:end]
		}
		at = end
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// finished reports what is missing of the image.
func (d *Decoder) finished() error {
	if !d.frame {
		return failf("there is no image in the file")
	}
	for i := range d.comps {
		if !d.comps[i].scanned {
			return errShort
		}
	}
	return nil
}
