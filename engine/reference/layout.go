package reference

import "github.com/thaw-go/thaw/engine"

// layout says how up to three operands are walked together: sizes by axis and,
// for each operand, how far a step along the axis moves. The last axis is the
// inner one; all before it make rows.
type layout struct {
	rank   int
	dim    [engine.MaxRank]int
	stride [3][engine.MaxRank]int
	base   [3]int
}

// strides of a contiguous array, aligned at the last axis of a shape of the
// given rank; axes of size 1 have stride 0, which is what broadcasting wants.
func strides(s engine.Shape, rank int) (st [engine.MaxRank]int) {
	step := 1
	for i := s.Rank() - 1; i >= 0; i-- {
		if s.Dim(i) != 1 {
			st[rank-s.Rank()+i] = step
		}
		step *= s.Dim(i)
	}
	return st
}

// squeeze drops axes of size 1 and joins neighbours that all operands walk as
// one. One axis at least remains.
func (l *layout) squeeze() {
	n := 0
	for i := range l.rank {
		if l.dim[i] == 1 {
			continue
		}
		if n > 0 && l.joined(n-1, i) {
			l.dim[n-1] *= l.dim[i]
			for o := range l.stride {
				l.stride[o][n-1] = l.stride[o][i]
			}
			continue
		}
		l.dim[n] = l.dim[i]
		for o := range l.stride {
			l.stride[o][n] = l.stride[o][i]
		}
		n++
	}
	if n == 0 {
		l.dim[0] = 1
		for o := range l.stride {
			l.stride[o][0] = 1
		}
		n = 1
	}
	l.rank = n
}

func (l *layout) joined(a, b int) bool {
	for o := range l.stride {
		if l.stride[o][a] != l.stride[o][b]*l.dim[b] {
			return false
		}
	}
	return true
}

// inner is the size of the last axis and how far operand o moves along it.
func (l *layout) inner() int            { return l.dim[l.rank-1] }
func (l *layout) innerStride(o int) int { return l.stride[o][l.rank-1] }

// len is the number of places.
func (l *layout) len() int {
	n := 1
	for _, d := range l.dim[:l.rank] {
		n *= d
	}
	return n
}

// cursor is a row of a layout and where each operand stands at its start.
type cursor struct {
	at  [engine.MaxRank]int
	off [3]int
}

// seek is the cursor at the given row.
func (l *layout) seek(row int) (c cursor) {
	c.off = l.base
	for i := l.rank - 2; i >= 0; i-- {
		c.at[i] = row % l.dim[i]
		row /= l.dim[i]
		for o := range c.off {
			c.off[o] += c.at[i] * l.stride[o][i]
		}
	}
	return c
}

// next moves to the following row.
func (l *layout) next(c *cursor) {
	for i := l.rank - 2; i >= 0; i-- {
		c.at[i]++
		for o := range c.off {
			c.off[o] += l.stride[o][i]
		}
		if c.at[i] < l.dim[i] {
			return
		}
		c.at[i] = 0
		for o := range c.off {
			c.off[o] -= l.dim[i] * l.stride[o][i]
		}
	}
}
