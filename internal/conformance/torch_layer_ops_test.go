package conformance

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// layerOps run the file's operators as a user of the tape would.
var layerOps = map[string]func(*layerRun) *tensor.Tensor{
	"linear": func(r *layerRun) *tensor.Tensor { return r.tape.Linear(r.in("x"), r.in("w"), r.in("b")) },
	"matmul": func(r *layerRun) *tensor.Tensor { return r.tape.MatMul(r.in("a"), r.in("b")) },
	"conv2d": func(r *layerRun) *tensor.Tensor {
		return r.tape.Conv2D(r.in("x"), r.in("w"), r.in("b"), r.convOptions())
	},
	"conv1d": func(r *layerRun) *tensor.Tensor {
		return r.tape.Conv1D(r.in("x"), r.in("w"), r.in("b"), r.convOptions())
	},
	"batch_norm1d": batchNormLayer,
	"batch_norm2d": batchNormLayer,
	"layer_norm": func(r *layerRun) *tensor.Tensor {
		return r.tape.LayerNorm(r.in("x"), r.in("w"), r.in("b"), int(r.num("normalized_axes", 1)), r.num("eps", 1e-5))
	},
	"rms_norm": func(r *layerRun) *tensor.Tensor {
		return r.tape.RMSNorm(r.in("x"), r.in("w"), int(r.num("normalized_axes", 1)), r.num("eps", 0x1p-52))
	},
	"group_norm": func(r *layerRun) *tensor.Tensor {
		return r.tape.GroupNorm(r.in("x"), r.in("w"), r.in("b"), int(r.num("groups", 1)), r.num("eps", 1e-5))
	},

	"relu":            func(r *layerRun) *tensor.Tensor { return r.tape.Relu(r.in("x")) },
	"relu6":           func(r *layerRun) *tensor.Tensor { return r.tape.Relu6(r.in("x")) },
	"gelu_erf":        func(r *layerRun) *tensor.Tensor { return r.tape.Gelu(r.in("x")) },
	"gelu_tanh":       func(r *layerRun) *tensor.Tensor { return r.tape.GeluTanh(r.in("x")) },
	"tanh":            func(r *layerRun) *tensor.Tensor { return r.tape.Tanh(r.in("x")) },
	"sigmoid":         func(r *layerRun) *tensor.Tensor { return r.tape.Sigmoid(r.in("x")) },
	"silu":            func(r *layerRun) *tensor.Tensor { return r.tape.SiLU(r.in("x")) },
	"mish":            func(r *layerRun) *tensor.Tensor { return r.tape.Mish(r.in("x")) },
	"hardswish":       func(r *layerRun) *tensor.Tensor { return r.tape.HardSwish(r.in("x")) },
	"hardsigmoid":     func(r *layerRun) *tensor.Tensor { return r.tape.HardSigmoid(r.in("x")) },
	"leaky_relu_0_01": func(r *layerRun) *tensor.Tensor { return r.tape.LeakyRelu(r.in("x"), .01) },
	"leaky_relu": func(r *layerRun) *tensor.Tensor {
		return r.tape.LeakyRelu(r.in("x"), r.num("slope", .01))
	},
	"elu": func(r *layerRun) *tensor.Tensor { return r.tape.Elu(r.in("x"), r.num("alpha", 1)) },
	"softplus": func(r *layerRun) *tensor.Tensor {
		return r.tape.Softplus(r.in("x"), r.num("beta", 1), r.num("threshold", 20))
	},
	"softmax":     func(r *layerRun) *tensor.Tensor { return r.tape.Softmax(r.in("x"), int(r.num("axis", -1))) },
	"log_softmax": func(r *layerRun) *tensor.Tensor { return r.tape.LogSoftmax(r.in("x"), int(r.num("axis", -1))) },

	"max_pool2d": func(r *layerRun) *tensor.Tensor { return r.tape.MaxPool2D(r.in("x"), r.poolOptions()) },
	"avg_pool2d": func(r *layerRun) *tensor.Tensor {
		o := r.poolOptions()
		o.ExcludePad, o.Divisor = !r.flag("count_include_pad", true), int(r.num("divisor_override", 0))
		return r.tape.AvgPool2D(r.in("x"), o)
	},
	"adaptive_avg_pool2d": func(r *layerRun) *tensor.Tensor {
		s := r.pair("output_size", 1)
		return r.tape.AdaptiveAvgPool2D(r.in("x"), s[0], s[1])
	},
	"adaptive_max_pool2d": func(r *layerRun) *tensor.Tensor {
		s := r.pair("output_size", 1)
		return r.tape.AdaptiveMaxPool2D(r.in("x"), s[0], s[1])
	},
	"embedding": func(r *layerRun) *tensor.Tensor {
		ids := r.Consts["ids"]
		r.used["ids"] = true
		w, padding := r.in("w"), int(r.num("padding_idx", -1))
		if _, given := r.Kwargs["padding_idx"]; given && padding < 0 {
			padding += w.Dim(0)
		}
		return r.tape.Embedding(w, r.tape.FromI64(engine.Of(ids.shape...), ids.ints()), padding)
	},

	"cross_entropy": func(r *layerRun) *tensor.Tensor {
		ignore := int64(r.num("ignore_index", -100))
		return r.tape.CrossEntropy(r.in("x"), r.target(), tensor.CrossEntropyOptions{
			Weight: r.vector("weight"), Smoothing: r.num("label_smoothing", 0), IgnoreIndex: &ignore, Reduction: r.reduction(),
		})
	},
	"bce_with_logits": func(r *layerRun) *tensor.Tensor {
		return r.tape.BCEWithLogits(r.in("x"), r.constant("target"), tensor.BCEOptions{
			Weight: r.vector("weight"), PosWeight: r.vector("pos_weight"), Reduction: r.reduction(),
		})
	},
	"mse": func(r *layerRun) *tensor.Tensor { return r.tape.MSE(r.in("x"), r.constant("target"), r.reduction()) },
	"l1":  func(r *layerRun) *tensor.Tensor { return r.tape.L1(r.in("x"), r.constant("target"), r.reduction()) },
	"smooth_l1": func(r *layerRun) *tensor.Tensor {
		return r.tape.SmoothL1(r.in("x"), r.constant("target"), r.num("beta", 1), r.reduction())
	},
	"huber": func(r *layerRun) *tensor.Tensor {
		return r.tape.Huber(r.in("x"), r.constant("target"), r.num("delta", 1), r.reduction())
	},
	"kl_div": func(r *layerRun) *tensor.Tensor {
		x := r.in("x")
		if r.kwarg("input", "x") == "log_softmax(x)" {
			x = r.tape.LogSoftmax(x, -1)
		}
		target := r.constant("target")
		if r.flag("log_target", false) {
			target = r.tape.Exp(target)
		}
		if r.kwarg("reduction", "mean") == "batchmean" {
			return r.tape.Scale(r.tape.KLDiv(x, target, tensor.Sum), 1/float64(x.Dim(0)), 0)
		}
		return r.tape.KLDiv(x, target, r.reduction())
	},

	"attention": func(r *layerRun) *tensor.Tensor {
		o := tensor.AttentionOptions{Mask: r.constant("additive_mask_batch_key")}
		if r.kwarg("scale", "1/sqrt(d)") != "1/sqrt(d)" {
			o.Scale = r.num("scale", 0)
		}
		if m := o.Mask; m != nil {
			o.Mask = r.tape.Reshape(m, m.Dim(0), 1, 1, m.Dim(1))
		}
		return r.tape.Attention(r.in("q"), r.in("k"), r.in("v"), o)
	},
	"scaled_dot_product_attention": func(r *layerRun) *tensor.Tensor {
		o := tensor.AttentionOptions{Causal: r.flag("is_causal", false), Scale: r.num("scale", 0)}
		if m, ok := r.Consts["mask"]; ok && m.bools {
			r.used["mask"] = true
			attend := make([]bool, len(m.data))
			for i, v := range m.data {
				attend[i] = v != 0
			}
			o.Mask = r.tape.MaskOf(engine.Of(m.shape...), attend)
		} else {
			o.Mask = r.constant("mask")
		}
		return r.tape.Attention(r.in("q"), r.in("k"), r.in("v"), o)
	},
}

func (r *layerRun) convOptions() tensor.ConvOptions {
	return tensor.ConvOptions{Stride: r.pair("stride", 1), Pad: r.pair("padding", 0), Dilation: r.pair("dilation", 1), Groups: int(r.num("groups", 1))}
}

func (r *layerRun) poolOptions() tensor.PoolOptions {
	o := tensor.PoolOptions{Window: r.pair("kernel", 1), Pad: r.pair("padding", 0), Dilation: r.pair("dilation", 1), Ceil: r.flag("ceil_mode", false)}
	o.Stride = o.Window
	if _, ok := r.Kwargs["stride"]; ok {
		o.Stride = r.pair("stride", 1)
	}
	return o
}

func batchNormLayer(r *layerRun) *tensor.Tensor {
	o := tensor.BatchNormOptions{
		Weight: r.in("w"), Bias: r.in("b"), Mean: r.state("running_mean"), Var: r.state("running_var"),
		Stored: !r.flag("training", true), Eps: r.num("eps", 1e-5), Momentum: r.num("momentum", .1),
	}
	return r.tape.BatchNorm(r.in("x"), o)
}
