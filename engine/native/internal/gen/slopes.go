package main

import "math"

// gradients are P[0] = P[2]·f'(P[1]), where P[1] is what the function's
// derivative is told by: its argument or its value.
func gradients(s *sources) {
	slope := func(name, doc string, unroll int, setup func(*kernel) []int, f func(k *kernel, x, g int, p []int)) {
		var p []int
		s.grid(name+"Grad", doc, 3, unroll, func(k *kernel) {
			if setup != nil {
				p = setup(k)
			}
		}, func(c *cursor) {
			x, g := c.load(1), c.load(2)
			f(c.kernel, x, g, p)
			c.release(x)
			c.store(0, g)
		})
	}
	slope("relu", "passes P[2] where the value is positive.", 4, zeros, func(k *kernel, y, g int, p []int) {
		k.orZero(g, notLessEqual, y, p[0], g)
	})
	slope("leakyRelu", "passes P[2], times F[0] where the argument is not positive.", 4, func(k *kernel) []int { return []int{k.zero(), k.number(0)} }, func(k *kernel, x, g int, p []int) {
		t := k.reg()
		k.mul(t, g, p[1])
		k.choose(g, greater, x, p[0], g, t)
		k.release(t)
	})
	slope("relu6", "passes P[2] where the argument lies between 0 and 6.", 4, func(k *kernel) []int { return []int{k.zero(), k.kept(6)} }, func(k *kernel, x, g int, p []int) {
		k.orZero(g, notLessEqual, x, p[0], g)
		k.choose(g, greaterEqual, x, p[1], p[0], g)
	})
	slope("hardSwish", "is P[2] times 0, x/3+½ or 1.", 1, func(k *kernel) []int { return []int{k.zero(), k.kept(3), k.kept(1)} }, func(k *kernel, x, g int, p []int) {
		t := k.reg()
		k.move(t, k.f(1./3))
		k.horner(t, x, k.f(0.5))
		k.choose(t, less, x, p[1], t, p[2])
		k.choose(t, lessEqual, x, k.f(-3), p[0], t)
		k.mul(g, g, t)
		k.release(t)
	})
	slope("hardSigmoid", "is P[2]/6 where the argument lies between −3 and 3.", 2, func(k *kernel) []int { return []int{k.kept(3), k.kept(float64(float32(1) / 6))} }, func(k *kernel, x, g int, p []int) {
		k.and(x, x, k.bits(1<<31-1))
		k.mul(g, g, p[1])
		k.orZero(g, less, x, p[0], g)
	})
	slope("exp", "is P[2] times the value.", 4, nil, func(k *kernel, y, g int, _ []int) { k.mul(g, g, y) })
	slope("tanh", "is P[2] times 1−y².", 4, nil, func(k *kernel, y, g int, _ []int) {
		k.fnmadd(y, y, k.f(1))
		k.mul(g, g, y)
	})
	slope("sigmoid", "is P[2] times y(1−y).", 4, nil, func(k *kernel, y, g int, _ []int) {
		t := k.copyOf(y)
		k.fnmadd(t, y, y)
		k.mul(g, g, t)
		k.release(t)
	})
	slope("silu", "is P[2] times σ(1+x(1−σ)).", 1, nil, func(k *kernel, x, g int, _ []int) {
		s := k.copyOf(x)
		k.sigmoid(s)
		k.mul(g, g, s)
		k.fnmadd(s, x, x) // x − σx
		k.fma(g, g, s)
		k.release(s)
	})
	slope("geluErf", "is P[2] times Φ(x)+x·φ(x).", 1, nil, func(k *kernel, x, g int, _ []int) {
		e := k.reg()
		k.mul(e, x, k.f(math.Sqrt2/2))
		k.erf(e)
		k.add(e, e, k.f(1))
		k.mul(e, e, k.f(0.5))
		d := k.reg()
		k.mul(d, x, x)
		k.mul(d, d, k.f(-0.5))
		k.exp(d)
		k.mul(d, d, k.f(1/math.Sqrt(2*math.Pi)))
		k.fma(e, d, x)
		k.mul(g, g, e)
		k.release(e, d)
	})
	slope("geluTanh", "is P[2] times the derivative of geluTanh.", 1, nil, func(k *kernel, x, g int, _ []int) {
		const c = math.Sqrt2 / math.SqrtPi
		t := k.geluArg(x)
		k.tanh(t)
		d, s := k.reg(), k.reg() // of the argument; 1−t²
		k.mul(d, x, x)
		k.mul(d, d, k.f(3*0.044715*c))
		k.add(d, d, k.f(c))
		k.mul(d, d, x)
		k.move(s, k.f(1))
		k.fnma(s, t, t)
		k.mul(d, d, s)
		k.add(t, t, k.f(1))
		k.add(t, t, d)
		k.mul(t, t, k.f(0.5))
		k.mul(g, g, t)
		k.release(t, d, s)
	})
	slope("sqrt", "is P[2]/(2y).", 1, func(k *kernel) []int { return []int{k.kept(0.5)} }, func(k *kernel, y, g int, p []int) {
		k.div(y, p[0], y)
		k.mul(g, g, y)
	})
	slope("abs", "is P[2] times the sign of the argument.", 2, zeros, func(k *kernel, x, g int, p []int) {
		t := k.reg()
		k.and(t, x, k.bits(1<<31))
		k.op("VXORPS", g, g, t)
		k.choose(g, 0, x, p[0], p[0], g) // equal
		k.release(t)
	})
	slope("square", "is P[2]·2x.", 4, nil, func(k *kernel, x, g int, _ []int) {
		k.add(x, x, x)
		k.mul(g, g, x)
	})
}
