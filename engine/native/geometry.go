//go:build amd64

package native

import "github.com/thaw-go/thaw/engine"

// geometry of a convolution of x[n,c,h,w] with weights[o,cg,kh,kw] to
// y[n,o,oh,ow].
type geometry struct {
	n, c, h, w, o, kh, kw, oh, ow int
	groups, cg, og                int // channels of a group, in and out
	stride, pad, dilation         [2]int
}

func geometryOf(x, w, y engine.Shape, a *engine.Attr) geometry {
	g := geometry{
		n: x.Dim(0), c: x.Dim(1), h: x.Dim(2), w: x.Dim(3),
		o: w.Dim(0), kh: w.Dim(2), kw: w.Dim(3), oh: y.Dim(2), ow: y.Dim(3),
		groups: max(a.Groups, 1), cg: w.Dim(1), stride: a.Stride, pad: a.Pad, dilation: a.Dilation,
	}
	g.og = g.o / g.groups
	for i := range 2 {
		g.stride[i], g.dilation[i] = max(g.stride[i], 1), max(g.dilation[i], 1)
	}
	return g
}

func (g *geometry) taps() int { return g.kh * g.kw }

// empty tells that there is nothing to multiply.
func (g *geometry) empty() bool {
	return g.n*g.o*g.oh*g.ow == 0 || g.cg*g.h*g.w*g.taps() == 0
}

// pointwise tells that the columns of a convolution are its input as it is.
func (g *geometry) pointwise() bool {
	return g.taps() == 1 && g.stride == [2]int{1, 1} && g.pad == [2]int{}
}

// window is how places of a grid see planes of h×w: each tap at row
// i·step[0] + tap.row and column j·step[1] + tap.col, which may lie outside,
// where zeros are.
type window struct {
	h, w       int
	rows, cols int // of the grid
	step       [2]int
	taps       []tap
}

type tap struct{ row, col int }

// forward is how y sees x.
func (g *geometry) forward(taps []tap) window {
	for r := range g.kh {
		for c := range g.kw {
			taps = append(taps, tap{r*g.dilation[0] - g.pad[0], c*g.dilation[1] - g.pad[1]})
		}
	}
	return window{h: g.h, w: g.w, rows: g.oh, cols: g.ow, step: g.stride, taps: taps}
}

// backward is how x's places start, start+stride, … see the gradient of y: by
// those taps of the kernel that reach them. which tells these taps' numbers.
func (g *geometry) backward(start [2]int, taps []tap, which []int) (window, []int) {
	for r := range g.kh {
		for c := range g.kw {
			row, col := start[0]+g.pad[0]-r*g.dilation[0], start[1]+g.pad[1]-c*g.dilation[1]
			if row%g.stride[0] == 0 && col%g.stride[1] == 0 {
				taps = append(taps, tap{row / g.stride[0], col / g.stride[1]})
				which = append(which, r*g.kw+c)
			}
		}
	}
	rest := func(size, axis int) int { return max(size-start[axis]+g.stride[axis]-1, 0) / g.stride[axis] }
	return window{
		h: g.oh, w: g.ow, rows: rest(g.h, 0), cols: rest(g.w, 1), step: [2]int{1, 1}, taps: taps,
	}, which
}

// divide rounds towards minus infinity.
func divide(a, b int) (quotient, rest int) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		return quotient - 1, rest + b
	}
	return quotient, rest
}
