package optim

import "math"

// eigen gives the eigenvalues of a symmetric n×n matrix, and its eigenvectors as
// the columns of a matrix, by Jacobi's rotations (Golub and Van Loan, Matrix
// Computations, §8.5). It overwrites a.
func eigen(a []float64, n int) (values, vectors []float64) {
	vectors = make([]float64, n*n)
	for i := range n {
		vectors[i*n+i] = 1
	}
	const sweeps = 60
	for range sweeps {
		off, all := 0.0, 0.0
		for i := range n {
			for j := range n {
				all += a[i*n+j] * a[i*n+j]
				if i != j {
					off += a[i*n+j] * a[i*n+j]
				}
			}
		}
		if off <= 1e-32*all {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, vectors, n, [2]int{p, q})
			}
		}
	}
	values = make([]float64, n)
	for i := range values {
		values[i] = a[i*n+i]
	}
	return values, vectors
}

// rotate makes the element at a place zero.
func rotate(a, vectors []float64, n int, at [2]int) {
	p, q := at[0], at[1]
	x := a[p*n+q]
	if x == 0 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * x)
	t := 1 / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for k := range n {
		i, j := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = c*i-s*j, s*i+c*j
	}
	for k := range n {
		i, j := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = c*i-s*j, s*i+c*j
	}
	for k := range n {
		i, j := vectors[k*n+p], vectors[k*n+q]
		vectors[k*n+p], vectors[k*n+q] = c*i-s*j, s*i+c*j
	}
}
