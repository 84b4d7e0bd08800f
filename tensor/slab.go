package tensor

// chunk is how many structs a slab allocates at a time.
const chunk = 256

// slab hands out structs that stay where they are until it is reset; then the
// same structs are handed out again.
type slab[T any] struct {
	chunks [][]T
	n      int
}

// next returns a struct with whatever content its last use left.
func (s *slab[T]) next() *T {
	if s.n == len(s.chunks)*chunk {
		s.chunks = append(s.chunks, make([]T, chunk))
	}
	s.n++
	return s.at(s.n - 1)
}

func (s *slab[T]) at(i int) *T { return &s.chunks[i/chunk][i%chunk] }
