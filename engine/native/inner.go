//go:build amd64

package native

import "github.com/thaw-go/thaw/engine/host"

// inner is the one tap of a convolution's kernel that meets the input, where the
// input is so small that all others see but the zeros around it: a 3×3 kernel at
// a 1×1 input, which the last layers of a residual network have for small
// pictures.
type inner struct {
	tap, taps int
	of, w     []float32 // whole kernels, and their one tap
}

// find tells whether g's kernel has but one such tap, and makes g the pointwise
// convolution that is left.
func (k *inner) find(g *geometry) bool {
	row, rows := meets(g.kh, g.h, g.oh, g, 0)
	col, cols := meets(g.kw, g.w, g.ow, g, 1)
	if rows*cols != 1 || g.taps() == 1 {
		return false
	}
	k.tap, k.taps = row*g.kw+col, g.taps()
	g.kh, g.kw = 1, 1
	g.pad = [2]int{g.pad[0] - row*g.dilation[0], g.pad[1] - col*g.dilation[1]}
	return true
}

// meets is the first of a kernel's taps along an axis that meets one of size
// inputs at one of n outputs, and how many there are up to the last.
func meets(taps, size, n int, g *geometry, axis int) (first, count int) {
	for t := range taps {
		for i := range n {
			at := i*g.stride[axis] + t*g.dilation[axis] - g.pad[axis]
			if at < 0 || at >= size {
				continue
			}
			if count == 0 {
				first = t
			}
			count = t - first + 1
			break
		}
	}
	return first, count
}

// take copies the tap out of the kernels, into memory to Free at the call's end.
func (k *inner) take(s *shared, of []float32) (*host.Buffer, error) {
	n := len(of) / k.taps
	b, v, err := s.scratch(n)
	if err != nil {
		return nil, err
	}
	k.of, k.w = of, v[:n]
	s.spread(n, 1, packCost*float64(k.taps), k)
	return b, nil
}

// Run copies kernels lo … hi−1.
func (k *inner) Run(_, lo, hi int) {
	w := k.w[lo:hi]
	of := k.of[lo*k.taps+k.tap:]
	for i := range w {
		w[i] = of[i*k.taps]
	}
}
