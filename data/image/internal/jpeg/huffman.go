package jpeg

import "encoding/binary"

const lutBits = 9

// huffman is a decoding table. Codes of at most lutBits bits are looked up:
// an entry is length<<8 | value, 0 where the code is longer.
type huffman struct {
	defined bool
	lut     [1 << lutBits]uint16
	// Of codes of a length: maxCode is one above the last, left-aligned in 16
	// bits; delta turns a code into an index of values.
	maxCode [18]int32
	delta   [17]int32
	values  [256]byte
}

func (d *Decoder) defineHuffman(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 || b[0]>>4 > 1 || b[0]&15 > 3 {
			return failf("a bad Huffman table")
		}
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > 256 || len(b) < 17+n {
			return failf("a bad Huffman table")
		}
		h := &d.tables[b[0]>>4][b[0]&15]
		if err := h.define(b[1:17], b[17:17+n]); err != nil {
			return err
		}
		b = b[17+n:]
	}
	return nil
}

func (h *huffman) define(counts, values []byte) error {
	clear(h.lut[:])
	copy(h.values[:], values)
	code, index := int32(0), int32(0)
	for n := 1; n <= 16; n++ {
		h.delta[n] = index - code
		for range counts[n-1] {
			if code >= 1<<n {
				return failf("a Huffman table with more codes than there are")
			}
			if n <= lutBits {
				first := code << (lutBits - n)
				for k := range int32(1) << (lutBits - n) {
					h.lut[first+k] = uint16(n)<<8 | uint16(h.values[index])
				}
			}
			code++
			index++
		}
		h.maxCode[n] = code << (16 - n)
		code <<= 1
	}
	h.maxCode[17] = 1 << 30
	h.defined = true
	return nil
}

// bitReader reads entropy-coded data. acc holds the next n bits at its top, zeros
// below. At a marker or the end of the data zeros are read on and n becomes
// negative, which the caller looks at once a block.
type bitReader struct {
	data []byte
	pos  int
	acc  uint64
	n    int
	end  bool
}

func (r *bitReader) start(data []byte, pos int) { *r = bitReader{data: data, pos: pos} }

// fill gets at least 32 bits, as far as there are.
func (r *bitReader) fill() {
	if r.n > 32 || r.end {
		return
	}
	if r.pos+4 <= len(r.data) {
		v := binary.BigEndian.Uint32(r.data[r.pos:])
		if inv := ^v; (inv-0x01010101)&v&0x80808080 == 0 { // no byte is 0xff
			r.acc |= uint64(v) << (32 - r.n)
			r.n += 32
			r.pos += 4
			return
		}
	}
	for r.n <= 32 {
		if r.pos >= len(r.data) {
			r.end = true
			return
		}
		b := r.data[r.pos]
		if b == 0xff {
			if r.pos+1 >= len(r.data) || r.data[r.pos+1] != 0 {
				r.end = true
				return
			}
			r.pos++
		}
		r.pos++
		r.acc |= uint64(b) << (56 - r.n)
		r.n += 8
	}
}

func (r *bitReader) short() bool { return r.n < 0 }

// take reads k ≤ 16 bits.
func (r *bitReader) take(k int) int32 {
	v := int32(r.acc >> 1 >> (63 - k))
	r.acc <<= k
	r.n -= k
	return v
}

// extended reads a k-bit difference or coefficient (T.81 F.2.2.1).
func (r *bitReader) extended(k int) int32 {
	v := r.take(k)
	if k > 0 && v < 1<<(k-1) {
		v -= 1<<k - 1
	}
	return v
}

// symbol reads a Huffman code. The caller has filled; 16 bits for the code and
// 16 behind it are at hand.
func (r *bitReader) symbol(h *huffman) (int, bool) {
	if e := h.lut[r.acc>>(64-lutBits)]; e != 0 {
		n := int(e >> 8)
		r.acc <<= n
		r.n -= n
		return int(e & 0xff), true
	}
	top := int32(r.acc >> 48)
	n := lutBits + 1
	for top >= h.maxCode[n] {
		n++
	}
	if n > 16 {
		return 0, false
	}
	r.acc <<= n
	r.n -= n
	return int(h.values[(h.delta[n]+top>>(16-n))&0xff]), true
}
