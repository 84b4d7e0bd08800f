package engine

// Cost is the work of a call: floating-point operations, where a product with
// its addition counts two and a function such as exp counts one, and the bytes
// of its operands, each read or written once, those updated in place twice.
// What a kernel keeps to itself is not counted. Both are functions of the
// shapes alone, so that a plan needs no data.
func Cost(c *Call) (flops, bytes int64) {
	if f := costs[c.Op]; f != nil {
		flops = f(c)
	}
	for _, a := range c.In {
		bytes += size(a)
	}
	for _, a := range c.Out {
		bytes += size(a)
	}
	switch c.Op {
	case OpAxpy, OpSGDUpdate, OpAdamUpdate:
		for _, a := range c.Out {
			bytes += size(a)
		}
	case OpMatMul:
		if c.Attr.Beta != 0 {
			bytes += size(c.Out[0])
		}
	case OpBatchNorm, OpBatchNormAct:
		bytes += size(operand(c.In, 3)) + size(operand(c.In, 4))
	case OpEmbedding: // only the rows that are asked for
		bytes += size(c.Out[0]) - size(c.In[0])
	case OpSliceAssign: // only the part
		bytes += size(c.In[0]) - size(c.Out[0])
	case OpSlice:
		bytes += size(c.Out[0]) - size(c.In[0])
	}
	return flops, bytes
}

func operand(a []Array, i int) Array {
	if i >= len(a) {
		return Array{}
	}
	return a[i]
}

func size(a Array) int64 {
	if a.Absent() {
		return 0
	}
	return count(a) * int64(a.Buf.DType().Size())
}

func count(a Array) int64 { return int64(a.Shape.Len()) }

// costs are the floating-point operations by operator; moves have none.
var costs = [Count]func(c *Call) int64{
	OpScale:      perOut(2),
	OpAxpy:       perOut(2),
	OpUnary:      perOut(1),
	OpUnaryGrad:  perOut(2),
	OpBinary:     perOut(1),
	OpSumTo:      perIn(1),
	OpSumSquares: perIn(2),
	OpArgMax:     perIn(1),
	OpMatMul:     matMulCost,

	OpConv2D:           func(c *Call) int64 { return convCost(c.In[1], c.Out[0]) + biasCost(c, 2) },
	OpConv2DGradInput:  func(c *Call) int64 { return convCost(c.In[1], c.In[0]) },
	OpConv2DGradWeight: func(c *Call) int64 { return convCost(c.Out[0], c.In[1]) },

	OpMaxPool2D:             func(c *Call) int64 { return count(c.Out[0]) * window(c) },
	OpMaxPool2DGrad:         func(c *Call) int64 { return count(c.In[0]) },
	OpAvgPool2D:             func(c *Call) int64 { return count(c.Out[0]) * window(c) },
	OpAvgPool2DGrad:         func(c *Call) int64 { return count(c.In[0]) * window(c) },
	OpAdaptiveAvgPool2D:     perIn(1),
	OpAdaptiveAvgPool2DGrad: perOut(1),
	OpAdaptiveMaxPool2D:     perIn(1),

	OpBatchNorm:         perIn(7), // mean 1, variance 3, x̂·w + b 3
	OpBatchNormGrad:     perIn(9), // two sums 4, gx 5
	OpBatchNormEval:     perIn(3),
	OpBatchNormEvalGrad: perIn(5),
	OpLayerNorm:         perIn(8),
	OpLayerNormGrad:     perIn(14),
	OpRMSNorm:           perIn(4),
	OpRMSNormGrad:       perIn(9),
	OpGroupNorm:         perIn(7),
	OpGroupNormGrad:     perIn(13),

	OpSoftmax:           softmaxCost,
	OpSoftmaxGrad:       perOut(5),
	OpLogSoftmax:        perOut(5),
	OpLogSoftmaxGrad:    perOut(4),
	OpCrossEntropy:      perIn(6),
	OpCrossEntropyGrad:  perOut(4),
	OpBCEWithLogits:     perOut(8),
	OpBCEWithLogitsGrad: perOut(8),
	OpElementLoss:       perOut(3),
	OpElementLossGrad:   perOut(3),
	OpEmbeddingGrad:     func(c *Call) int64 { return count(c.In[1]) },
	OpDropout:           perOut(1),
	OpSGDUpdate:         sgdCost,
	OpAdamUpdate:        func(c *Call) int64 { return 14 * count(c.Out[0]) },

	OpAttention:        func(c *Call) int64 { return attentionCost(c, 1, 1) },
	OpAttentionGrad:    func(c *Call) int64 { return attentionCost(c, 3, 2) },
	OpBatchNormAct:     perIn(9),
	OpBatchNormActGrad: perIn(11),
	OpBatchNormEvalAct: perIn(4),
	OpAddLayerNorm:     perIn(11),
}

func perOut(n int64) func(*Call) int64 { return func(c *Call) int64 { return n * count(c.Out[0]) } }
func perIn(n int64) func(*Call) int64  { return func(c *Call) int64 { return n * count(c.In[0]) } }

func matMulCost(c *Call) int64 {
	inner := c.In[0].Shape.Dim(-1)
	if c.Attr.TransA {
		inner = c.In[0].Shape.Dim(-2)
	}
	n := 2*int64(inner)*count(c.Out[0]) + biasCost(c, 2)
	if c.Attr.Beta != 0 {
		n += 2 * count(c.Out[0])
	}
	if c.Attr.Fn != FnNone {
		n += count(c.Out[0])
	}
	return n
}

// biasCost is an addition for each output where operand i is there.
func biasCost(c *Call, i int) int64 {
	if operand(c.In, i).Absent() {
		return 0
	}
	return count(c.Out[0])
}

// convCost is a product with addition for each output and each weight that it
// meets, padding included.
func convCost(w, y Array) int64 {
	s := w.Shape
	return 2 * count(y) * int64(s.Dim(1)*s.Dim(2)*s.Dim(3))
}

func window(c *Call) int64 { return int64(c.Attr.Window[0] * c.Attr.Window[1]) }

func softmaxCost(c *Call) int64 {
	n := 5 * count(c.Out[0]) // scale, maximum, exp, sum, product
	if !operand(c.In, 1).Absent() {
		n += count(c.Out[0])
	}
	return n
}

func sgdCost(c *Call) int64 {
	n := int64(4)
	if !operand(c.Out, 1).Absent() {
		n += 3
	}
	return n * count(c.Out[0])
}

// attentionCost of k products over queries' width and v over values'.
func attentionCost(c *Call, k, v int64) int64 {
	q, val := c.In[0].Shape, c.In[2].Shape
	scores := int64(q.Dim(0)*q.Dim(1)*q.Dim(2)) * int64(val.Dim(2))
	return 2*scores*(k*int64(q.Dim(3))+v*int64(val.Dim(3))) + 5*k*scores
}
