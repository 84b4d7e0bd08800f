//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// How deep panels are of a convolution and of a product of matrices, which is
// written less often the deeper they are; and how many panels of A share the
// second-level cache with one of B. The depth decides the bits of a result, so it
// depends on the product's depth alone.
const (
	mostDepth    = 320
	productDepth = 512
	blockPanels  = 20
)

// depthOf is into what depths a convolution's sum of k products is cut.
func depthOf(k int) int { return cutDepth(k, mostDepth) }

// depth is into what depths the product's sums are cut.
func (p *product) depth() int { return cutDepth(p.k, productDepth) }

// cutDepth cuts k into parts of nearly the same depth.
func cutDepth(k, most int) int {
	parts := (k + most - 1) / most
	d := (k + parts - 1) / parts
	return min((d+3)&^3, k)
}

// matrix is an operand in memory: element (i, j) lies i·row + j·col bytes behind
// p, and one of the two strides is that of neighbours.
type matrix struct {
	p        unsafe.Pointer
	row, col int
}

func (m matrix) at(i, j int) unsafe.Pointer { return unsafe.Add(m.p, i*m.row+j*m.col) }

// turned is the transpose.
func (m matrix) turned() matrix { return matrix{m.p, m.col, m.row} }

// split cuts rows into panels of nearly the same size, the larger ones first.
type split struct{ panels, rows, larger int }

func splitRows(n, most int) split {
	s := split{panels: (n + most - 1) / most}
	if s.panels > 0 {
		s.rows, s.larger = n/s.panels, n%s.panels
	}
	return s
}

// start is the first row of a panel.
func (s split) start(panel int) int { return panel*s.rows + min(panel, s.larger) }

// size is the number of rows of a panel.
func (s split) size(panel int) int { return s.start(panel+1) - s.start(panel) }

// until is the end of the panels from p on that have p's size, at most end.
func (s split) until(p, end int) int {
	if p < s.larger {
		return min(s.larger, end)
	}
	return end
}

// product is a matrix product C = alpha·A·B + bias + beta·C, of which a part is
// computed at a time.
type product struct {
	isa         asm.ISA
	m, n, k     int
	rows        split // of A
	c           unsafe.Pointer
	crow        int // bytes between C's rows
	alpha, beta float32
	// colBias by column, rowBias by row of C; nil where there is none.
	colBias, rowBias unsafe.Pointer
}

func productOf(isa asm.ISA, m, n, k int) product {
	return product{isa: isa, m: m, n: n, k: k, rows: splitRows(m, isa.Rows()), crow: 4 * n, alpha: 1}
}

// packCost is about how many nanoseconds it takes to pack an element.
const packCost = 0.25

// cost is about how many nanoseconds the product takes.
func (p *product) cost() float64 { return 0.02 * float64(p.m) * float64(p.n) * float64(p.k) }

// stripes is how many panels B has.
func (p *product) stripes() int { return (p.n + 2*p.isa.Width() - 1) / (2 * p.isa.Width()) }

// Floats of the packed panels of A and of B for a depth.
func (p *product) sizeA(panels, depth int) int  { return panels * depth * p.isa.Width() }
func (p *product) sizeB(stripes, depth int) int { return stripes * depth * 2 * p.isa.Width() }

// packA packs panels of A from column k0 on.
func (p *product) packA(dst []float32, a matrix, from, to, k0, depth int) {
	step := 4 * p.isa.Width()
	for i := from; i < to; {
		end := p.rows.until(i, to)
		x := panels{matrix{a.at(p.rows.start(i), k0), a.row, a.col}, p.rows.size(i), end - i, depth}
		x.pack(p.isa, unsafe.Pointer(&dst[(i-from)*depth*p.isa.Width()]), step)
		i = end
	}
}

// packB packs panels of B from row k0 on.
func (p *product) packB(dst []float32, b matrix, from, to, k0, depth int) {
	w := 2 * p.isa.Width()
	whole := max(min(to, p.n/w), from)
	if whole > from {
		x := panels{matrix{b.at(k0, from*w), b.row, b.col}.turned(), w, whole - from, depth}
		x.pack(p.isa, unsafe.Pointer(&dst[0]), 4*w)
	}
	if whole < to {
		at := unsafe.Pointer(&dst[(whole-from)*depth*w])
		packPanel(p.isa, at, 4*w, matrix{b.at(k0, whole*w), b.row, b.col}.turned(), p.n-whole*w, depth)
	}
}

// panels are n rows of x each, one below the other, and depth columns.
type panels struct {
	x        matrix
	n, count int
	depth    int
}

// pack packs panels one behind the other, step bytes from column to column.
func (s *panels) pack(isa asm.ISA, dst unsafe.Pointer, step int) {
	if s.x.row != 4 {
		for i := range s.count {
			packPanel(isa, unsafe.Add(dst, i*s.depth*step), step, matrix{s.x.at(i*s.n, 0), s.x.row, s.x.col}, s.n, s.depth)
		}
		return
	}
	for i := 0; i < s.count; i += mostCopied {
		a := asm.Pack{
			Dst: unsafe.Add(dst, i*s.depth*step), Src: s.x.at(i*s.n, 0), K: s.depth, Cols: s.n, Step: s.x.col, DstStep: step,
			More: min(s.count-i, mostCopied) - 1, Panel: s.depth * step,
		}
		isa.Copy(&a)
	}
}

// mostCopied is how many panels are packed in one call, which the garbage
// collector may wait for.
const mostCopied = 10

// packPanel packs n rows of x, at most two vectors, and depth columns: for each
// column its elements, step bytes from the next column's.
func packPanel(isa asm.ISA, dst unsafe.Pointer, step int, x matrix, n, depth int) {
	if x.row == 4 {
		a := asm.Pack{Dst: dst, Src: x.p, K: depth, Cols: n, Step: x.col, DstStep: step}
		isa.Copy(&a)
		return
	}
	w := isa.Width()
	var offsets [16]int64
	for i := 0; i < n; i += w {
		for j := range w {
			offsets[j] = int64(min(i+j, n-1) * x.row)
		}
		a := asm.Pack{Dst: unsafe.Add(dst, 4*i), Src: x.p, Offsets: unsafe.Pointer(&offsets), K: depth, Runs: 1, DstStep: step}
		isa.Turn(&a)
	}
}

// serialMemory is what serial wants: room for the packed B of one depth and for
// one block of A's panels.
func (p *product) serialMemory() int {
	d := p.depth()
	return p.sizeB(p.stripes(), d) + p.sizeA(min(p.rows.panels, blockPanels), d)
}

// serial computes a whole product with one thread.
func (p *product) serial(a, b matrix, own []float32) {
	d, stripes := p.depth(), p.stripes()
	packedB, packedA := own[:p.sizeB(stripes, d)], own[p.sizeB(stripes, d):]
	for k0 := 0; k0 < p.k; k0 += d {
		kd := min(d, p.k-k0)
		p.packB(packedB, b, 0, stripes, k0, kd)
		for i := 0; i < p.rows.panels; i += blockPanels {
			end := min(i+blockPanels, p.rows.panels)
			p.packA(packedA, a, i, end, k0, kd)
			p.tiles(packedA, i, end, packedB, 0, stripes, kd, k0 == 0)
		}
	}
}

// activate applies a function to rows and columns of C.
func (p *product) activate(fn engine.Fn, row0, row1, col0, col1 int) {
	if fn == engine.FnNone {
		return
	}
	g := asm.Grid{Cols: col1 - col0}
	g.P[0] = unsafe.Add(p.c, row0*p.crow+4*col0)
	g.P[1], g.Step[0], g.Step[1] = g.P[0], p.crow, p.crow
	for row0 < row1 {
		g.Rows = min(row1-row0, rowsInCall(g.Cols))
		apply(p.isa, fn, &g)
		passed(&g)
		row0 += g.Rows
	}
}

// tiles computes C's part of some panels of A, which are packed in a from panel
// fromA on, and some of B, likewise. The product's first depth applies bias and
// beta, the others add.
func (p *product) tiles(a []float32, fromA, toA int, b []float32, fromB, toB, depth int, first bool) {
	w := p.isa.Width()
	t := asm.Tile{
		K: depth, CRow: p.crow, Alpha: p.alpha, Beta: 1,
		AStep: 4 * w, APanel: 4 * w * depth, BStep: 8 * w,
	}
	if first {
		t.Beta = p.beta
	}
	for i0 := fromA; i0 < toA; i0 += blockPanels {
		i1 := min(i0+blockPanels, toA)
		for j := fromB; j < toB; j++ {
			t.B = unsafe.Pointer(&b[(j-fromB)*depth*2*w])
			t.Next = t.B
			if j+1 < toB {
				t.Next = unsafe.Add(t.B, 8*w*depth)
			}
			t.Cols = min(2*w, p.n-j*2*w)
			for i := i0; i < i1; {
				end := p.rows.until(i, i1)
				t.A = unsafe.Pointer(&a[(i-fromA)*depth*w])
				t.Rows, t.Panels = p.rows.size(i), end-i
				t.C = unsafe.Add(p.c, p.rows.start(i)*p.crow+j*8*w)
				if first {
					t.ColBias, t.RowBias = nil, nil
					if p.colBias != nil {
						t.ColBias = unsafe.Add(p.colBias, j*8*w)
					}
					if p.rowBias != nil {
						t.RowBias = unsafe.Add(p.rowBias, 4*p.rows.start(i))
					}
				}
				p.isa.Gemm(&t)
				i = end
			}
		}
	}
}
