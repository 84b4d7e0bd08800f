//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// mostInCall is how many elements an elementwise kernel gets at a time.
const mostInCall = 1 << 14

// rowsInCall is how many rows of so many elements that makes.
func rowsInCall(cols int) int { return max(mostInCall/cols, 1) }

// passed moves a grid on by the rows that it has.
func passed(g *asm.Grid) {
	for i := range g.P {
		if g.P[i] != nil {
			g.P[i] = unsafe.Add(g.P[i], g.Rows*g.Step[i])
		}
	}
}

// mapped tells whether there is a kernel for a function, or for its derivative.
func mapped(op engine.Op, fn engine.Fn) bool {
	switch fn {
	case engine.FnElu, engine.FnSoftplus, engine.FnMish, engine.FnLog:
		return false
	case engine.FnSqrt: // of a subnormal number is a normal one
		return op == engine.OpUnaryGrad
	}
	return fn > engine.FnNone && fn <= engine.FnSquare
}

// apply sets P[0] to fn(P[1]).
func apply(isa asm.ISA, fn engine.Fn, g *asm.Grid) {
	switch fn {
	case engine.FnRelu:
		isa.Relu(g)
	case engine.FnLeakyRelu:
		isa.LeakyRelu(g)
	case engine.FnRelu6:
		isa.Relu6(g)
	case engine.FnGeluErf:
		isa.GeluErf(g)
	case engine.FnGeluTanh:
		isa.GeluTanh(g)
	case engine.FnTanh:
		isa.Tanh(g)
	case engine.FnSigmoid:
		isa.Sigmoid(g)
	case engine.FnSiLU:
		isa.Silu(g)
	case engine.FnHardSwish:
		isa.HardSwish(g)
	case engine.FnHardSigmoid:
		isa.HardSigmoid(g)
	case engine.FnExp:
		isa.Exp(g)
	case engine.FnAbs:
		isa.Abs(g)
	case engine.FnSquare:
		isa.Square(g)
	}
}

// applyGrad sets P[0] to P[2] times fn's derivative at P[1].
func applyGrad(isa asm.ISA, fn engine.Fn, g *asm.Grid) {
	switch fn {
	case engine.FnRelu:
		isa.ReluGrad(g)
	case engine.FnLeakyRelu:
		isa.LeakyReluGrad(g)
	case engine.FnRelu6:
		isa.Relu6Grad(g)
	case engine.FnGeluErf:
		isa.GeluErfGrad(g)
	case engine.FnGeluTanh:
		isa.GeluTanhGrad(g)
	case engine.FnTanh:
		isa.TanhGrad(g)
	case engine.FnSigmoid:
		isa.SigmoidGrad(g)
	case engine.FnSiLU:
		isa.SiluGrad(g)
	case engine.FnHardSwish:
		isa.HardSwishGrad(g)
	case engine.FnHardSigmoid:
		isa.HardSigmoidGrad(g)
	case engine.FnExp:
		isa.ExpGrad(g)
	case engine.FnSqrt:
		isa.SqrtGrad(g)
	case engine.FnAbs:
		isa.AbsGrad(g)
	case engine.FnSquare:
		isa.SquareGrad(g)
	}
}

// mapCost is about how many nanoseconds an element takes.
func mapCost(fn engine.Fn) float64 {
	switch fn {
	case engine.FnGeluErf, engine.FnGeluTanh, engine.FnTanh, engine.FnSigmoid, engine.FnSiLU, engine.FnExp:
		return 0.6
	}
	return 0.25
}

// unary is OpUnary, OpUnaryGrad, OpScale and OpAxpy.
type unary struct {
	shared
	base    engine.Kernel
	y, x, g []float32
	attr    engine.Attr
	op      engine.Op
}

func (k *unary) call(c *engine.Call) error {
	k.op, k.attr = c.Op, c.Attr
	k.y, k.x, k.g = floats(out(c, 0)), floats(in(c, 0)), floats(in(c, 1))
	cost := 0.25
	if c.Op == engine.OpUnary || c.Op == engine.OpUnaryGrad {
		if !mapped(c.Op, c.Attr.Fn) {
			return k.base(c)
		}
		cost = mapCost(c.Attr.Fn)
	}
	k.spread(len(k.y), mostInCall, cost, k)
	return nil
}

func (k *unary) Run(_, lo, hi int) {
	for ; lo < hi; lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(hi-lo, mostInCall)}
		g.P[0], g.P[1] = at(k.y, lo), at(k.x, lo)
		g.F[0], g.F[1] = float32(k.attr.Alpha), float32(k.attr.Beta)
		switch k.op {
		case engine.OpUnary:
			apply(k.isa, k.attr.Fn, &g)
		case engine.OpUnaryGrad:
			g.P[2] = at(k.g, lo)
			applyGrad(k.isa, k.attr.Fn, &g)
		case engine.OpScale:
			k.isa.Scale(&g)
		case engine.OpAxpy:
			k.isa.Axpy(&g)
		}
	}
}
