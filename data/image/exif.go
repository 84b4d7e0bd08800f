package image

import "encoding/binary"

// orientation reads the orientation, 1 to 8, of an EXIF segment; 1, as stored,
// where there is none or it is damaged (TIFF 6.0; EXIF 2.3, tag 0x112).
func orientation(exif []byte) int {
	if len(exif) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(exif[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(exif[4:]))
	if at+2 > uint64(len(exif)) {
		return 1
	}
	n := int(order.Uint16(exif[at:]))
	for entry := exif[at+2:]; n > 0 && len(entry) >= 12; n, entry = n-1, entry[12:] {
		if order.Uint16(entry) == 0x112 && order.Uint16(entry[2:]) == 3 {
			if v := int(order.Uint16(entry[8:])); v >= 1 && v <= 8 {
				return v
			}
		}
	}
	return 1
}

// orient turns and mirrors the stored pixels as orientation v asks for.
func orient(m *Image, v int) {
	if v == 1 {
		return
	}
	w, h := m.W, m.H
	if v >= 5 {
		w, h = h, w
	}
	out := New(w, h, m.C)
	for y := range h {
		for x := range w {
			// Where the pixel shown at (x, y) is stored.
			sx, sy := x, y
			if v >= 5 {
				sx, sy = y, x
			}
			if v == 2 || v == 3 || v == 7 || v == 8 {
				sx = m.W - 1 - sx
			}
			if v == 3 || v == 4 || v == 6 || v == 7 {
				sy = m.H - 1 - sy
			}
			copy(out.Pix[(y*w+x)*m.C:][:m.C], m.Pix[(sy*m.W+sx)*m.C:])
		}
	}
	*m = *out
}
