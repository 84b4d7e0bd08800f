package rng

// Stream draws numbers one after another. The zero Stream is that of key 0. It
// is a small value: copy it to draw the same numbers again. A Stream is not
// safe for concurrent use; make one per goroutine, each with a key of its own.
type Stream struct {
	key   uint64
	block uint64
	words [4]uint32
	left  int
}

// New is the stream named by the parts, as in New(seed, epoch, sample,
// rng.Name("flip")).
func New(parts ...uint64) Stream { return Stream{key: Key(parts...)} }

// Uint32 draws 32 bits.
func (s *Stream) Uint32() uint32 {
	if s.left == 0 {
		s.words, s.left = Philox(s.key, 0, s.block), 4
		s.block++
	}
	s.left--
	return s.words[3-s.left]
}

// Uint64 draws 64 bits, the low half first.
func (s *Stream) Uint64() uint64 {
	lo := s.Uint32()
	return uint64(s.Uint32())<<32 | uint64(lo)
}

// Float64 draws from [0, 1), a multiple of 2⁻⁵³.
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// Float32 draws from [0, 1), a multiple of 2⁻²⁴.
func (s *Stream) Float32() float32 { return float32(s.Uint32()>>8) / (1 << 24) }

// Uniform draws from [lo, hi), as far as rounding allows.
func (s *Stream) Uniform(lo, hi float64) float64 { return lo + float64((hi-lo)*s.Float64()) }

// Normal draws from the standard normal distribution: the inverse of its
// distribution function, taken of one 64-bit draw.
func (s *Stream) Normal() float64 {
	return quantile((float64(s.Uint64()>>12) + 0.5) / (1 << 52))
}

// IntN draws from [0, n). It panics when n is not positive.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a number that is not positive")
	}
	for {
		if v, ok := below(s.Uint64(), uint64(n)); ok {
			return int(v)
		}
	}
}

// Shuffle permutes n things, of which swap exchanges two.
func (s *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, s.IntN(i+1))
	}
}

// Perm draws a permutation of 0..n-1.
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	s.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}
