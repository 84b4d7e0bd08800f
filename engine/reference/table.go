package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// floatKernels are the kernels for one float type.
func floatKernels[T float](cpu *host.CPU) kernels {
	return kernels{
		engine.OpScale:      (&scale[T]{cpu: cpu}).call,
		engine.OpAxpy:       (&axpy[T]{cpu: cpu}).call,
		engine.OpUnary:      (&unary[T]{cpu: cpu}).call,
		engine.OpUnaryGrad:  (&unaryGrad[T]{cpu: cpu}).call,
		engine.OpBinary:     (&binary[T]{cpu: cpu}).call,
		engine.OpSumTo:      (&sumTo[T]{cpu: cpu}).call,
		engine.OpSumSquares: (&sumSquares[T]{cpu: cpu}).call,
		engine.OpArgMax:     (&argMax[T]{cpu: cpu}).call,

		engine.OpMatMul:           (&matMul[T]{cpu: cpu}).call,
		engine.OpConv2D:           (&conv[T]{cpu: cpu}).call,
		engine.OpConv2DGradInput:  (&convGradInput[T]{cpu: cpu}).call,
		engine.OpConv2DGradWeight: (&convGradWeight[T]{cpu: cpu}).call,

		engine.OpMaxPool2D:             (&maxPool[T]{cpu: cpu}).call,
		engine.OpMaxPool2DGrad:         (&maxPoolGrad[T]{cpu: cpu}).call,
		engine.OpAvgPool2D:             (&avgPool[T]{cpu: cpu}).forward,
		engine.OpAvgPool2DGrad:         (&avgPool[T]{cpu: cpu}).grad,
		engine.OpAdaptiveAvgPool2D:     (&avgPool[T]{cpu: cpu, adapting: true}).forward,
		engine.OpAdaptiveAvgPool2DGrad: (&avgPool[T]{cpu: cpu, adapting: true}).grad,
		engine.OpAdaptiveMaxPool2D:     (&maxPool[T]{cpu: cpu, adapting: true}).call,

		engine.OpBatchNorm:         (&batchNorm[T]{cpu: cpu}).forward,
		engine.OpBatchNormGrad:     (&batchNorm[T]{cpu: cpu}).grad,
		engine.OpBatchNormEval:     (&batchNorm[T]{cpu: cpu}).eval,
		engine.OpBatchNormEvalGrad: (&batchNorm[T]{cpu: cpu}).evalGrad,
		engine.OpLayerNorm:         (&layerNorm[T]{cpu: cpu}).forward,
		engine.OpLayerNormGrad:     (&layerNorm[T]{cpu: cpu}).grad,
		engine.OpRMSNorm:           (&layerNorm[T]{cpu: cpu}).rmsForward,
		engine.OpRMSNormGrad:       (&layerNorm[T]{cpu: cpu}).rmsGrad,
		engine.OpGroupNorm:         (&groupNorm[T]{cpu: cpu}).forward,
		engine.OpGroupNormGrad:     (&groupNorm[T]{cpu: cpu}).grad,

		engine.OpSoftmax:           (&softmax[T]{cpu: cpu}).call,
		engine.OpSoftmaxGrad:       (&softmaxGrad[T]{cpu: cpu}).call,
		engine.OpLogSoftmax:        (&logSoftmax[T]{cpu: cpu}).call,
		engine.OpLogSoftmaxGrad:    (&logSoftmaxGrad[T]{cpu: cpu}).call,
		engine.OpCrossEntropy:      (&crossEntropy[T]{cpu: cpu}).call,
		engine.OpCrossEntropyGrad:  (&crossEntropy[T]{cpu: cpu}).grad,
		engine.OpBCEWithLogits:     (&bce[T]{cpu: cpu}).forward,
		engine.OpBCEWithLogitsGrad: (&bce[T]{cpu: cpu}).grad,
		engine.OpElementLoss:       (&elementLoss[T]{cpu: cpu}).forward,
		engine.OpElementLossGrad:   (&elementLoss[T]{cpu: cpu}).grad,

		engine.OpEmbedding:     (&embedding[T]{cpu: cpu}).forward,
		engine.OpEmbeddingGrad: (&embedding[T]{cpu: cpu}).grad,
		engine.OpDropout:       (&dropout[T]{cpu: cpu}).call,
		engine.OpSGDUpdate:     (&sgd[T]{cpu: cpu}).call,
		engine.OpAdamUpdate:    (&adam[T]{cpu: cpu}).call,
	}
}
