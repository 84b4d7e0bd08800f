//go:build amd64

package native

import "github.com/thaw-go/thaw/engine"

// layout says how operands are walked together: sizes by axis and, for each
// operand, how many elements a step along the axis moves. Axes of size 1 are
// gone, and neighbours that all operands walk as one are joined; one axis at
// least remains.
type layout struct {
	rank   int
	dim    [engine.MaxRank]int
	stride [2][engine.MaxRank]int
}

// layoutOf walks two shapes that broadcast to y along y.
func layoutOf(y, a, b engine.Shape) layout {
	var full layout
	full.rank = y.Rank()
	for i := range y.Rank() {
		full.dim[i] = y.Dim(i)
	}
	full.stride = [2][engine.MaxRank]int{strides(a, y.Rank()), strides(b, y.Rank())}
	return full.joined()
}

// joined drops axes of size 1 and joins neighbours.
func (full layout) joined() layout {
	var l layout
	for i := range full.rank {
		if full.dim[i] == 1 {
			continue
		}
		join := l.rank > 0
		for o := range l.stride {
			join = join && l.stride[o][l.rank-1] == full.stride[o][i]*full.dim[i]
		}
		if !join {
			l.rank++
			l.dim[l.rank-1] = 1
		}
		l.dim[l.rank-1] *= full.dim[i]
		for o := range l.stride {
			l.stride[o][l.rank-1] = full.stride[o][i]
		}
	}
	if l.rank == 0 {
		l.rank, l.dim[0] = 1, 1
	}
	return l
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

// last is an axis counted from the end: its size and strides; beyond the first
// one there are axes of size 1.
func (l *layout) last(i int) (dim int, stride [2]int) {
	i = l.rank - 1 - i
	if i < 0 {
		return 1, [2]int{}
	}
	return l.dim[i], [2]int{l.stride[0][i], l.stride[1][i]}
}

// places are where the operands stand at the n-th combination of the axes before
// the last inner ones.
func (l *layout) places(n, inner int) (at [2]int) {
	for i := l.rank - 1 - inner; i >= 0; i-- {
		j := n % l.dim[i]
		n /= l.dim[i]
		for o := range at {
			at[o] += j * l.stride[o][i]
		}
	}
	return at
}
