//go:build amd64

package native

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// guarded is a matrix with room behind each row and itself that nobody may
// touch.
type guarded struct {
	v          []float32
	rows, cols int
	ld         int
	turned     bool // columns lie side by side in memory
}

const untouched = 12345

func newGuarded(g *rand.Rand, rows, cols int, turned bool) guarded {
	m := guarded{rows: rows, cols: cols, turned: turned}
	r, c := rows, cols
	if turned {
		r, c = cols, rows
	}
	m.ld = c + g.IntN(5)
	m.v = make([]float32, r*m.ld+40)
	for i := range m.v {
		m.v[i] = untouched
	}
	for i := range r {
		for j := range c {
			m.v[i*m.ld+j] = float32(g.NormFloat64())
		}
	}
	return m
}

func (m *guarded) index(i, j int) int {
	if m.turned {
		i, j = j, i
	}
	return i*m.ld + j
}

func (m *guarded) matrix() matrix {
	if m.turned {
		return matrix{at(m.v, 0), 4, 4 * m.ld}
	}
	return matrix{at(m.v, 0), 4 * m.ld, 4}
}

// The bound of a sum's rounding error is its length times half an ulp of the
// sum of magnitudes; what is seen is far less.
const sumError = 1e-6

func TestProductsOfAnyShape(t *testing.T) {
	for _, isa := range asm.Available() {
		g := rand.New(rand.NewPCG(1, uint64(isa)))
		for range 150 {
			m, n, k := 1+g.IntN(90), 1+g.IntN(90), 1+g.IntN(2*mostDepth)
			a, b, c := newGuarded(g, m, k, g.IntN(2) == 0), newGuarded(g, k, n, g.IntN(2) == 0), newGuarded(g, m, n, false)
			old := append([]float32(nil), c.v...)
			p := productOf(isa, m, n, k)
			p.c, p.crow, p.alpha, p.beta = at(c.v, 0), 4*c.ld, 1.5, float32(g.IntN(3))/2
			bias := [2][]float32{make([]float32, m), make([]float32, n)}
			for i := range m {
				bias[0][i] = float32(i)
			}
			for j := range n {
				bias[1][j] = float32(j) / 2
			}
			p.rowBias, p.colBias = at(bias[0], 0), at(bias[1], 0)
			p.serial(a.matrix(), b.matrix(), make([]float32, p.serialMemory()))
			for at, v := range c.v {
				i, j := at/c.ld, at%c.ld
				if i >= m || j >= n {
					if v != untouched {
						t.Fatalf("%v %d×%d×%d: element %d beside C was written to", isa, m, n, k, at)
					}
					continue
				}
				sum, size := 0.0, 0.0
				for l := range k {
					x := 1.5 * float64(a.v[a.index(i, l)]) * float64(b.v[b.index(l, j)])
					sum += x
					size += math.Abs(x)
				}
				sum += float64(i) + float64(j)/2 + float64(p.beta)*float64(old[at])
				size += float64(i+j) + math.Abs(float64(old[at]))
				if d := math.Abs(sum - float64(v)); !(d <= sumError*size) {
					t.Fatalf("%v %d×%d×%d: C[%d,%d] is %v, want %v", isa, m, n, k, i, j, v, sum)
				}
			}
		}
	}
}

func TestSplitCoversAllRows(t *testing.T) {
	for n := range 200 {
		for _, most := range []int{6, 14} {
			s := splitRows(n, most)
			next := 0
			for p := range s.panels {
				if s.start(p) != next || s.size(p) < 1 || s.size(p) > most || s.size(0)-s.size(p) > 1 {
					t.Fatalf("%d rows by %d: panel %d has rows %d to %d", n, most, p, s.start(p), s.start(p)+s.size(p))
				}
				next += s.size(p)
			}
			if next != n {
				t.Fatalf("%d rows by %d: the panels have %d", n, most, next)
			}
		}
	}
}
