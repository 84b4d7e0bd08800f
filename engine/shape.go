package engine

import (
	"fmt"
	"strings"
)

// MaxRank is the largest number of axes.
const MaxRank = 6

// Shape is the sizes of an array, outermost first. It is a value, so that
// shapes cost no allocation.
type Shape struct {
	rank int
	dim  [MaxRank]int
}

// Of makes a shape. More than MaxRank axes or a negative size is a programmer's
// error.
func Of(dims ...int) Shape {
	if len(dims) > MaxRank {
		panic(fmt.Sprintf("engine: %d axes, at most %d", len(dims), MaxRank))
	}
	var s Shape
	s.rank = len(dims)
	for i, d := range dims {
		if d < 0 {
			panic(fmt.Sprintf("engine: negative size %d", d))
		}
		s.dim[i] = d
	}
	return s
}

// Rank is the number of axes; a scalar has none.
func (s Shape) Rank() int { return s.rank }

// Dim is the size of axis i; negative i counts from the last axis.
func (s Shape) Dim(i int) int {
	if i < 0 {
		i += s.rank
	}
	if i < 0 || i >= s.rank {
		panic(fmt.Sprintf("engine: axis %d of shape %v", i, s))
	}
	return s.dim[i]
}

// Len is the number of elements: 1 for a scalar.
func (s Shape) Len() int {
	n := 1
	for _, d := range s.dim[:s.rank] {
		n *= d
	}
	return n
}

// Dims copies the sizes into a slice.
func (s Shape) Dims() []int { return append([]int(nil), s.dim[:s.rank]...) }

// With returns the shape with axis i of size d.
func (s Shape) With(i, d int) Shape {
	if i < 0 {
		i += s.rank
	}
	_ = s.Dim(i)
	s.dim[i] = d
	return s
}

// Broadcast is the shape that s and o have in common by NumPy's rule: aligned
// at the last axis, sizes equal or one of them 1.
func (s Shape) Broadcast(o Shape) (Shape, bool) {
	r := Shape{rank: max(s.rank, o.rank)}
	for i := 1; i <= r.rank; i++ {
		a, b := 1, 1
		if i <= s.rank {
			a = s.dim[s.rank-i]
		}
		if i <= o.rank {
			b = o.dim[o.rank-i]
		}
		switch {
		case a == b || b == 1:
			r.dim[r.rank-i] = a
		case a == 1:
			r.dim[r.rank-i] = b
		default:
			return Shape{}, false
		}
	}
	return r, true
}

func (s Shape) String() string {
	parts := make([]string, s.rank)
	for i, d := range s.dim[:s.rank] {
		parts[i] = fmt.Sprint(d)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
