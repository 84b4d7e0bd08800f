package native

import "github.com/thaw-go/thaw/engine"

// kernels are what the engine computes itself, in float32.
func kernels(e *Engine) [engine.Count]engine.Kernel {
	s := shared{cpu: e.CPU, isa: e.isa}
	base := func(op engine.Op) engine.Kernel {
		k, _ := e.Engine.Lookup(op, engine.F32)
		return k
	}
	return [engine.Count]engine.Kernel{
		engine.OpMatMul:           (&matMul{shared: s, base: base(engine.OpMatMul)}).call,
		engine.OpConv2D:           (&conv{slide: slide{shared: s}, base: base(engine.OpConv2D)}).call,
		engine.OpConv2DGradInput:  (&convGradInput{slide: slide{shared: s}, base: base(engine.OpConv2DGradInput)}).call,
		engine.OpConv2DGradWeight: (&convGradWeight{shared: s, base: base(engine.OpConv2DGradWeight)}).call,

		engine.OpUnary:     (&unary{shared: s, base: base(engine.OpUnary)}).call,
		engine.OpUnaryGrad: (&unary{shared: s, base: base(engine.OpUnaryGrad)}).call,
		engine.OpScale:     (&unary{shared: s}).call,
		engine.OpAxpy:      (&unary{shared: s}).call,
	}
}
