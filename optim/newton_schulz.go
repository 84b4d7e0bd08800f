package optim

import "math"

// newtonSchulz replaces the matrix u by about U·Vᵀ of its singular value
// decomposition: X = u/max(‖u‖, eps), then Steps times X ← aX + (bA + cA²)X with
// A = X·Xᵀ, of the smaller side.
func newtonSchulz[T Float](o *Muon, c *Cell[T], u []T) {
	rows, cols := c.Shape[0], c.Shape[1]
	short, long := min(rows, cols), max(rows, cols)
	x, releaseX := c.Scratch(len(u))
	defer releaseX()
	next, releaseNext := c.Scratch(len(u))
	defer releaseNext()
	squares, releaseSquares := c.Scratch(2 * short * short)
	defer releaseSquares()
	a, b := squares[:short*short], squares[short*short:]

	norm := T(math.Max(math.Sqrt(sumSquares(u)), o.Eps))
	for i := range rows {
		for j := range cols {
			if rows > cols {
				x[j*rows+i] = u[i*cols+j] / norm
			} else {
				x[i*cols+j] = u[i*cols+j] / norm
			}
		}
	}
	c0, c1, c2 := T(o.Coefficients[0]), T(o.Coefficients[1]), T(o.Coefficients[2])
	for range o.Steps {
		gram(x, a, short, long)
		multiply(a, a, b, short)
		for i := range b {
			b[i] = c1*a[i] + c2*b[i]
		}
		multiply(b, x, next, short)
		for i := range x {
			x[i] = c0*x[i] + next[i]
		}
	}
	for i := range rows {
		for j := range cols {
			if rows > cols {
				u[i*cols+j] = x[j*rows+i]
			} else {
				u[i*cols+j] = x[i*cols+j]
			}
		}
	}
}

// gram is a = x·xᵀ for the n rows of x.
func gram[T Float](x, a []T, n, width int) {
	for i := range n {
		for j := range i + 1 {
			v := T(dot(x[i*width:][:width], x[j*width:][:width]))
			a[i*n+j], a[j*n+i] = v, v
		}
	}
}

// multiply is out = a·b for an n×n matrix a and the n rows of b.
func multiply[T Float](a, b, out []T, n int) {
	width := len(b) / n
	clear(out)
	for i := range n {
		row := out[i*width:][:width]
		for k, f := range a[i*n:][:n] {
			for j, v := range b[k*width:][:width] {
				row[j] += f * v
			}
		}
	}
}
