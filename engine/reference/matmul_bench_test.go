package reference

import (
	"fmt"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// BenchmarkMatMul reports GFLOP/s of float32 products on one thread and on all.
func BenchmarkMatMul(b *testing.B) {
	for _, threads := range []int{1, 0} {
		for _, size := range [][3]int{{512, 512, 512}, {1024, 256, 256}, {128, 64, 10}} {
			for _, trans := range []string{"NN", "NT", "TN", "TT"} {
				b.Run(fmt.Sprintf("threads=%d/%dx%dx%d/%s", threads, size[0], size[1], size[2], trans), func(b *testing.B) {
					e := New(Options{Threads: threads})
					defer e.Close()
					m, k, n := size[0], size[1], size[2]
					ta, tb := trans[0] == 'T', trans[1] == 'T'
					c := &engine.Call{
						Op:   engine.OpMatMul,
						In:   []engine.Array{random(e, 1, turned(m, k, ta)), random(e, 2, turned(k, n, tb))},
						Out:  []engine.Array{random(e, 3, engine.Of(m, n))},
						Attr: engine.Attr{TransA: ta, TransB: tb, Alpha: 1},
					}
					benchmark(b, e, c, 2*m*n*k)
				})
			}
		}
	}
}

func turned(rows, cols int, trans bool) engine.Shape {
	if trans {
		return engine.Of(cols, rows)
	}
	return engine.Of(rows, cols)
}

// benchmark runs a call and reports GFLOP/s and Go allocations.
func benchmark(b *testing.B, e *Engine, c *engine.Call, flops int) {
	b.Helper()
	dt := engine.F32
	k, _ := e.Lookup(c.Op, dt)
	if err := k(c); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		_ = k(c)
	}
	b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// random is an array of numbers in [−1, 1) that look random.
func random(e *Engine, seed uint32, s engine.Shape) engine.Array {
	b, err := e.Alloc(engine.F32, s.Len())
	if err != nil {
		panic(err)
	}
	for i := range host.F32(b) {
		seed = seed*1664525 + 1013904223
		host.F32(b)[i] = float32(int32(seed)) / (1 << 31)
	}
	return engine.Array{Buf: b, Shape: s}
}
