package main

// updates are optimizers' steps. The sign of the gradient, which Maximize turns,
// is F[0].
func updates(s *sources) {
	for _, largest := range []bool{false, true} {
		name, doc, arrays := "adam", "updates w P[0], m P[1], v P[2] by the gradient P[3]. F: sign, decay of w as a factor and as a part of the gradient, 1−β₁, β₂, 1−β₂, step size, 1/√(1−β₂ᵗ), ε.", 4
		if largest {
			name, doc, arrays = "adamLargest", "is adam with the largest v so far P[4] in v's place.", 5
		}
		var f []int
		s.grid(name, doc, arrays, 1, func(k *kernel) {
			f = f[:0]
			for i := range 9 {
				f = append(f, k.number(i))
			}
		}, func(c *cursor) {
			w, g := c.load(0), c.load(3)
			c.mul(w, w, f[1])
			c.mul(g, g, f[0])
			c.fma(g, w, f[2])
			m := c.load(1)
			t := c.reg()
			c.sub(t, g, m)
			c.fma(m, t, f[3])
			c.release(t)
			v := c.load(2)
			c.mul(v, v, f[4])
			c.mul(g, g, g)
			c.fma(v, g, f[5])
			c.release(g)
			c.keep(1, m)
			c.keep(2, v)
			if largest {
				u := c.load(4)
				c.op("VMAXPS", v, u, v)
				c.release(u)
				c.keep(4, v)
			}
			c.ins("VSQRTPS", c.v(v), c.v(v))
			c.mul(v, v, f[7])
			c.add(v, v, f[8])
			c.mul(m, m, f[6])
			c.div(m, m, v)
			c.sub(w, w, m)
			c.release(m, v)
			c.store(0, w)
		})
	}
	var sign, decay, momentum, fresh, direct, byBuf, lr int
	s.grid("sgd", "updates w P[0] by the gradient P[1]. F: sign, decay, 0, 0, 0, 0, lr.", 2, 2, func(k *kernel) {
		sign, decay, lr = k.number(0), k.number(1), k.number(6)
	}, func(c *cursor) {
		w, g := c.load(0), c.load(1)
		c.mul(g, g, sign)
		c.fma(g, w, decay)
		c.fnma(w, g, lr)
		c.release(g)
		c.store(0, w)
	})
	for _, first := range []bool{true, false} {
		name, doc := "sgdMomentum", "updates w P[0] and the buffer P[2] by the gradient P[1]. F: sign, decay, momentum, 1−dampening, share of the gradient and of the buffer in the step, lr."
		if first {
			name, doc = "sgdFirst", "is sgdMomentum where the buffer has no content yet."
		}
		s.grid(name, doc, 3, 2, func(k *kernel) {
			sign, decay, momentum, fresh, direct, byBuf, lr = k.number(0), k.number(1), k.number(2), k.number(3), k.number(4), k.number(5), k.number(6)
		}, func(c *cursor) {
			w, g := c.load(0), c.load(1)
			c.mul(g, g, sign)
			c.fma(g, w, decay)
			m := c.reg()
			if first {
				c.move(m, g)
			} else {
				c.release(m)
				m = c.load(2)
				c.mul(m, m, momentum)
				c.fma(m, g, fresh)
			}
			c.mul(g, g, direct)
			c.fma(g, m, byBuf)
			c.fnma(w, g, lr)
			c.release(g)
			c.store(2, m)
			c.store(0, w)
		})
	}
}

// keep stores without releasing the register.
func (c *cursor) keep(i, r int) {
	c.store(i, r)
	c.take(r)
}
