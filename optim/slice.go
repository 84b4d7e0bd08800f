package optim

// Slice is the elements of a parameter, a gradient or a state: one of the two,
// or neither where there is none.
type Slice struct {
	F32 []float32
	F64 []float64
}

// Len is the number of elements.
func (s Slice) Len() int { return max(len(s.F32), len(s.F64)) }

// Absent tells a slice that holds nothing and stands for no gradient.
func (s Slice) Absent() bool { return s.F32 == nil && s.F64 == nil }

// At is an element.
func (s Slice) At(i int) float64 {
	if s.F64 != nil {
		return s.F64[i]
	}
	return float64(s.F32[i])
}

// Set changes an element.
func (s Slice) Set(i int, v float64) {
	if s.F64 != nil {
		s.F64[i] = v
		return
	}
	s.F32[i] = float32(v)
}

// Clone copies the elements.
func (s Slice) Clone() Slice {
	c := s.zeros(s.Len())
	copy(c.F32, s.F32)
	copy(c.F64, s.F64)
	return c
}

// zeros makes n zeros of s's type.
func (s Slice) zeros(n int) Slice {
	if s.F64 != nil {
		return Slice{F64: make([]float64, n)}
	}
	return Slice{F32: make([]float32, n)}
}

// Param is a parameter as an optimizer sees it. Shape is its sizes, outermost
// first. Without a gradient it is skipped and its step counter stays.
type Param struct {
	Name        string
	Shape       []int
	Value, Grad Slice
	// Rows, where not nil, are the indices of the rows (first axis) that Grad
	// holds, one after another; the others have no gradient. An index may stand
	// more than once: its rows add up.
	Rows []int
}

// size is the number of elements of a shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
