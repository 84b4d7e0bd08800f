//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// convGradWeight is, for each group, the product of gy, o × places, with what
// the window sees of x, turned: places × (c·taps). It is cut by the places'
// images into runs, whose sums are added afterwards, and each run by input
// channels into pieces of work.
type convGradWeight struct {
	shared
	base      engine.Kernel
	x, gy, gw []float32
	g         geometry
	taps      []tap
	tapAt     []int // where a tap of the stage's first place lies
	stage     stage
	runs      int // of images
	span      int // input channels of a piece
	pieces    int // of a group, by input channels
	images    int // that are packed at a time
	rows      int // of their grids
	sums      []float32
	own       []float32 // by thread
	ownStage  int
	ownA      int
	ownB      int
}

// mostRuns bounds the number of runs, mostSums what their sums take.
const (
	mostRuns = 8
	mostSums = 1 << 20
)

func (k *convGradWeight) call(c *engine.Call) error {
	x, gy, gw := in(c, 0), in(c, 1), out(c, 0)
	k.g = geometryOf(x.Shape, gw.Shape, gy.Shape, &c.Attr)
	g := &k.g
	if g.empty() {
		return k.base(c)
	}
	k.x, k.gy, k.gw = floats(x), floats(gy), floats(gw)
	v := g.forward(k.taps[:0])
	k.taps = v.taps
	k.cut()
	k.stage.lay(k.isa, v, k.rows)
	k.tapAt = k.tapAt[:0]
	for _, t := range k.taps {
		k.tapAt = append(k.tapAt, k.stage.offset(t))
	}
	p := k.product(k.span)
	depth := k.images * k.rows * g.ow
	margin := 2 * k.isa.Width()
	k.ownStage = k.images*k.span*k.stage.planeLen + margin
	k.ownA, k.ownB = p.sizeA(p.rows.panels, depth), p.sizeB(p.stripes(), depth)
	each := k.ownStage + k.ownA + k.ownB
	n := k.runs * g.groups * k.pieces
	cost := p.cost() * float64(g.oh*g.ow) * float64(g.n/k.runs)
	sums := 0
	if k.runs > 1 {
		sums = k.runs * len(k.gw)
	}
	buf, mem, err := k.scratch(each*k.threads(n, cost) + sums)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.own, k.sums = mem[sums:], mem[:sums]
	if k.runs == 1 {
		k.sums = k.gw
	}
	k.spread(n, 1, cost, k)
	if k.runs > 1 {
		k.spread(len(k.gw), mostInCall, 0.1*float64(k.runs), (*addSums)(k))
	}
	return nil
}

// product is that of one group and some input channels; its depth is yet to be
// told.
func (k *convGradWeight) product(channels int) product {
	p := productOf(k.isa, k.g.og, channels*k.g.taps(), 1)
	p.crow = 4 * k.g.cg * k.g.taps()
	return p
}

// cut decides on runs and pieces. What a sum consists of depends on the shapes
// alone; pieces by channels do not touch it.
func (k *convGradWeight) cut() {
	g := &k.g
	k.runs = max(min(g.n, mostRuns, mostSums/len(k.gw)), 1)
	grid := g.oh * g.ow
	k.images, k.rows = 1, g.oh
	if grid < mostDepth {
		k.images = min(mostDepth/grid, (g.n+k.runs-1)/k.runs)
	} else {
		blocks := (g.oh + max(mostDepth/g.ow, 1) - 1) / max(mostDepth/g.ow, 1)
		k.rows = (g.oh + blocks - 1) / blocks
	}
	// A stripe of columns at least.
	least := max((2*k.isa.Width()+g.taps()-1)/g.taps(), 1)
	want := 1
	if threads := k.cpu.Threads.Len(); threads > 1 {
		want = (4*threads + k.runs*g.groups - 1) / (k.runs * g.groups)
	}
	// What is packed at a time should fit the second-level cache.
	want = max(want, g.cg*g.taps()/640)
	k.span = max((g.cg+want-1)/want, min(least, g.cg))
	k.pieces = (g.cg + k.span - 1) / k.span
}

func (k *convGradWeight) Run(worker, lo, hi int) {
	g := &k.g
	each := k.ownStage + k.ownA + k.ownB
	own := k.own[worker*each:][:each]
	staged, a, b := own[:k.ownStage], own[k.ownStage:][:k.ownA], own[k.ownStage+k.ownA:]
	for ; lo < hi; lo++ {
		c0 := lo % k.pieces * k.span
		group := lo / k.pieces % g.groups
		run := lo / k.pieces / g.groups
		channels := min(k.span, g.cg-c0)
		p := k.product(channels)
		p.c = at(k.sums, run*len(k.gw)+(group*g.og*g.cg+c0)*g.taps())
		first, end := run*g.n/k.runs, (run+1)*g.n/k.runs
		for i := first; i < end; i += k.images {
			n := min(k.images, end-i)
			for r := 0; r < g.oh; r += k.rows {
				rows := min(k.rows, g.oh-r)
				depth := n * rows * g.ow
				k.packA(a, &p, i, n, r, rows, group)
				k.packB(b, staged, i, n, r, rows, group*g.cg+c0, channels)
				p.tiles(a, 0, p.rows.panels, b, 0, p.stripes(), depth, i == first && r == 0)
			}
		}
	}
}

// packA packs gy's rows r … of n images.
func (k *convGradWeight) packA(dst []float32, p *product, image, n, r, rows, group int) {
	g := &k.g
	plane, w := g.oh*g.ow, k.isa.Width()
	depth := n * rows * g.ow
	var offsets [16]int64
	for panel := range p.rows.panels {
		size := p.rows.size(panel)
		for j := range offsets {
			offsets[j] = int64(4 * min(j, size-1) * plane)
		}
		a := asm.Pack{
			Dst: at(dst, panel*depth*w), Src: at(k.gy, (image*g.o+group*g.og+p.rows.start(panel))*plane+r*g.ow),
			Offsets: unsafe.Pointer(&offsets), K: rows * g.ow, Runs: n, Step: 4 * g.o * plane, DstStep: 4 * w,
		}
		k.isa.Turn(&a)
	}
}

// packB stages rows of n images of some channels and packs what is seen.
func (k *convGradWeight) packB(dst, staged []float32, image, n, r, rows, c, channels int) {
	g, s := &k.g, &k.stage
	w := k.isa.Width()
	size, taps := g.h*g.w, g.taps()
	for i := range n {
		s.fill(staged[i*channels*s.planeLen:], k.x[((image+i)*g.c+c)*size:][:channels*size], r, rows)
	}
	var offsets [16]int64
	cols := channels * taps
	for j := 0; j < cols; j += w {
		for l := range w {
			at := min(j+l, cols-1)
			offsets[l] = 4 * int64(at/taps*s.planeLen+k.tapAt[at%taps])
		}
		to := dst[j/(2*w)*n*rows*g.ow*2*w+j%(2*w):]
		for i := range n {
			a := asm.Pack{
				Dst: at(to, i*rows*g.ow*2*w), Src: at(staged, i*channels*s.planeLen), Offsets: unsafe.Pointer(&offsets),
				K: g.ow, Runs: rows, Step: 4 * s.rowLen, DstStep: 8 * w,
			}
			k.isa.Turn(&a)
		}
	}
}

// addSums adds the sums of the runs.
type addSums convGradWeight

func (k *addSums) Run(_, lo, hi int) {
	for ; lo < hi; lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(hi-lo, mostInCall)}
		g.P[0], g.P[1] = at(k.gw, lo), at(k.sums, lo)
		for run := 1; run < k.runs; run++ {
			g.P[2] = at(k.sums, run*len(k.gw)+lo)
			k.isa.Add(&g)
			g.P[1] = g.P[0]
		}
	}
}
