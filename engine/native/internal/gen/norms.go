package main

// affines are what batch norm does to a channel: rows are its planes. F: mean,
// factor, addend.
func affines(s *sources) {
	for _, residual := range []bool{false, true} {
		for _, gated := range []bool{false, true} {
			name, doc, arrays := "affine", "(P[1]−F[0])·F[1] + F[2]", 2
			if residual {
				name, doc, arrays = name+"Add", doc+" + P[2]", 3
			}
			if gated {
				name, doc = name+"Relu", "max(0, "+doc+")"
			}
			var mean, factor, addend, zero int
			s.grid(name, "is "+doc+".", arrays, 4, func(k *kernel) {
				mean, factor, addend, zero = k.number(0), k.number(1), k.number(2), k.zero()
			}, func(c *cursor) {
				x := c.load(1)
				c.sub(x, x, mean)
				c.horner(x, factor, addend)
				if residual {
					r := c.load(2)
					c.add(x, x, r)
					c.release(r)
				}
				if gated {
					c.op("VMAXPS", x, zero, x)
				}
				c.store(0, x)
			})
		}
	}
	for _, gated := range []bool{false, true} {
		name, doc, arrays := "normGrad", "is F[1]·(g − F[2] − (x−F[0])·F[3]) of x P[1] and g P[2].", 3
		if gated {
			name, doc, arrays = "normGradGated", "is normGrad with g zero where P[3] is not positive.", 4
		}
		var mean, factor, shift, slope, zero int
		s.grid(name, doc, arrays, 4, func(k *kernel) {
			mean, factor, shift, slope, zero = k.number(0), k.number(1), k.number(2), k.number(3), k.zero()
		}, func(c *cursor) {
			x, g := c.load(1), c.load(2)
			if gated {
				y := c.load(3)
				c.orZero(g, notLessEqual, y, zero, g)
				c.release(y)
			}
			c.sub(x, x, mean)
			c.sub(g, g, shift)
			c.fnma(g, x, slope)
			c.mul(g, g, factor)
			c.release(x)
			c.store(0, g)
		})
	}
	var a, b int
	s.grid("lessBoth", "is P[1] − F[0] − F[1].", 2, 4, func(k *kernel) { a, b = k.number(0), k.number(1) }, func(c *cursor) {
		x := c.load(1)
		c.sub(x, x, a)
		c.sub(x, x, b)
		c.store(0, x)
	})
	s.grid("expScale", "is exp(P[1])·F[0] + F[1].", 2, 1, func(k *kernel) { a, b = k.number(0), k.number(1) }, func(c *cursor) {
		x := c.load(1)
		c.exp(x)
		c.horner(x, a, b)
		c.store(0, x)
	})
	s.reduction("expSum", "adds up exp(P[0]−F[0]).", 1, 1, func(k *kernel) { a = k.number(0) }, func(c *cursor, to []int) {
		x := c.load(0)
		c.sub(x, x, a)
		c.exp(x)
		c.within(x)
		c.add(to[0], to[0], x)
		c.release(x)
	})
}
