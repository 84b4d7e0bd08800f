// Package enginetest is what every engine must pass: each operator and each
// gradient against an oracle of single numbers in float64 and against central
// finite differences, on shapes that are drawn anew in each run and on those
// that code stumbles over: empty, of size one, beside the widths of vectors and
// over the edges of blocks. It also checks that an output's neighbours stay
// untouched, that the bits do not depend on the number of threads, and that
// memory is accounted for.
package enginetest

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/thaw-go/thaw/engine"
)

// SeedVariable names the environment variable that repeats a run.
const SeedVariable = "THAW_SEED"

// Run tests the engines that open makes for a number of threads. They are
// closed at the end.
func Run(t *testing.T, open func(threads int) engine.Engine) {
	seed := uint64(time.Now().UnixNano()) % 1e9
	if s := os.Getenv(SeedVariable); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", SeedVariable, err)
		}
	}
	t.Logf("%s=%d repeats this run", SeedVariable, seed)
	b := &bench{threads: []int{1, 2, 3, 64}}
	for _, n := range b.threads {
		b.engines = append(b.engines, open(n))
	}
	for op := engine.OpNone + 1; int(op) < engine.Count; op++ {
		t.Run(op.String(), func(t *testing.T) { b.operator(t, newGen(seed+uint64(op)), op) })
	}
	t.Run("buffers", func(t *testing.T) { buffers(t, b.engines[0]) })
	t.Run("copies", func(t *testing.T) { copies(t, b.engines[0]) })
	t.Run("goroutines", func(t *testing.T) { goroutines(t, open) })
	for i, e := range b.engines {
		if m := e.Memory(); m.Live != 0 {
			t.Errorf("%d threads: %d bytes live after everything was freed", b.threads[i], m.Live)
		}
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
}

func (b *bench) operator(t *testing.T, g *gen, op engine.Op) {
	types := []engine.DType{engine.F32, engine.F64}
	if !op.Required() {
		types = b.offered(op)
		if len(types) == 0 {
			t.Skip("optional, not offered")
		}
	}
	examples := cases[op]
	if examples == nil {
		t.Fatalf("%v has no case: add one to the table", op)
	}
	for _, x := range examples(g) {
		for _, dt := range types {
			if x.lookupAs != 0 && dt != types[0] {
				continue // the type is the example's own
			}
			if err := b.run(g, x, dt); err != nil {
				t.Fatalf("%v\n%v: %v", x, dt, err)
			}
		}
	}
}

// offered are the types that have an optional operator.
func (b *bench) offered(op engine.Op) (types []engine.DType) {
	for _, dt := range []engine.DType{engine.F32, engine.F64} {
		if _, ok := b.engines[0].Lookup(op, dt); ok {
			types = append(types, dt)
		}
	}
	return types
}

// cases gives examples of every operator.
var cases = [engine.Count]func(*gen) []*example{
	engine.OpFill:                  fillCases,
	engine.OpCopy:                  copyCases,
	engine.OpCast:                  castCases,
	engine.OpScale:                 scaleCases,
	engine.OpAxpy:                  axpyCases,
	engine.OpUnary:                 unaryCases,
	engine.OpUnaryGrad:             unaryGradCases,
	engine.OpBinary:                binaryCases,
	engine.OpSumTo:                 sumToCases,
	engine.OpSumSquares:            sumSquaresCases,
	engine.OpArgMax:                argMaxCases,
	engine.OpMatMul:                matMulCases,
	engine.OpConv2D:                convCases,
	engine.OpConv2DGradInput:       convGradInputCases,
	engine.OpConv2DGradWeight:      convGradWeightCases,
	engine.OpMaxPool2D:             maxPoolCases,
	engine.OpMaxPool2DGrad:         maxPoolGradCases,
	engine.OpAvgPool2D:             avgPoolCases,
	engine.OpAvgPool2DGrad:         avgPoolGradCases,
	engine.OpAdaptiveAvgPool2D:     adaptiveAvgPoolCases,
	engine.OpAdaptiveAvgPool2DGrad: adaptiveAvgPoolGradCases,
	engine.OpAdaptiveMaxPool2D:     adaptiveMaxPoolCases,
	engine.OpBatchNorm:             batchNormCases,
	engine.OpBatchNormGrad:         batchNormGradCases,
	engine.OpBatchNormEval:         batchNormEvalCases,
	engine.OpBatchNormEvalGrad:     batchNormEvalGradCases,
	engine.OpLayerNorm:             layerNormCases,
	engine.OpLayerNormGrad:         layerNormGradCases,
	engine.OpRMSNorm:               rmsNormCases,
	engine.OpRMSNormGrad:           rmsNormGradCases,
	engine.OpGroupNorm:             groupNormCases,
	engine.OpGroupNormGrad:         groupNormGradCases,
	engine.OpSoftmax:               softmaxCases,
	engine.OpSoftmaxGrad:           softmaxGradCases,
	engine.OpLogSoftmax:            logSoftmaxCases,
	engine.OpLogSoftmaxGrad:        logSoftmaxGradCases,
	engine.OpCrossEntropy:          crossEntropyCases,
	engine.OpCrossEntropyGrad:      crossEntropyGradCases,
	engine.OpBCEWithLogits:         bceCases,
	engine.OpBCEWithLogitsGrad:     bceGradCases,
	engine.OpElementLoss:           elementLossCases,
	engine.OpElementLossGrad:       elementLossGradCases,
	engine.OpEmbedding:             embeddingCases,
	engine.OpEmbeddingGrad:         embeddingGradCases,
	engine.OpPermute:               permuteCases,
	engine.OpSlice:                 sliceCases,
	engine.OpSliceAssign:           sliceAssignCases,
	engine.OpDropout:               dropoutCases,
	engine.OpSGDUpdate:             sgdCases,
	engine.OpAdamUpdate:            adamCases,
	engine.OpAttention:             attentionCases,
	engine.OpAttentionGrad:         attentionGradCases,
	engine.OpBatchNormAct:          batchNormActCases,
	engine.OpBatchNormEvalAct:      batchNormEvalActCases,
	engine.OpBatchNormActGrad:      batchNormActGradCases,
	engine.OpAddLayerNorm:          addLayerNormCases,
}
