package jpeg

// The four kinds of scans of a progressive file, T.81 G.1.2. Coefficients are
// kept in zigzag order, block after block, until all scans were seen.

func (c *component) block(x, y int) *[64]int16 {
	return (*[64]int16)(c.coefs[(y*c.bw+x)*blockLen:])
}

func (d *Decoder) firstDC(s *scan, c *component, x, y int) error {
	r := &d.bits
	r.fill()
	t, ok := r.symbol(&d.tables[0][c.dc])
	if !ok || t > 15 {
		return errCode
	}
	c.pred += r.extended(t)
	c.block(x, y)[0] = int16(c.pred << s.low)
	return nil
}

func (d *Decoder) refineDC(s *scan, c *component, x, y int) error {
	d.bits.fill()
	if d.bits.take(1) != 0 {
		c.block(x, y)[0] |= 1 << s.low
	}
	return nil
}

func (d *Decoder) firstAC(s *scan, c *component, x, y int) error {
	if d.eobrun > 0 {
		d.eobrun--
		return nil
	}
	r, h, b := &d.bits, &d.tables[1][c.ac], c.block(x, y)
	for k := s.start; k <= s.end; k++ {
		r.fill()
		rs, ok := r.symbol(h)
		if !ok {
			return errCode
		}
		run, size := rs>>4, rs&15
		if size == 0 {
			if run != 15 {
				d.eobrun = 1<<run + int(r.take(run)) - 1
				return nil
			}
			k += 15
			continue
		}
		if k += run; k > s.end {
			return errCoef
		}
		b[k] = int16(r.extended(size) << s.low)
	}
	return nil
}

// refineAC adds a bit to coefficients that are not zero, and makes some of the
// others ±1 (in units of this scan's bit), T.81 G.1.2.3.
func (d *Decoder) refineAC(s *scan, c *component, x, y int) error {
	r, h, b := &d.bits, &d.tables[1][c.ac], c.block(x, y)
	k, unit := s.start, int16(1)<<s.low
	if d.eobrun == 0 {
		for ; k <= s.end; k++ {
			r.fill()
			rs, ok := r.symbol(h)
			if !ok {
				return errCode
			}
			run, size := rs>>4, rs&15
			fresh := int16(0)
			switch {
			case size == 1:
				if fresh = -unit; r.take(1) != 0 {
					fresh = unit
				}
			case size > 1:
				return errCode
			case run != 15:
				d.eobrun = 1<<run + int(r.take(run))
			}
			if d.eobrun > 0 {
				break
			}
			if k = d.correct(b, k, s.end, run, unit); fresh != 0 {
				if k > s.end {
					return errCoef
				}
				b[k] = fresh
			}
		}
	}
	if d.eobrun > 0 {
		d.correct(b, k, s.end, blockLen, unit)
		d.eobrun--
	}
	return nil
}

// correct refines the nonzero coefficients from k on until it has passed over
// the given number of zero ones, and returns the position of the next zero.
func (d *Decoder) correct(b *[64]int16, k, end, zeros int, unit int16) int {
	r := &d.bits
	for ; k <= end; k++ {
		switch {
		case b[k] == 0:
			if zeros == 0 {
				return k
			}
			zeros--
			continue
		}
		r.fill()
		if r.take(1) == 0 || b[k]&unit != 0 {
			continue
		}
		if b[k] > 0 {
			b[k] += unit
		} else {
			b[k] -= unit
		}
	}
	return k
}

// reconstruct turns the coefficients of all scans into samples.
func (d *Decoder) reconstruct() {
	var b [64]int32
	for i := range d.comps {
		c := &d.comps[i]
		stride := 8 * c.bw
		for y := range c.bh {
			for x := range c.bw {
				coefs := c.block(x, y)
				for k, v := range coefs {
					b[natural[k]] = int32(v) * int32(c.quant[k])
				}
				idct(&b, c.plane[(y*stride+x)*8:], stride)
			}
		}
	}
}
