package reference

// The inner loops of every matrix product and convolution. They sum over k in
// ascending order, so that an element's bits do not depend on where it lies in
// its tile.

// A block of b fits the second-level cache; six of its rows fit the first.
const (
	blockK = 128
	blockN = 512
)

// matrix is a part of an operand: row i, column j at i·row + j·col.
type matrix[T float] struct {
	v        []T
	row, col int
}

func (m matrix[T]) at(i, j int) matrix[T] {
	return matrix[T]{m.v[i*m.row+j*m.col:], m.row, m.col}
}

// addOuter adds alpha·a·b to c, where a is m×k with any strides and the rows of
// b (k×n) and of c (m×n) are contiguous: sums of rows of b.
func addOuter[T float](c []T, ldc int, a matrix[T], b []T, ldb, m, n, k int, alpha T) {
	for k0 := 0; k0 < k; k0 += blockK {
		k1 := min(k0+blockK, k)
		for i := 0; i < m; i += 2 {
			r0 := a.v[i*a.row:]
			c0 := c[i*ldc:][:n]
			if i+1 == m {
				outerRow(c0, r0, a.col, b, ldb, k0, k1, alpha)
				continue
			}
			outerPair(c0, c[(i+1)*ldc:][:n], r0, a.v[(i+1)*a.row:], a.col, b, ldb, k0, k1, alpha)
		}
	}
}

func outerPair[T float](c0, c1, r0, r1 []T, col int, b []T, ldb, k0, k1 int, alpha T) {
	n := len(c0)
	c1 = c1[:n]
	k := k0
	for ; k+4 <= k1; k += 4 {
		p0, p1, p2, p3 := alpha*r0[k*col], alpha*r0[(k+1)*col], alpha*r0[(k+2)*col], alpha*r0[(k+3)*col]
		q0, q1, q2, q3 := alpha*r1[k*col], alpha*r1[(k+1)*col], alpha*r1[(k+2)*col], alpha*r1[(k+3)*col]
		b0, b1, b2, b3 := b[k*ldb:][:n], b[(k+1)*ldb:][:n], b[(k+2)*ldb:][:n], b[(k+3)*ldb:][:n]
		for j := range c0 {
			x0, x1, x2, x3 := b0[j], b1[j], b2[j], b3[j]
			c0[j] += p0*x0 + p1*x1 + p2*x2 + p3*x3
			c1[j] += q0*x0 + q1*x1 + q2*x2 + q3*x3
		}
	}
	for ; k < k1; k++ {
		p, q := alpha*r0[k*col], alpha*r1[k*col]
		for j, x := range b[k*ldb:][:n] {
			c0[j] += p * x
			c1[j] += q * x
		}
	}
}

func outerRow[T float](c0, r0 []T, col int, b []T, ldb, k0, k1 int, alpha T) {
	n := len(c0)
	k := k0
	for ; k+4 <= k1; k += 4 {
		p0, p1, p2, p3 := alpha*r0[k*col], alpha*r0[(k+1)*col], alpha*r0[(k+2)*col], alpha*r0[(k+3)*col]
		b0, b1, b2, b3 := b[k*ldb:][:n], b[(k+1)*ldb:][:n], b[(k+2)*ldb:][:n], b[(k+3)*ldb:][:n]
		for j := range c0 {
			c0[j] += p0*b0[j] + p1*b1[j] + p2*b2[j] + p3*b3[j]
		}
	}
	for ; k < k1; k++ {
		p := alpha * r0[k*col]
		for j, x := range b[k*ldb:][:n] {
			c0[j] += p * x
		}
	}
}

// addRows adds alpha·a·bᵀ to c, where the rows of a (m×k) and b (n×k) are
// contiguous: for so few rows of a that turning b does not pay.
func addRows[T float](c []T, ldc int, a, b []T, m, n, k int, alpha T) {
	for j := range n {
		for i := range m {
			c[i*ldc+j] += alpha * dot(a[i*k:][:k], b[j*k:][:k])
		}
	}
}

// dot adds in four interleaved lanes.
func dot[T float](a, b []T) T {
	var s, t, u, v T
	for len(a) >= 4 && len(b) >= 4 {
		s += a[0] * b[0]
		t += a[1] * b[1]
		u += a[2] * b[2]
		v += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s += x * b[i]
	}
	return (s + t) + (u + v)
}

// turn sets y to the transpose of the m×n part of x whose rows lie ldx apart.
// y's rows lie ldy apart, which should not be a power of two.
func turn[T float](y []T, ldy int, x []T, ldx, m, n int) {
	for j0 := 0; j0 < n; j0 += tile {
		j1 := min(j0+tile, n)
		for i := range m {
			at := j0*ldy + i
			for _, v := range x[i*ldx+j0 : i*ldx+j1] {
				y[at] = v
				at += ldy
			}
		}
	}
}
