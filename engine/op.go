package engine

// Op names an operator. In the comments below: "a?" may be absent, "=" separates
// inputs from outputs, a trailing "!" marks an output that is updated in place
// (its old content counts). Axes are written in brackets. All floats of one call
// have one type; ids are I64, pooling positions I32. An output lies apart from
// all inputs, except that Copy, Scale, Axpy, Unary, UnaryGrad, Binary, Softmax,
// SoftmaxGrad, LogSoftmax, LogSoftmaxGrad and Dropout may write their output over
// an input of the same shape.
type Op uint8

// The operators. Those from OpFirstFused on are optional.
const (
	OpNone Op = iota

	// Fill: = y. Every element becomes Alpha (integers: truncated).
	OpFill
	// Copy: x = y, same type and length.
	OpCopy
	// Cast: x = y, between float types.
	OpCast
	// Scale: x = y. y = Alpha·x + Beta.
	OpScale
	// Axpy: x = y!. y += Alpha·x.
	OpAxpy
	// Unary: x = y. y = Fn(x), Alpha is the function's parameter.
	OpUnary
	// UnaryGrad: s, gy = gx. s is the forward output where Fn.SavesOutput, else
	// the forward input.
	OpUnaryGrad
	// Binary: a, b = y, broadcast to y's shape. y = Fn(a, b).
	OpBinary
	// SumTo: x = y. Sums x over the axes along which y's shape is broadcast to
	// x's, times Alpha.
	OpSumTo
	// SumSquares: x = y[]. The sum of squares in a fixed order.
	OpSumSquares
	// ArgMax: x[...,d] = i[...] (I64) over the last axis, the first of equals;
	// NaN counts as the largest.
	OpArgMax

	// MatMul: a[b?,m,k], b[b?,k,n], bias[n]? = y[b?,m,n]. Rank 2 or 3; TransA and
	// TransB say that the operand's last two axes are swapped in memory; an
	// operand of rank 2 or batch 1 serves every batch. y = Fn(Alpha·a·b + bias),
	// or, where Beta is not 0, y = Alpha·a·b + Beta·y (then no bias, no Fn, y!).
	// Fn may be FnNone, FnRelu, FnGeluErf, FnGeluTanh, FnTanh.
	OpMatMul

	// Conv2D: x[n,c,h,w], w[o,c/Groups,kh,kw], bias[o]? = y[n,o,oh,ow].
	// Cross-correlation with Stride, Pad (both sides), Dilation, Groups.
	OpConv2D
	// Conv2DGradInput: gy, w = gx.
	OpConv2DGradInput
	// Conv2DGradWeight: x, gy = gw.
	OpConv2DGradWeight

	// MaxPool2D: x[n,c,h,w] = y[n,c,oh,ow], pos (I32: h·W+w of the maximum in its
	// plane). Window, Stride, Pad, Dilation; padding never wins; NaN wins.
	OpMaxPool2D
	// MaxPool2DGrad: gy, pos = gx.
	OpMaxPool2DGrad
	// AvgPool2D: x = y. CountPad: padding counts in the divisor (torch's
	// count_include_pad); DivisorOverride > 0 replaces it.
	OpAvgPool2D
	// AvgPool2DGrad: gy = gx.
	OpAvgPool2DGrad
	// AdaptiveAvgPool2D: x[n,c,h,w] = y[n,c,oh,ow]; window i spans
	// ⌊i·h/oh⌋ … ⌈(i+1)·h/oh⌉.
	OpAdaptiveAvgPool2D
	// AdaptiveAvgPool2DGrad: gy = gx.
	OpAdaptiveAvgPool2DGrad
	// AdaptiveMaxPool2D: x = y, pos; its gradient is MaxPool2DGrad.
	OpAdaptiveMaxPool2D

	// BatchNorm: x[n,c,...], w[c]?, b[c]?, running_mean[c]?!, running_var[c]?! =
	// y, mean[c], rstd[c]. Batch statistics; running statistics move by Momentum
	// (the variance unbiased), where present: they are inputs that are updated.
	OpBatchNorm
	// BatchNormGrad: x, gy, w?, mean, rstd = gx?, gw?, gb?.
	OpBatchNormGrad
	// BatchNormEval: x, w?, b?, running_mean, running_var = y, with Eps.
	OpBatchNormEval
	// BatchNormEvalGrad: x, gy, w?, running_mean, running_var = gx?, gw?, gb?.
	OpBatchNormEvalGrad
	// LayerNorm: x[r,d], w[d]?, b[d]? = y, mean[r], rstd[r].
	OpLayerNorm
	// LayerNormGrad: x, gy, w?, mean, rstd = gx?, gw?, gb?.
	OpLayerNormGrad
	// RMSNorm: x[r,d], w[d]? = y, rstd[r].
	OpRMSNorm
	// RMSNormGrad: x, gy, w?, rstd = gx?, gw?.
	OpRMSNormGrad
	// GroupNorm: x[n,c,s], w[c]?, b[c]? = y, mean[n·Groups], rstd[n·Groups].
	OpGroupNorm
	// GroupNormGrad: x, gy, w?, mean, rstd = gx?, gw?, gb?.
	OpGroupNormGrad

	// Softmax: x[...,d], mask? = y over the last axis of Alpha·x + mask; mask
	// broadcasts to x. A row that is -inf throughout gives zeros.
	OpSoftmax
	// SoftmaxGrad: y, gy = gx, times Alpha.
	OpSoftmaxGrad
	// LogSoftmax: x[...,d] = y.
	OpLogSoftmax
	// LogSoftmaxGrad: y, gy = gx.
	OpLogSoftmaxGrad
	// CrossEntropy: x[n,c], target[n] (I64), weight[c]? = loss ([] or, for
	// ReduceNone, [n]), logp[n,c], denom[]. Smoothing, IgnoreIndex, Reduction as
	// torch's cross_entropy; denom is what the mean divides by.
	OpCrossEntropy
	// CrossEntropyGrad: logp, target, weight?, gloss, denom = gx.
	OpCrossEntropyGrad
	// BCEWithLogits: x, t, pos_weight? = loss, elementwise; pos_weight broadcasts.
	OpBCEWithLogits
	// BCEWithLogitsGrad: x, t, pos_weight?, gy = gx.
	OpBCEWithLogitsGrad
	// ElementLoss: x, t = loss, elementwise. Fn one of FnSquaredError,
	// FnAbsError, FnSmoothL1 (Alpha is beta), FnHuber (Alpha is delta), FnKLDiv
	// (x are log-probabilities).
	OpElementLoss
	// ElementLossGrad: x, t, gy = gx.
	OpElementLossGrad

	// Embedding: w[v,d], ids[...] (I64) = y[...,d].
	OpEmbedding
	// EmbeddingGrad: ids, gy = gw, dense; the row Padding (−1: none) stays zero.
	OpEmbeddingGrad

	// Permute: x = y. y's axis i is x's axis Axes[i]. Any type.
	OpPermute
	// Slice: x = y. y[i] = x[Start + i·Step] by axis. Any type.
	OpSlice
	// SliceAssign: x = y!. y[Start + i·Step] = x[i]; the rest of y stays.
	OpSliceAssign
	// Dropout: x[n,...], ids[n]? (I64) = y. Element j of sample i is kept with
	// probability 1−P and scaled by 1/(1−P); whether it is kept depends only on
	// (Key, ids[i], j): it is where rng.At(Key, ids[i], j) ≥ P·2³², rounded.
	// Without ids, i stands for them. Its gradient is the same operator applied
	// to gy.
	OpDropout

	// SGDUpdate: g = w!, buf?!. torch's SGD: LR, Momentum, Dampening,
	// WeightDecay, Nesterov, Step (1 for the first).
	OpSGDUpdate
	// AdamUpdate: g = w!, m!, v!, vmax?!. torch's Adam; Decoupled makes it AdamW.
	OpAdamUpdate

	// OpFirstFused is where the optional operators begin.
	OpFirstFused

	// Attention: q[b,h,s,d], k[b,h,t,d], v[b,h,t,e], mask? = y[b,h,s,e],
	// lse[b,h,s]. softmax(Alpha·q·kᵀ + mask)·v with dropout P on the weights.
	OpAttention Op = iota - 1
	// AttentionGrad: q, k, v, mask?, y, lse, gy = gq, gk, gv.
	OpAttentionGrad
	// BatchNormAct: as BatchNorm with a residual? input last; y = Fn(norm + residual).
	OpBatchNormAct
	// BatchNormActGrad: x, gy, w?, mean, rstd, y = gx?, gw?, gb?, gresidual?.
	OpBatchNormActGrad
	// BatchNormEvalAct: as BatchNormEval with a residual? input last; y = Fn(norm + residual).
	OpBatchNormEvalAct
	// AddLayerNorm: x[r,d], residual[r,d], bias[d]?, w?, b?, ids? =
	// sum[r,d], y, mean, rstd: sum = residual + dropout(x + bias), y its
	// LayerNorm. Dropout as OpDropout's of [len(ids), r/len(ids)·d].
	OpAddLayerNorm
	opCount
)

// Count is the number of operators, for tables indexed by Op.
const Count = int(opCount)

// Required reports whether every engine must have the operator.
func (o Op) Required() bool { return o > OpNone && o < OpFirstFused }

// Fn selects the function of an elementwise operator.
type Fn uint8

// The functions of OpUnary, OpBinary and OpElementLoss. Alpha is the parameter
// where one is named.
const (
	FnNone        Fn = iota
	FnRelu           // max(0, x)
	FnLeakyRelu      // x > 0 ? x : Alpha·x
	FnRelu6          // min(max(0, x), 6)
	FnElu            // x > 0 ? x : Alpha·(eˣ−1)
	FnGeluErf        // x·Φ(x)
	FnGeluTanh       // ½x(1+tanh(√(2/π)(x+0.044715x³)))
	FnTanh           //
	FnSigmoid        //
	FnSiLU           // x·σ(x)
	FnSoftplus       // ln(1+e^(Alpha·x))/Alpha, x where Alpha·x > Beta; Alpha 0 stands for 1 and 20
	FnMish           // x·tanh(softplus(x))
	FnHardSwish      // x·relu6(x+3)/6
	FnHardSigmoid    // relu6(x+3)/6
	FnExp            //
	FnLog            //
	FnSqrt           //
	FnAbs            // derivative 0 at 0
	FnSquare         //

	FnAdd
	FnSub
	FnMul
	FnDiv
	FnMax
	FnMin

	FnSquaredError
	FnAbsError
	FnSmoothL1
	FnHuber
	FnKLDiv
	fnCount
)

// SavesOutput tells whether UnaryGrad wants the forward output rather than the
// input.
func (f Fn) SavesOutput() bool {
	switch f {
	case FnRelu, FnTanh, FnSigmoid, FnExp, FnSqrt:
		return true
	}
	return false
}

// Reduction of a loss.
type Reduction uint8

// The reductions.
const (
	ReduceMean Reduction = iota
	ReduceSum
	ReduceNone
)

// Attr are the constants of a call; each operator says which it reads.
type Attr struct {
	Alpha, Beta      float64
	Fn               Fn
	TransA, TransB   bool
	Window, Stride   [2]int
	Pad, Dilation    [2]int
	Groups           int
	CountPad         bool
	DivisorOverride  int
	Eps, Momentum, P float64
	Key              uint64
	Axes             [MaxRank]int
	Start, Step      [MaxRank]int
	Padding          int
	IgnoreIndex      int64
	Smoothing        float64
	Reduction        Reduction
	// The optimizer updates.
	LR, Dampening, WeightDecay   float64
	Beta1, Beta2                 float64
	Nesterov, Decoupled, AMSGrad bool
	Maximize                     bool
	StepCount                    int
}

var opNames = [...]string{
	OpNone: "none", OpFill: "fill", OpCopy: "copy", OpCast: "cast", OpScale: "scale", OpAxpy: "axpy", OpUnary: "unary", OpUnaryGrad: "unary_grad",
	OpBinary: "binary", OpSumTo: "sum_to", OpSumSquares: "sum_squares", OpArgMax: "arg_max", OpMatMul: "mat_mul", OpConv2D: "conv2d",
	OpConv2DGradInput: "conv2d_grad_input", OpConv2DGradWeight: "conv2d_grad_weight", OpMaxPool2D: "max_pool2d", OpMaxPool2DGrad: "max_pool2d_grad",
	OpAvgPool2D: "avg_pool2d", OpAvgPool2DGrad: "avg_pool2d_grad", OpAdaptiveAvgPool2D: "adaptive_avg_pool2d",
	OpAdaptiveAvgPool2DGrad: "adaptive_avg_pool2d_grad", OpAdaptiveMaxPool2D: "adaptive_max_pool2d", OpBatchNorm: "batch_norm",
	OpBatchNormGrad: "batch_norm_grad", OpBatchNormEval: "batch_norm_eval", OpBatchNormEvalGrad: "batch_norm_eval_grad", OpLayerNorm: "layer_norm",
	OpLayerNormGrad: "layer_norm_grad", OpRMSNorm: "rms_norm", OpRMSNormGrad: "rms_norm_grad", OpGroupNorm: "group_norm", OpGroupNormGrad: "group_norm_grad",
	OpSoftmax: "softmax", OpSoftmaxGrad: "softmax_grad", OpLogSoftmax: "log_softmax", OpLogSoftmaxGrad: "log_softmax_grad",
	OpCrossEntropy: "cross_entropy", OpCrossEntropyGrad: "cross_entropy_grad", OpBCEWithLogits: "bce_with_logits",
	OpBCEWithLogitsGrad: "bce_with_logits_grad", OpElementLoss: "element_loss", OpElementLossGrad: "element_loss_grad", OpEmbedding: "embedding",
	OpEmbeddingGrad: "embedding_grad", OpPermute: "permute", OpSlice: "slice", OpSliceAssign: "slice_assign", OpDropout: "dropout",
	OpSGDUpdate: "sgd_update", OpAdamUpdate: "adam_update", OpAttention: "attention", OpAttentionGrad: "attention_grad", OpBatchNormAct: "batch_norm_act",
	OpBatchNormActGrad: "batch_norm_act_grad", OpBatchNormEvalAct: "batch_norm_eval_act", OpAddLayerNorm: "add_layer_norm",
}

func (o Op) String() string {
	if int(o) < len(opNames) && opNames[o] != "" {
		return opNames[o]
	}
	return "unknown"
}

var fnNames = [...]string{
	FnNone: "none", FnRelu: "relu", FnLeakyRelu: "leaky_relu", FnRelu6: "relu6", FnElu: "elu", FnGeluErf: "gelu", FnGeluTanh: "gelu_tanh",
	FnTanh: "tanh", FnSigmoid: "sigmoid", FnSiLU: "silu", FnSoftplus: "softplus", FnMish: "mish", FnHardSwish: "hardswish",
	FnHardSigmoid: "hardsigmoid", FnExp: "exp", FnLog: "log", FnSqrt: "sqrt", FnAbs: "abs", FnSquare: "square", FnAdd: "add", FnSub: "sub",
	FnMul: "mul", FnDiv: "div", FnMax: "max", FnMin: "min", FnSquaredError: "squared_error", FnAbsError: "abs_error", FnSmoothL1: "smooth_l1",
	FnHuber: "huber", FnKLDiv: "kl_div",
}

func (f Fn) String() string {
	if int(f) < len(fnNames) {
		return fnNames[f]
	}
	return "unknown"
}
