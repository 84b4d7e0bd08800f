package main

import (
	"fmt"
	"math"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native"
)

// size of a product of an m×k and a k×n matrix, either of which may be stored
// transposed.
type size struct {
	m, n, k int
	ta, tb  bool
}

func (z size) String() string {
	letter := func(t bool) string {
		if t {
			return "T"
		}
		return "N"
	}
	return fmt.Sprintf("sgemm %d×%d×%d %s%s", z.m, z.k, z.n, letter(z.ta), letter(z.tb))
}

func (z size) flops() float64 { return 2 * float64(z.m) * float64(z.n) * float64(z.k) }

// bout makes the case; openBLAS is the library's name, which may be missing.
func (z size) bout(openBLAS string) *bout {
	q := request{Kind: "product", M: z.m, N: z.n, K: z.k, TA: z.ta, TB: z.tb}
	b := &bout{family: "sgemm", name: z.String(), flops: z.flops(), theirs: []way{{"torch", q}}}
	if q.OpenBLAS = openBLAS; openBLAS != "" {
		b.theirs = append(b.theirs, way{"OpenBLAS", q})
	}
	b.ours = func(e *native.Engine) (side, error) { return newProductSide(e, z) }
	return b
}

type productSide struct {
	e      *native.Engine
	kernel engine.Kernel
	call   engine.Call
}

func newProductSide(e *native.Engine, z size) (*productSide, error) {
	s := &productSide{e: e, call: engine.Call{Op: engine.OpMatMul}}
	s.kernel, _ = e.Lookup(engine.OpMatMul, engine.F32)
	s.call.Attr = engine.Attr{Alpha: 1, TransA: z.ta, TransB: z.tb}
	a, b := engine.Of(z.m, z.k), engine.Of(z.k, z.n)
	if z.ta {
		a = engine.Of(z.k, z.m)
	}
	if z.tb {
		b = engine.Of(z.n, z.k)
	}
	for i, shape := range []engine.Shape{a, b, engine.Of(z.m, z.n)} {
		buf, err := e.Alloc(engine.F32, shape.Len())
		if err != nil {
			return nil, err
		}
		fill(host.F32(buf), []float32{0.5, 0.25, 0}[i])
		x := engine.Array{Buf: buf, Shape: shape}
		if i == 2 {
			s.call.Out = []engine.Array{x}
		} else {
			s.call.In = append(s.call.In, x)
		}
	}
	return s, nil
}

func (s *productSide) step(numbers bool) (reading, error) {
	began := time.Now()
	err := s.kernel(&s.call)
	x := reading{ms: float64(time.Since(began).Nanoseconds()) / 1e6}
	if numbers {
		y := host.F32(s.call.Out[0].Buf)
		x.loss = float64(y[0])
		for _, v := range y {
			x.norm += float64(v) * float64(v)
		}
		x.norm = math.Sqrt(x.norm)
	}
	return x, err
}

func (s *productSide) close() error {
	for _, x := range append(s.call.In, s.call.Out...) {
		s.e.Free(x.Buf)
	}
	return nil
}
