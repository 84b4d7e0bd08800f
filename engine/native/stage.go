//go:build amd64

package native

import "github.com/thaw-go/thaw/engine/native/internal/asm"

// stage is how some rows of planes, with the zeros around them, are laid out so
// that what a tap meets along a row of the grid lies side by side: places are
// sorted by their rest modulo the step, and rests that no tap meets are left
// out. A plane is [row rests, rows, column rests, columns].
type stage struct {
	window
	isa      asm.ISA
	most     int // rows of the grid that it serves at most
	lines    axis
	columns  axis
	rowLen   int
	planeLen int
	outside  float32 // what lies around the planes
}

// axis is the rows or the columns of a stage.
type axis struct {
	rests []int
	first int // quotient of the first place that is met
	size  int // places of each rest
}

// along sets an axis for a grid of n places.
func (a *axis) along(n, step int, taps []tap, place func(tap) int) {
	a.rests = a.rests[:0]
	last := 0
	for i, t := range taps {
		q, r := divide(place(t), step)
		if i == 0 {
			a.first, last = q, q
		}
		a.first, last = min(a.first, q), max(last, q)
		if a.index(r) < 0 {
			a.rests = append(a.rests, r)
		}
	}
	a.size = n + last - a.first
}

func (a *axis) index(rest int) int {
	for i, r := range a.rests {
		if r == rest {
			return i
		}
	}
	return -1
}

// at is where the place of a tap lies on the axis.
func (a *axis) at(place, step int) int {
	q, r := divide(place, step)
	return a.index(r)*a.size + q - a.first
}

func tapRow(t tap) int { return t.row }
func tapCol(t tap) int { return t.col }

// lay sets the stage for some rows of a window's grid at a time.
func (s *stage) lay(isa asm.ISA, v window, most int) {
	s.isa, s.window, s.most = isa, v, most
	s.lines.along(most, v.step[0], v.taps, tapRow)
	s.columns.along(v.cols, v.step[1], v.taps, tapCol)
	s.rowLen = len(s.columns.rests) * s.columns.size
	s.planeLen = len(s.lines.rests) * s.lines.size * s.rowLen
}

// offset is where a tap of the grid's first place lies in its plane.
func (s *stage) offset(t tap) int {
	return s.lines.at(t.row, s.step[0])*s.rowLen + s.columns.at(t.col, s.step[1])
}

// fill copies what rows from … from+rows−1 of the grid see of consecutive planes.
func (s *stage) fill(dst, planes []float32, from, rows int) {
	size := s.h * s.w
	if s.step[1] == 2 && s.columns.first <= 0 {
		s.halve(dst, planes, from, rows)
		return
	}
	for len(planes) > 0 {
		to := dst
		for _, rest := range s.lines.rests {
			for i := range s.lines.size - s.most + rows {
				row := (from+i+s.lines.first)*s.step[0] + rest
				if row < 0 || row >= s.h {
					s.blank(to[i*s.rowLen:][:s.rowLen])
				} else {
					s.fillRow(to[i*s.rowLen:][:s.rowLen], planes[row*s.w:][:s.w])
				}
			}
			to = to[s.lines.size*s.rowLen:]
		}
		dst, planes = dst[s.planeLen:], planes[size:]
	}
}

// halve is fill for steps of two columns, whose rows it parts a vector at a time.
func (s *stage) halve(dst, planes []float32, from, rows int) {
	size := s.h * s.w
	n := len(planes) / size
	s.blank(dst[:n*s.planeLen])
	a := asm.Halve{
		Cols: s.w, SrcRow: 4 * s.step[0] * s.w, DstRow: 4 * s.rowLen, SrcPlane: 4 * size, DstPlane: 4 * s.planeLen,
	}
	for i, rest := range s.lines.rests {
		row := (from+s.lines.first)*s.step[0] + rest
		above := 0
		if row < 0 {
			above = (-row + s.step[0] - 1) / s.step[0]
			row += above * s.step[0]
		}
		if row >= s.h {
			continue
		}
		a.Rows = min((s.h-1-row)/s.step[0]+1, s.lines.size-s.most+rows-above)
		if a.Rows <= 0 {
			continue
		}
		most := max(mostInCall/(a.Rows*s.w), 1)
		for plane := 0; plane < n; plane += most {
			a.Planes = min(most, n-plane)
			a.Src = at(planes, plane*size+row*s.w)
			line := dst[plane*s.planeLen+(i*s.lines.size+above)*s.rowLen:]
			for r := range 2 {
				a.Dst[r], a.Keep[r] = at(line, 0), 0
				j, keep := s.columns.index(r), min((s.w-r+1)/2, s.columns.size+s.columns.first)
				if j >= 0 && keep > 0 {
					a.Dst[r], a.Keep[r] = at(line, j*s.columns.size-s.columns.first), keep
				}
			}
			s.isa.Halve(&a)
		}
	}
}

func (s *stage) fillRow(dst, row []float32) {
	for _, rest := range s.columns.rests {
		to, step := dst[:s.columns.size], s.step[1]
		dst = dst[s.columns.size:]
		col := s.columns.first*step + rest
		before := 0
		if col < 0 {
			before = min((-col+step-1)/step, len(to))
			col += before * step
		}
		inside := 0
		if col < len(row) {
			inside = min((len(row)-1-col)/step+1, len(to)-before)
		}
		s.blank(to[:before])
		s.blank(to[before+inside:])
		to = to[before : before+inside]
		if step == 1 {
			copy(to, row[col:])
			continue
		}
		for i := range to {
			to[i] = row[col]
			col += step
		}
	}
}

func (s *stage) blank(v []float32) {
	if s.outside == 0 {
		clear(v)
		return
	}
	for i := range v {
		v[i] = s.outside
	}
}
