//go:build amd64

package native

// stage is how some rows of planes, with the zeros around them, are laid out so
// that what a tap meets along a row of the grid lies side by side: places are
// sorted by their rest modulo the step, and rests that no tap meets are left
// out. A plane is [row rests, rows, column rests, columns].
type stage struct {
	window
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
func (s *stage) lay(v window, most int) {
	s.window, s.most = v, most
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
