package native

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
)

// Convolutions with enough channels that pieces of work, panels and depths have
// edges of every kind; the engine's suite has small ones only.
func TestConvolutionsAgainstReference(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	between := func(lo, hi int) int { return lo + g.IntN(hi-lo+1) }
	oracle := reference.New(host.Options{})
	defer oracle.Close()
	for _, path := range Paths() {
		if path == generic {
			continue
		}
		e := open(t, Options{CPU: path, Debug: true})
		defer e.Close()
		for i := range 24 {
			groups := between(1, 2)
			c := shape{n: between(1, 5), c: groups * between(16, 60), h: between(1, 20), w: between(1, 20), o: groups * between(16, 60), kernel: 3, groups: groups}
			c.attr = engine.Attr{Stride: [2]int{1, 1}, Pad: [2]int{between(0, 2), between(0, 2)}, Dilation: [2]int{1, 1}, Groups: groups}
			if i%4 == 3 {
				c.kernel = between(1, 4)
				c.attr.Stride = [2]int{between(1, 3), between(1, 3)}
				c.attr.Dilation[0] = between(1, 2)
			}
			if i%8 == 1 {
				c.n, c.c, c.o = 1, groups*400, groups*20
			}
			if i%8 == 2 {
				c.h, c.w, c.attr.Pad = 1, 1, [2]int{1, 1}
			}
			if y := c.y(); y.Dim(2) < 1 || y.Dim(3) < 1 {
				continue
			}
			c.compare(t, g, e, oracle)
		}
	}
}

// shape of a convolution.
type shape struct {
	n, c, h, w, o, kernel, groups int
	attr                          engine.Attr
}

func (s *shape) x() engine.Shape { return engine.Of(s.n, s.c, s.h, s.w) }
func (s *shape) k() engine.Shape { return engine.Of(s.o, s.c/s.groups, s.kernel, s.kernel) }

func (s *shape) y() engine.Shape {
	size := func(i, x int) int {
		n := x + 2*s.attr.Pad[i] - s.attr.Dilation[i]*(s.kernel-1) - 1
		if n < 0 {
			return 0
		}
		return n/s.attr.Stride[i] + 1
	}
	return engine.Of(s.n, s.o, size(0, s.h), size(1, s.w))
}

// compare runs the three passes with both engines. An error is measured by the
// size of a sum of as many random terms.
func (s *shape) compare(t *testing.T, g *rand.Rand, e, oracle engine.Engine) {
	t.Helper()
	draw := func(shape engine.Shape) []float32 {
		v := make([]float32, shape.Len())
		for i := range v {
			v[i] = float32(g.NormFloat64())
		}
		return v
	}
	x, w, y := draw(s.x()), draw(s.k()), draw(s.y())
	taps := s.c / s.groups * s.kernel * s.kernel
	passes := []struct {
		op    engine.Op
		a, b  engine.Shape
		va    []float32
		vb    []float32
		out   engine.Shape
		terms int
	}{
		{engine.OpConv2D, s.x(), s.k(), x, w, s.y(), taps},
		{engine.OpConv2DGradInput, s.y(), s.k(), y, w, s.x(), s.o / s.groups * s.kernel * s.kernel},
		{engine.OpConv2DGradWeight, s.x(), s.y(), x, y, s.k(), s.n * s.y().Dim(2) * s.y().Dim(3)},
	}
	for _, p := range passes {
		var got [2][]float32
		for i, e := range []engine.Engine{e, oracle} {
			b := &bundle{t, e, g}
			in := []engine.Array{b.set(p.a, p.va), b.set(p.b, p.vb)}
			out := b.set(p.out, make([]float32, p.out.Len()))
			b.run(p.op, s.attr, in, []engine.Array{out})
			got[i] = b.values(out)
			for _, a := range append(in, out) {
				e.Free(a.Buf)
			}
		}
		for i, v := range got[0] {
			if d := math.Abs(float64(v - got[1][i])); !(d <= 2e-6*math.Sqrt(float64(p.terms))*8) {
				t.Fatalf("%v %v %v %+v: element %d is %v, the reference engine's %v", p.op, p.a, p.b, fmt.Sprint(s.attr.Stride, s.attr.Pad, s.attr.Dilation, s.groups), i, v, got[1][i])
			}
		}
	}
}
