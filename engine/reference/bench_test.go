package reference

import (
	"fmt"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// benchmark runs a float32 call on one thread and on all, and reports GFLOP/s
// and GB/s by engine.Cost.
func benchmark(b *testing.B, name string, call func(e *Engine) *engine.Call) {
	for _, threads := range []string{"one", "all"} {
		b.Run(threads+"/"+name, func(b *testing.B) {
			o := Options{}
			if threads == "one" {
				o.Threads = 1
			}
			e := New(o)
			defer e.Close()
			c := call(e)
			k, _ := e.Lookup(c.Op, engine.F32)
			if err := k(c); err != nil {
				b.Fatal(err)
			}
			flops, bytes := engine.Cost(c)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				_ = k(c)
			}
			perSecond := float64(b.N) / b.Elapsed().Seconds() / 1e9
			b.ReportMetric(float64(flops)*perSecond, "GFLOP/s")
			b.ReportMetric(float64(bytes)*perSecond, "GB/s")
		})
	}
}

// random is an array of numbers in [−1, 1).
func random(e *Engine, dims ...int) engine.Array {
	s := engine.Of(dims...)
	b, err := e.Alloc(engine.F32, s.Len())
	if err != nil {
		panic(err)
	}
	x := uint32(s.Len())
	for i := range host.F32(b) {
		x = x*1664525 + 1013904223
		host.F32(b)[i] = float32(int32(x)) / (1 << 31)
	}
	return engine.Array{Buf: b, Shape: s}
}

// whole is an array of ids below limit.
func whole(e *Engine, dt engine.DType, limit int, dims ...int) engine.Array {
	s := engine.Of(dims...)
	b, err := e.Alloc(dt, s.Len())
	if err != nil {
		panic(err)
	}
	if dt == engine.I64 {
		for i := range host.I64(b) {
			host.I64(b)[i] = int64(i * 7919 % limit)
		}
	}
	return engine.Array{Buf: b, Shape: s}
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range [][3]int{{512, 512, 512}, {1024, 256, 256}, {128, 64, 10}} {
		for _, trans := range []string{"NN", "NT", "TN", "TT"} {
			m, k, n := s[0], s[1], s[2]
			side := func(e *Engine, rows, cols int, turned bool) engine.Array {
				if turned {
					rows, cols = cols, rows
				}
				return random(e, rows, cols)
			}
			benchmark(b, fmt.Sprintf("%dx%dx%d/%s", m, k, n, trans), func(e *Engine) *engine.Call {
				a := engine.Attr{TransA: trans[0] == 'T', TransB: trans[1] == 'T', Alpha: 1}
				return &engine.Call{Op: engine.OpMatMul, Attr: a, In: []engine.Array{side(e, m, k, a.TransA), side(e, k, n, a.TransB)}, Out: []engine.Array{random(e, m, n)}}
			})
		}
	}
}

// Layers of CIFAR's ResNet-20, of ResNet-18, and a depthwise one.
func BenchmarkConv(b *testing.B) {
	for _, l := range []struct{ n, c, size, o, k, stride, pad, groups int }{
		{16, 3, 32, 16, 3, 1, 1, 1},
		{16, 16, 32, 16, 3, 1, 1, 1},
		{16, 16, 32, 32, 3, 2, 1, 1},
		{16, 64, 8, 64, 3, 1, 1, 1},
		{2, 3, 224, 64, 7, 2, 3, 1},
		{2, 64, 56, 64, 3, 1, 1, 1},
		{2, 256, 14, 512, 1, 2, 0, 1},
		{2, 512, 7, 512, 3, 1, 1, 1},
		{4, 64, 56, 64, 3, 1, 1, 64},
	} {
		a := engine.Attr{Stride: [2]int{l.stride, l.stride}, Pad: [2]int{l.pad, l.pad}, Dilation: [2]int{1, 1}, Groups: l.groups}
		out := (l.size+2*l.pad-l.k)/l.stride + 1
		name := fmt.Sprintf("%dx%dx%dx%d_%d_k%d_s%d_g%d", l.n, l.c, l.size, l.size, l.o, l.k, l.stride, l.groups)
		x := func(e *Engine) engine.Array { return random(e, l.n, l.c, l.size, l.size) }
		w := func(e *Engine) engine.Array { return random(e, l.o, l.c/l.groups, l.k, l.k) }
		y := func(e *Engine) engine.Array { return random(e, l.n, l.o, out, out) }
		benchmark(b, name+"/forward", func(e *Engine) *engine.Call {
			return &engine.Call{Op: engine.OpConv2D, Attr: a, In: []engine.Array{x(e), w(e)}, Out: []engine.Array{y(e)}}
		})
		benchmark(b, name+"/grad_input", func(e *Engine) *engine.Call {
			return &engine.Call{Op: engine.OpConv2DGradInput, Attr: a, In: []engine.Array{y(e), w(e)}, Out: []engine.Array{x(e)}}
		})
		benchmark(b, name+"/grad_weight", func(e *Engine) *engine.Call {
			return &engine.Call{Op: engine.OpConv2DGradWeight, Attr: a, In: []engine.Array{x(e), y(e)}, Out: []engine.Array{w(e)}}
		})
	}
}

func BenchmarkElementwise(b *testing.B) {
	x := func(e *Engine) engine.Array { return random(e, 64, 16, 32, 32) }
	for name, fn := range map[string]engine.Fn{"relu": engine.FnRelu, "gelu": engine.FnGeluErf, "tanh": engine.FnTanh} {
		a := engine.Attr{Fn: fn}
		benchmark(b, name, func(e *Engine) *engine.Call {
			return &engine.Call{Op: engine.OpUnary, Attr: a, In: []engine.Array{x(e)}, Out: []engine.Array{x(e)}}
		})
		benchmark(b, name+"_grad", func(e *Engine) *engine.Call {
			return &engine.Call{Op: engine.OpUnaryGrad, Attr: a, In: []engine.Array{x(e), x(e)}, Out: []engine.Array{x(e)}}
		})
	}
	add := engine.Attr{Fn: engine.FnAdd}
	benchmark(b, "add", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpBinary, Attr: add, In: []engine.Array{x(e), x(e)}, Out: []engine.Array{x(e)}}
	})
	benchmark(b, "add_channel", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpBinary, Attr: add, In: []engine.Array{x(e), random(e, 16, 1, 1)}, Out: []engine.Array{x(e)}}
	})
	benchmark(b, "dropout", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpDropout, Attr: engine.Attr{P: 0.1}, In: []engine.Array{x(e)}, Out: []engine.Array{x(e)}}
	})
	benchmark(b, "sum_to_channels", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpSumTo, Attr: engine.Attr{Alpha: 1}, In: []engine.Array{x(e)}, Out: []engine.Array{random(e, 1, 16, 1, 1)}}
	})
	benchmark(b, "sum_to_columns", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpSumTo, Attr: engine.Attr{Alpha: 1}, In: []engine.Array{random(e, 1024, 768)}, Out: []engine.Array{random(e, 768)}}
	})
	benchmark(b, "permute_heads", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpPermute, Attr: engine.Attr{Axes: [engine.MaxRank]int{0, 2, 1, 3}}, In: []engine.Array{random(e, 8, 128, 4, 64)}, Out: []engine.Array{random(e, 8, 4, 128, 64)}}
	})
	benchmark(b, "transpose", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpPermute, Attr: engine.Attr{Axes: [engine.MaxRank]int{1, 0}}, In: []engine.Array{random(e, 1024, 1024)}, Out: []engine.Array{random(e, 1024, 1024)}}
	})
}

func BenchmarkNorm(b *testing.B) {
	x := func(e *Engine) engine.Array { return random(e, 64, 16, 32, 32) }
	c := func(e *Engine) engine.Array { return random(e, 16) }
	benchmark(b, "batch_norm", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpBatchNorm, Attr: engine.Attr{Eps: 1e-5}, In: []engine.Array{x(e), c(e), c(e), {}, {}}, Out: []engine.Array{x(e), c(e), c(e)}}
	})
	benchmark(b, "batch_norm_grad", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpBatchNormGrad, Attr: engine.Attr{Eps: 1e-5}, In: []engine.Array{x(e), x(e), c(e), c(e), c(e)}, Out: []engine.Array{x(e), c(e), c(e)}}
	})
	rows := func(e *Engine) engine.Array { return random(e, 1024, 256) }
	r := func(e *Engine) engine.Array { return random(e, 1024) }
	d := func(e *Engine) engine.Array { return random(e, 256) }
	benchmark(b, "layer_norm", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpLayerNorm, Attr: engine.Attr{Eps: 1e-5}, In: []engine.Array{rows(e), d(e), d(e)}, Out: []engine.Array{rows(e), r(e), r(e)}}
	})
	benchmark(b, "layer_norm_grad", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpLayerNormGrad, In: []engine.Array{rows(e), rows(e), d(e), r(e), r(e)}, Out: []engine.Array{rows(e), d(e), d(e)}}
	})
}

func BenchmarkSoftmax(b *testing.B) {
	x := func(e *Engine) engine.Array { return random(e, 4096, 128) }
	benchmark(b, "softmax", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpSoftmax, Attr: engine.Attr{Alpha: 1}, In: []engine.Array{x(e)}, Out: []engine.Array{x(e)}}
	})
	benchmark(b, "softmax_grad", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpSoftmaxGrad, Attr: engine.Attr{Alpha: 1}, In: []engine.Array{x(e), x(e)}, Out: []engine.Array{x(e)}}
	})
	benchmark(b, "cross_entropy", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpCrossEntropy, In: []engine.Array{random(e, 512, 1000), whole(e, engine.I64, 1000, 512)}, Out: []engine.Array{random(e), random(e, 512, 1000), random(e)}}
	})
}

func BenchmarkPool(b *testing.B) {
	a := engine.Attr{Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [2]int{1, 1}, CountPad: true}
	x := func(e *Engine) engine.Array { return random(e, 2, 64, 112, 112) }
	y := func(e *Engine) engine.Array { return random(e, 2, 64, 56, 56) }
	benchmark(b, "max", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpMaxPool2D, Attr: a, In: []engine.Array{x(e)}, Out: []engine.Array{y(e), whole(e, engine.I32, 1, 2, 64, 56, 56)}}
	})
	benchmark(b, "avg", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpAvgPool2D, Attr: a, In: []engine.Array{x(e)}, Out: []engine.Array{y(e)}}
	})
	benchmark(b, "global_avg", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpAdaptiveAvgPool2D, In: []engine.Array{random(e, 64, 64, 8, 8)}, Out: []engine.Array{random(e, 64, 64, 1, 1)}}
	})
}

func BenchmarkEmbedding(b *testing.B) {
	ids := func(e *Engine) engine.Array { return whole(e, engine.I64, 30522, 1024) }
	benchmark(b, "forward", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpEmbedding, In: []engine.Array{random(e, 30522, 256), ids(e)}, Out: []engine.Array{random(e, 1024, 256)}}
	})
	benchmark(b, "grad", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpEmbeddingGrad, Attr: engine.Attr{Padding: -1}, In: []engine.Array{ids(e), random(e, 1024, 256)}, Out: []engine.Array{random(e, 30522, 256)}}
	})
}

func BenchmarkUpdate(b *testing.B) {
	p := func(e *Engine) engine.Array { return random(e, 1<<20) }
	benchmark(b, "adam", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpAdamUpdate, Attr: engine.Attr{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1, StepCount: 1}, In: []engine.Array{p(e)}, Out: []engine.Array{p(e), p(e), p(e)}}
	})
	benchmark(b, "sgd", func(e *Engine) *engine.Call {
		return &engine.Call{Op: engine.OpSGDUpdate, Attr: engine.Attr{LR: 1e-9, Momentum: 0.9, StepCount: 2}, In: []engine.Array{p(e)}, Out: []engine.Array{p(e), p(e)}}
	})
}
