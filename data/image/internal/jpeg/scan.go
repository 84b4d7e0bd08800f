package jpeg

// natural maps zigzag positions to row-major ones.
var natural = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// scan is one pass over the blocks of some components: the coefficients from
// start to end, of progressive files from bit low on, refining what was there
// if high is not 0.
type scan struct {
	comps      []*component
	start, end int
	high, low  uint
	mem        [maxComps]*component
}

const (
	errCode   = Error("damaged data: no such Huffman code")
	errCoef   = Error("damaged data: more coefficients than a block has")
	errScan   = Error("a bad scan header")
	errMarker = Error("damaged data: a restart marker is missing")
)

func (d *Decoder) startScan(b []byte) error {
	if !d.frame {
		return failf("a scan before the frame header")
	}
	if d.scans++; d.scans > maxScans {
		return failf("more than %d scans", maxScans)
	}
	var s scan
	if err := d.scanHeader(b, &s); err != nil {
		return err
	}
	for _, c := range s.comps {
		// The table in force now is the component's, whatever comes later.
		if !c.scanned {
			if d.quant[c.tq] == nil {
				return failf("quantization table %d is missing", c.tq)
			}
			c.quant, c.scanned = *d.quant[c.tq], true
		} else if !d.progressive {
			return failf("component %d comes twice", c.id)
		}
		if needDC := s.start == 0 && s.high == 0; needDC && !d.tables[0][c.dc].defined {
			return failf("Huffman table %d for DC is missing", c.dc)
		}
		if s.end > 0 && !d.tables[1][c.ac].defined {
			return failf("Huffman table %d for AC is missing", c.ac)
		}
	}
	d.bits.start(d.data, d.pos)
	err := d.runScan(&s)
	d.pos = d.bits.pos
	return err
}

func (d *Decoder) scanHeader(b []byte, s *scan) error {
	if len(b) < 1 || b[0] < 1 || b[0] > maxComps || len(b) != 4+2*int(b[0]) {
		return errScan
	}
	n := int(b[0])
	s.comps = s.mem[:0]
	blocks := 0
	for i := range n {
		var c *component
		for k := range d.comps {
			if d.comps[k].id == int(b[1+2*i]) {
				c = &d.comps[k]
			}
		}
		for _, other := range s.comps {
			if c == other {
				c = nil
			}
		}
		if c == nil || b[2+2*i]>>4 > 3 || b[2+2*i]&15 > 3 {
			return errScan
		}
		c.dc, c.ac = int(b[2+2*i]>>4), int(b[2+2*i]&15)
		blocks += c.h * c.v
		s.comps = append(s.comps, c)
	}
	if n > 1 && blocks > 10 {
		return errScan
	}
	b = b[1+2*n:]
	s.start, s.end, s.high, s.low = int(b[0]), int(b[1]), uint(b[2]>>4), uint(b[2]&15)
	if !d.progressive {
		// Some encoders write nonsense here, which libjpeg lets pass.
		s.start, s.end, s.high, s.low = 0, 63, 0, 0
		return nil
	}
	dcOnly := s.start == 0 && s.end == 0
	acOnly := s.start > 0 && s.start <= s.end && s.end < blockLen && n == 1
	if !dcOnly && !acOnly || s.low > 13 || s.high != 0 && s.high != s.low+1 {
		return errScan
	}
	return nil
}

// runScan visits the blocks of a scan, in the order of T.81 A.2: a component
// alone row by row, several together MCU by MCU.
func (d *Decoder) runScan(s *scan) error {
	decode := d.decoder(s)
	mx, my := ceilDiv(d.width, 8*d.maxH), ceilDiv(d.height, 8*d.maxV)
	single := len(s.comps) == 1
	if single {
		mx, my = ceilDiv(s.comps[0].dw, 8), ceilDiv(s.comps[0].dh, 8)
	}
	d.resetPredictions(s)
	for m := range mx * my {
		if d.restart > 0 && m > 0 && m%d.restart == 0 {
			if err := d.nextRestart(m/d.restart - 1); err != nil {
				return err
			}
			d.resetPredictions(s)
		}
		x, y := m%mx, m/mx
		if single {
			if err := decode(d, s, s.comps[0], x, y); err != nil {
				return err
			}
		} else if err := d.mcu(s, decode, x, y); err != nil {
			return err
		}
		if d.bits.short() {
			return errShort
		}
	}
	return nil
}

func (d *Decoder) mcu(s *scan, decode blockDecoder, x, y int) error {
	for _, c := range s.comps {
		for v := range c.v {
			for h := range c.h {
				if err := decode(d, s, c, x*c.h+h, y*c.v+v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *Decoder) resetPredictions(s *scan) {
	for _, c := range s.comps {
		c.pred = 0
	}
	d.eobrun = 0
}

// nextRestart passes over restart marker n.
func (d *Decoder) nextRestart(n int) error {
	d.pos = d.bits.pos
	m, err := d.nextMarker()
	if err != nil {
		return err
	}
	if m != rst0+byte(n&7) {
		return errMarker
	}
	d.bits.start(d.data, d.pos)
	return nil
}

// blockDecoder decodes a block, in block coordinates of the component.
type blockDecoder func(d *Decoder, s *scan, c *component, x, y int) error

func (d *Decoder) decoder(s *scan) blockDecoder {
	switch {
	case !d.progressive:
		return (*Decoder).baseline
	case s.start == 0 && s.high == 0:
		return (*Decoder).firstDC
	case s.start == 0:
		return (*Decoder).refineDC
	case s.high == 0:
		return (*Decoder).firstAC
	}
	return (*Decoder).refineAC
}

// baseline decodes all of a block, and its pixels.
func (d *Decoder) baseline(_ *scan, c *component, x, y int) error {
	r := &d.bits
	var b [64]int32
	dc, ac := &d.tables[0][c.dc], &d.tables[1][c.ac]
	r.fill()
	t, ok := r.symbol(dc)
	if !ok || t > 15 {
		return errCode
	}
	c.pred += r.extended(t)
	b[0] = c.pred * int32(c.quant[0])
	for k := 1; k < blockLen; k++ {
		r.fill()
		rs, ok := r.symbol(ac)
		if !ok {
			return errCode
		}
		run, size := rs>>4, rs&15
		if size == 0 {
			if run != 15 {
				break
			}
			k += 15
			continue
		}
		if k += run; k >= blockLen {
			return errCoef
		}
		b[natural[k]] = r.extended(size) * int32(c.quant[k])
	}
	stride := 8 * c.bw
	idct(&b, c.plane[(y*stride+x)*8:], stride)
	return nil
}
