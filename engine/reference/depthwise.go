package reference

import "github.com/thaw-go/thaw/engine/host"

// depthwise is the convolution whose groups have one input channel each: plane
// by plane, tap by tap, without columns. x and y are the planes of the input's
// and of the output's side, values or gradients as the pass has them.
type depthwise[T float] struct {
	cpu        *host.CPU
	x, w, b, y []T
	g          geometry
	sums       []T // gradients of the weights by image
}

func (k *depthwise[T]) grain() int {
	return perRow(1<<15, k.g.oh*k.g.ow*k.g.taps())
}

func (k *depthwise[T]) forward() { k.cpu.Threads.Run(k.g.n*k.g.o, k.grain(), k) }

// eachTap calls do for each row of the output and each tap that meets the input,
// with the number of columns that do and where the first of them lies in y and
// in x.
func (g *geometry) eachTap(do func(tap, y, x, n int)) {
	for r := range g.oh {
		for tap := range g.taps() {
			row := r*g.stride[0] + tap/g.kw*g.dilation[0] - g.pad[0]
			if row < 0 || row >= g.h {
				continue
			}
			col := tap%g.kw*g.dilation[1] - g.pad[1]
			c0, c1 := 0, 0
			if col < 0 {
				c0 = (-col + g.stride[1] - 1) / g.stride[1]
			}
			if col < g.w {
				c1 = min((g.w-1-col)/g.stride[1]+1, g.ow)
			}
			if c0 < c1 {
				do(tap, r*g.ow+c0, row*g.w+col+c0*g.stride[1], c1-c0)
			}
		}
	}
}

// planes are the planes of output channel i (image·o + channel) on both sides,
// and the channel's weights.
func (k *depthwise[T]) planes(i int) (x, y, w []T) {
	g := &k.g
	image, o := i/g.o, i%g.o
	x = k.x[(image*g.c+o/g.og)*g.h*g.w:][:g.h*g.w]
	y = k.y[i*g.oh*g.ow:][:g.oh*g.ow]
	return x, y, k.w[o*g.taps():][:g.taps()]
}

func (k *depthwise[T]) Run(_, lo, hi int) {
	step := k.g.stride[1]
	for i := lo; i < hi; i++ {
		x, y, w := k.planes(i)
		bias := T(0)
		if k.b != nil {
			bias = k.b[i%k.g.o]
		}
		for j := range y {
			y[j] = bias
		}
		k.g.eachTap(func(tap, at, from, n int) {
			v, row := w[tap], y[at:at+n]
			if step == 1 {
				for j, u := range x[from:][:n] {
					row[j] += v * u
				}
				return
			}
			for j := range row {
				row[j] += v * x[from+j*step]
			}
		})
	}
}

func (k *depthwise[T]) gradInput() {
	k.cpu.Threads.Run(k.g.n*k.g.c, k.grain(), (*depthwiseGradInput[T])(k))
}

// depthwiseGradInput is one plane of the input's gradient after the other.
type depthwiseGradInput[T float] depthwise[T]

func (k *depthwiseGradInput[T]) Run(_, lo, hi int) {
	g := &k.g
	step := g.stride[1]
	for i := lo; i < hi; i++ {
		clear(k.x[i*g.h*g.w:][:g.h*g.w])
		for o := i * g.og; o < (i+1)*g.og; o++ {
			x, y, w := (*depthwise[T])(k).planes(o)
			g.eachTap(func(tap, at, from, n int) {
				v := w[tap]
				for j, u := range y[at : at+n] {
					x[from+j*step] += v * u
				}
			})
		}
	}
}

func (k *depthwise[T]) gradWeight() error {
	buf, v, err := scratch[T](k.cpu, k.g.n*len(k.w))
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.sums = v
	k.cpu.Threads.Run(k.g.n*k.g.o, k.grain(), (*depthwiseGradWeight[T])(k))
	k.cpu.Threads.Run(len(k.w), perRow(cheapBlock, k.g.n), (*depthwiseAddImages[T])(k))
	return nil
}

// depthwiseGradWeight is the weights' gradient by image.
type depthwiseGradWeight[T float] depthwise[T]

func (k *depthwiseGradWeight[T]) Run(_, lo, hi int) {
	g := &k.g
	step := g.stride[1]
	for i := lo; i < hi; i++ {
		x, y, _ := (*depthwise[T])(k).planes(i)
		sums := k.sums[i*g.taps():][:g.taps()]
		clear(sums)
		g.eachTap(func(tap, at, from, n int) {
			s := T(0)
			for j, u := range y[at : at+n] {
				s += u * x[from+j*step]
			}
			sums[tap] += s
		})
	}
}

// depthwiseAddImages adds the images' gradients of weights lo … hi−1.
type depthwiseAddImages[T float] depthwise[T]

func (k *depthwiseAddImages[T]) Run(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		s := 0.0
		for image := range k.g.n {
			s += float64(k.sums[image*len(k.w)+i])
		}
		k.w[i] = T(s)
	}
}
