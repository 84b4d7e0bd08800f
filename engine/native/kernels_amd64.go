package native

import "github.com/thaw-go/thaw/engine"

// kernels are what the engine computes itself, in float32.
func kernels(e *Engine) [engine.Count]engine.Kernel {
	s := shared{cpu: e.CPU, isa: e.isa}
	rows := maskedRows{shared: s}
	base := func(op engine.Op) engine.Kernel {
		k, _ := e.Engine.Lookup(op, engine.F32)
		return k
	}
	return [engine.Count]engine.Kernel{
		engine.OpUnary:      (&unary{shared: s, base: base(engine.OpUnary)}).call,
		engine.OpUnaryGrad:  (&unary{shared: s, base: base(engine.OpUnaryGrad)}).call,
		engine.OpScale:      (&unary{shared: s}).call,
		engine.OpAxpy:       (&unary{shared: s}).call,
		engine.OpBinary:     (&binary{shared: s}).call,
		engine.OpSumTo:      (&sumTo{shared: s, base: base(engine.OpSumTo)}).call,
		engine.OpSumSquares: (&sumSquares{shared: s}).call,

		engine.OpMatMul:           (&matMul{shared: s, base: base(engine.OpMatMul)}).call,
		engine.OpConv2D:           (&conv{slide: slide{shared: s}, base: base(engine.OpConv2D)}).call,
		engine.OpConv2DGradInput:  (&convGradInput{slide: slide{shared: s}, base: base(engine.OpConv2DGradInput)}).call,
		engine.OpConv2DGradWeight: (&convGradWeight{shared: s, base: base(engine.OpConv2DGradWeight)}).call,
		engine.OpMaxPool2D:        (&maxPool{shared: s, base: base(engine.OpMaxPool2D)}).call,

		engine.OpBatchNorm:         (&batchNorm{shared: s}).forward,
		engine.OpBatchNormGrad:     (&batchNorm{shared: s}).grad,
		engine.OpBatchNormEval:     (&batchNorm{shared: s}).eval,
		engine.OpBatchNormEvalGrad: (&batchNorm{shared: s}).evalGrad,
		engine.OpBatchNormAct:      (&batchNorm{shared: s}).forward,
		engine.OpBatchNormEvalAct:  (&batchNorm{shared: s}).eval,
		engine.OpBatchNormActGrad:  (&batchNorm{shared: s}).actGrad,
		engine.OpLayerNorm:         (&layerNorm{shared: s}).forward,
		engine.OpLayerNormGrad:     (&layerNorm{shared: s}).grad,
		engine.OpRMSNorm:           (&layerNorm{shared: s}).rmsForward,
		engine.OpRMSNormGrad:       (&layerNorm{shared: s}).rmsGrad,
		engine.OpAddLayerNorm:      (&layerNorm{shared: s}).addForward,

		engine.OpSoftmax:          (&softmax{maskedRows: rows}).call,
		engine.OpSoftmaxGrad:      (&softmax{maskedRows: rows}).grad,
		engine.OpAttention:        (&attention{maskedRows: rows}).call,
		engine.OpAttentionGrad:    (&attention{maskedRows: rows}).grad,
		engine.OpLogSoftmax:       (&logSoftmax{shared: s}).call,
		engine.OpLogSoftmaxGrad:   (&logSoftmax{shared: s}).grad,
		engine.OpCrossEntropy:     (&crossEntropy{shared: s, base: base(engine.OpCrossEntropy)}).call,
		engine.OpCrossEntropyGrad: (&crossEntropy{shared: s, base: base(engine.OpCrossEntropyGrad)}).grad,

		engine.OpEmbeddingGrad: (&embeddingGrad{shared: s, base: base(engine.OpEmbeddingGrad)}).call,
		engine.OpDropout:       (&dropout{shared: s}).call,
		engine.OpSGDUpdate:     (&update{shared: s}).sgd,
		engine.OpAdamUpdate:    (&update{shared: s}).adamCall,
	}
}
