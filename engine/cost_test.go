package engine

import "testing"

// nothing is a buffer of a type, without memory.
type nothing struct {
	dt DType
	n  int
}

func (b nothing) DType() DType { return b.dt }
func (b nothing) Len() int     { return b.n }

func array(dt DType, dims ...int) Array {
	s := Of(dims...)
	return Array{Buf: nothing{dt, s.Len()}, Shape: s}
}

func TestCost(t *testing.T) {
	f := func(dims ...int) Array { return array(F32, dims...) }
	for name, c := range map[string]struct {
		call         Call
		flops, bytes int64
	}{
		"product of 2×3 with 3×4": {
			Call{Op: OpMatMul, In: []Array{f(2, 3), f(3, 4)}, Out: []Array{f(2, 4)}}, 48, 4 * (6 + 12 + 8),
		},
		"the same with a turned left side, bias and ReLU": {
			Call{Op: OpMatMul, In: []Array{f(3, 2), f(3, 4), f(4)}, Out: []Array{f(2, 4)}, Attr: Attr{TransA: true, Fn: FnRelu}}, 48 + 8 + 8, 4 * (6 + 12 + 4 + 8),
		},
		"added to what is there": {
			Call{Op: OpMatMul, In: []Array{f(2, 3), f(3, 4)}, Out: []Array{f(2, 4)}, Attr: Attr{Beta: 1}}, 48 + 16, 4 * (6 + 12 + 16),
		},
		"ResNet-18's first convolution": { // 118,013,952 products: torchvision's 1.8 GMAC begin with them
			Call{Op: OpConv2D, In: []Array{f(1, 3, 224, 224), f(64, 3, 7, 7), {}}, Out: []Array{f(1, 64, 112, 112)}}, 2 * 118013952, 4 * (150528 + 9408 + 802816),
		},
		"its weights' gradient": {
			Call{Op: OpConv2DGradWeight, In: []Array{f(1, 3, 224, 224), f(1, 64, 112, 112)}, Out: []Array{f(64, 3, 7, 7)}}, 2 * 118013952, 4 * (150528 + 9408 + 802816),
		},
		"rows of a table": {
			Call{Op: OpEmbedding, In: []Array{f(1000, 8), array(I64, 5)}, Out: []Array{f(5, 8)}}, 0, 4*40 + 8*5 + 4*40,
		},
		"AdamW": {
			Call{Op: OpAdamUpdate, In: []Array{f(10)}, Out: []Array{f(10), f(10), f(10), {}}}, 140, 4 * 70,
		},
		"doubles": {
			Call{Op: OpBinary, In: []Array{array(F64, 10), array(F64, 1)}, Out: []Array{array(F64, 10)}}, 10, 8 * 21,
		},
	} {
		if flops, bytes := Cost(&c.call); flops != c.flops || bytes != c.bytes {
			t.Errorf("%s: %d operations, %d bytes; want %d, %d", name, flops, bytes, c.flops, c.bytes)
		}
	}
}

// An operator that computes must have a formula; one that only moves has none.
func TestEveryOperatorHasACost(t *testing.T) {
	moves := map[Op]bool{OpFill: true, OpCopy: true, OpCast: true, OpEmbedding: true, OpPermute: true, OpSlice: true, OpSliceAssign: true}
	for op := OpNone + 1; int(op) < Count; op++ {
		if (costs[op] == nil) != moves[op] {
			t.Errorf("%v: cost is there: %v, moves only: %v", op, costs[op] != nil, moves[op])
		}
	}
}
