package image

import (
	"fmt"
	"math"
)

// Filter is a resampling filter, by Pillow's name.
type Filter string

// The resampling filters.
const (
	Nearest  Filter = "nearest"
	Box      Filter = "box"
	Bilinear Filter = "bilinear"
	Hamming  Filter = "hamming"
	Bicubic  Filter = "bicubic"
	Lanczos  Filter = "lanczos"
)

// check refuses unknown names; an empty one stands for Bilinear.
func (f Filter) check() error {
	switch f {
	case "", Nearest, Box, Bilinear, Hamming, Bicubic, Lanczos:
		return nil
	}
	return fmt.Errorf("no resampling filter is called %q", f)
}

// weight is a filter's value at x and half its width.
func (f Filter) weight() (at func(x float64) float64, support float64) {
	switch f {
	case Box:
		return box, 0.5
	case Hamming:
		return hamming, 1
	case Bicubic:
		return bicubic, 2
	case Lanczos:
		return lanczos, 3
	}
	return triangle, 1
}

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 { return max(0, 1-math.Abs(x)) }

// hamming has Pillow's constants, which are single precision.
func hamming(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x == 0:
		return 1
	case x >= 1:
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (float64(float32(0.54)) + float64(float64(float32(0.46))*math.Cos(x)))
}

// bicubic is Keys' cubic convolution with a = −½.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64((float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return float64((float64((float64((x-5)*x)+8)*x) - 4) * a)
	}
	return 0
}

func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return sinc(x) * sinc(x/3)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// precision is the number of fractional bits of weights.
const precision = 32 - 8 - 2

// kernel is the weights of every output sample along one axis: those of
// sample i are weights[i·size:], for the input from first[i] on.
type kernel struct {
	size    int
	first   []int
	count   []int
	weights []int32
	reals   []float64
}

// compute makes the kernel for resizing in samples to out. The filter is
// widened by the factor of reduction, so that reducing averages ("antialias").
// Products are rounded by conversions so that no processor fuses them with
// sums and all have the same bits.
func (k *kernel) compute(in, out int, f Filter) {
	at, support := f.weight()
	scale := float64(in) / float64(out)
	filterScale := max(scale, 1)
	support *= filterScale
	k.size = int(math.Ceil(support))*2 + 1
	k.first, k.count = sized(k.first, out), sized(k.count, out)
	k.weights, k.reals = sized(k.weights, out*k.size), sized(k.reals, k.size)
	inverse := 1 / filterScale
	for i := range out {
		centre := float64((float64(i) + 0.5) * scale)
		lo := max(0, int(centre-support+0.5))
		hi := min(in, int(centre+support+0.5))
		sum := 0.0
		for x := lo; x < hi; x++ {
			w := at(float64((float64(x) - centre + 0.5) * inverse))
			k.reals[x-lo] = w
			sum += w
		}
		k.first[i], k.count[i] = lo, hi-lo
		row := k.weights[i*k.size : (i+1)*k.size]
		for x := range hi - lo {
			w := k.reals[x]
			if sum != 0 {
				w /= sum
			}
			row[x] = int32(math.Floor(float64(math.Abs(w)*(1<<precision)) + 0.5))
			if w < 0 {
				row[x] = -row[x]
			}
		}
	}
}

// resample resizes as Pillow's Image.resize does, to the bit: first across,
// then down, in fixed-point arithmetic with 8-bit samples between (Pillow's
// Resample.c).
func (s *Scratch) resample(src *Image, w, h int, f Filter) *Image {
	if f == Nearest {
		return s.nearest(src, w, h)
	}
	if w != src.W {
		k := &s.kernels[0]
		k.compute(src.W, w, f)
		dst := s.Image(w, src.H, src.C)
		for y := range src.H {
			k.across(dst.row(y), src.row(y), src.C)
		}
		src = dst
	}
	if h != src.H {
		k := &s.kernels[1]
		k.compute(src.H, h, f)
		dst := s.Image(src.W, h, src.C)
		for y := range h {
			k.down(dst.row(y), src, y)
		}
		src = dst
	}
	return src
}

func (k *kernel) across(dst, src []byte, c int) {
	const half = 1 << (precision - 1)
	for i, first := range k.first {
		weights := k.weights[i*k.size:][:k.count[i]]
		in := src[first*c:]
		if c == 1 {
			sum := int32(half)
			for x, w := range weights {
				sum += int32(in[x]) * w
			}
			dst[i] = clip8(sum)
			continue
		}
		r, g, b := int32(half), int32(half), int32(half)
		for x, w := range weights {
			p := in[3*x : 3*x+3 : 3*x+3]
			r += int32(p[0]) * w
			g += int32(p[1]) * w
			b += int32(p[2]) * w
		}
		o := dst[3*i : 3*i+3 : 3*i+3]
		o[0], o[1], o[2] = clip8(r), clip8(g), clip8(b)
	}
}

func (k *kernel) down(dst []byte, src *Image, y int) {
	weights := k.weights[y*k.size:][:k.count[y]]
	stride := src.W * src.C
	in := src.Pix[k.first[y]*stride:]
	for x := range dst {
		sum := int32(1 << (precision - 1))
		at := x
		for _, w := range weights {
			sum += int32(in[at]) * w
			at += stride
		}
		dst[x] = clip8(sum)
	}
}

func clip8(v int32) byte { return byte(max(0, min(v>>precision, 255))) }

// nearest takes the sample whose area each new sample's centre falls into.
func (s *Scratch) nearest(src *Image, w, h int) *Image {
	if w == src.W && h == src.H {
		return src
	}
	affine := affine{float64(src.W) / float64(w), 0, 0, 0, float64(src.H) / float64(h), 0}
	dst := s.Image(w, h, src.C)
	affine.nearest(dst, src, nil)
	return dst
}
