package main

import "math"

// unaries are the functions of one array: P[0] = f(P[1]).
func unaries(s *sources) {
	unary := func(name, doc string, unroll int, setup func(*kernel) []int, f func(k *kernel, x int, p []int)) {
		var p []int
		s.grid(name, doc, 2, unroll, func(k *kernel) {
			if setup != nil {
				p = setup(k)
			}
		}, func(c *cursor) {
			x := c.load(1)
			f(c.kernel, x, p)
			c.store(0, x)
		})
	}
	unary("relu", "is max(0, x).", 4, zeros, func(k *kernel, x int, p []int) { k.op("VMAXPS", x, p[0], x) })
	unary("leakyRelu", "is x, times F[0] where negative.", 4, func(k *kernel) []int { return []int{k.zero(), k.number(0)} }, func(k *kernel, x int, p []int) {
		low := k.reg()
		k.op("VMINPS", low, p[0], x)
		k.op("VMAXPS", x, p[0], x)
		k.fma(x, low, p[1])
		k.release(low)
	})
	unary("relu6", "is min(max(0, x), 6).", 4, func(k *kernel) []int { return []int{k.zero(), k.kept(6)} }, func(k *kernel, x int, p []int) {
		k.op("VMAXPS", x, p[0], x)
		k.op("VMINPS", x, p[1], x)
	})
	hard := func(k *kernel) []int { return []int{k.zero(), k.kept(6)} }
	unary("hardSwish", "is x·relu6(x+3)/6.", 2, hard, func(k *kernel, x int, p []int) {
		t := k.reg()
		k.add(t, x, k.f(3))
		k.op("VMAXPS", t, p[0], t)
		k.op("VMINPS", t, p[1], t)
		k.mul(x, x, t)
		k.div(x, x, p[1])
		k.release(t)
	})
	unary("hardSigmoid", "is relu6(x+3)/6.", 2, hard, func(k *kernel, x int, p []int) {
		k.add(x, x, k.f(3))
		k.op("VMAXPS", x, p[0], x)
		k.op("VMINPS", x, p[1], x)
		k.div(x, x, p[1])
	})
	unary("exp", "is eˣ.", 1, nil, func(k *kernel, x int, _ []int) { k.exp(x) })
	unary("tanh", "is tanh x.", 1, nil, func(k *kernel, x int, _ []int) { k.tanh(x) })
	unary("sigmoid", "is 1/(1+e⁻ˣ).", 1, nil, func(k *kernel, x int, _ []int) { k.sigmoid(x) })
	unary("silu", "is x/(1+e⁻ˣ).", 1, nil, func(k *kernel, x int, _ []int) {
		s := k.copyOf(x)
		k.sigmoid(s)
		k.mul(x, x, s)
		k.release(s)
	})
	unary("geluErf", "is x·(1+erf(x/√2))/2.", 1, nil, func(k *kernel, x int, _ []int) {
		t := k.reg()
		k.mul(t, x, k.f(math.Sqrt2/2))
		k.erf(t)
		k.mul(x, x, k.f(0.5))
		k.fma(x, x, t)
		k.release(t)
	})
	unary("geluTanh", "is x·(1+tanh(√(2/π)(x+0.044715x³)))/2.", 1, nil, func(k *kernel, x int, _ []int) {
		t := k.geluArg(x)
		k.tanh(t)
		k.mul(x, x, k.f(0.5))
		k.fma(x, x, t)
		k.release(t)
	})
	unary("abs", "is |x|.", 4, nil, func(k *kernel, x int, _ []int) { k.and(x, x, k.bits(1<<31-1)) })
	unary("square", "is x².", 4, nil, func(k *kernel, x int, _ []int) { k.mul(x, x, x) })
	unary("scale", "is F[0]·x + F[1].", 4, func(k *kernel) []int { return []int{k.number(0), k.number(1)} }, func(k *kernel, x int, p []int) {
		k.horner(x, p[0], p[1])
	})
	var a int
	s.grid("axpy", "is P[0] += F[0]·P[1].", 2, 4, func(k *kernel) { a = k.number(0) }, func(c *cursor) {
		x, y := c.load(1), c.load(0)
		c.fma(y, x, a)
		c.release(x)
		c.store(0, y)
	})
}

func zeros(k *kernel) []int { return []int{k.zero()} }

func (k *kernel) copyOf(x int) int {
	r := k.reg()
	k.ins("VMOVAPS", k.v(x), k.v(r))
	return r
}

// geluArg is √(2/π)(x+0.044715x³) in a new register.
func (k *kernel) geluArg(x int) int {
	const c = math.Sqrt2 / math.SqrtPi
	t, u := k.reg(), k.reg()
	k.mul(u, x, x)
	k.move(t, k.f(c*0.044715))
	k.horner(t, u, k.f(c))
	k.mul(t, t, x)
	k.release(u)
	return t
}

// binaries are P[0] = P[1] op P[2], and with a number in the place of P[2] or
// of P[1].
func binaries(s *sources) {
	ops := []struct{ name, ins, sign string }{
		{"add", "VADDPS", "+"}, {"sub", "VSUBPS", "−"}, {"mul", "VMULPS", "·"}, {"div", "VDIVPS", "/"}, {"max", "VMAXPS", "max"}, {"min", "VMINPS", "min"},
	}
	for _, o := range ops {
		picks := o.name == "max" || o.name == "min"
		apply := func(k *kernel, to, a, b int) {
			if !picks {
				k.op(o.ins, to, a, b)
				return
			}
			r := k.reg() // b where b is NaN; a has to be looked at
			k.op(o.ins, r, a, b)
			k.choose(to, unordered, a, a, a, r)
			k.release(r)
		}
		s.grid(o.name, "is P[1] "+o.sign+" P[2].", 3, 4, nil, func(c *cursor) {
			a, b := c.load(1), c.load(2)
			apply(c.kernel, a, a, b)
			c.release(b)
			c.store(0, a)
		})
		var number int
		set := func(k *kernel) { number = k.number(0) }
		s.grid(o.name+"Number", "is P[1] "+o.sign+" F[0].", 2, 4, set, func(c *cursor) {
			a := c.load(1)
			apply(c.kernel, a, a, number)
			c.store(0, a)
		})
		if o.name == "sub" || o.name == "div" {
			s.grid("number"+exported(o.name), "is F[0] "+o.sign+" P[1].", 2, 4, set, func(c *cursor) {
				a := c.load(1)
				apply(c.kernel, a, number, a)
				c.store(0, a)
			})
		}
	}
}
