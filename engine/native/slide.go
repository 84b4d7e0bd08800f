//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// slide multiplies packed weights with what a window sees of planes: for each
// image and group, dst = weights[m, channels·taps]·seen[channels·taps, places].
// What is seen is packed from a stage, block by block; it never lies in memory
// as a whole.
type slide struct {
	shared
	src, dst []float32
	images   int
	groups   int
	channels int // of a group
	m        int // of dst's channels in a group
	bias     []float32
	// The places of the grid in a plane of dst, which has width dw and size plane.
	start, step [2]int
	dw, plane   int
	// pointwise tells that src's rows are what is seen, contiguous that dst's are
	// the grid's.
	pointwise, contiguous bool
	weights               []float32 // [group][depth][panel]
	stage                 stage
	offsets               []int64 // by k, in bytes
	blocks                blocks
	tiled                 tiled
	own                   []float32 // by thread
	ownStage, ownB, ownC  int
}

// blocks cuts the grids of all images into pieces of work: some rows of one, or
// some whole ones where these are small; and dst's channels where there are few
// such pieces.
type blocks struct {
	images, rows      int // of a piece
	across            int // pieces by rows of an image
	places            int // pieces by images and rows
	panels, byPanels  int // panels of A in a piece, pieces by them
	count, mostPlaces int
}

// fewPlaces is how many places an image must have to be cut into pieces of its
// own.
const fewPlaces = 256

// cut aims at pieces of about so many places. Of sizes near that it takes the
// one that leaves the fewest vectors half empty.
func (k *slide) cut(rows, cols, panels, aim int) blocks {
	var b blocks
	grid := rows * cols
	if 2*grid >= aim && grid >= fewPlaces/4 || k.images == 1 {
		b.images = 1
		b.rows = k.fullest(rows, cols, aim)
		b.across = (rows + b.rows - 1) / b.rows
		b.places = k.images * b.across
	} else {
		b.rows, b.across = rows, 1
		b.images = k.fullest(k.images, grid, aim)
		b.places = (k.images + b.images - 1) / b.images
	}
	b.mostPlaces = b.images * b.rows * cols
	b.panels = panels
	if threads := k.cpu.Threads.Len(); threads > 1 {
		// Each piece packs what it sees again: no more of them than threads want.
		want := (threads + k.groups*b.places - 1) / (k.groups * b.places)
		b.panels = max((panels+want-1)/want, min(panels, 4))
	}
	b.byPanels = (panels + b.panels - 1) / b.panels
	b.count = b.places * k.groups * b.byPanels
	return b
}

// fullest is into pieces of how many items, of size places each, n items are
// best cut.
func (k *slide) fullest(n, size, aim int) int {
	w := k.isa.Width()
	vectors := func(items int) int { return (items*size + w - 1) / w }
	best, least := 0, 0
	most := max(min(aim*3/2/size, n), 1)
	for items := min(max(aim/(2*size), 1), most); items <= most; items++ {
		v := n/items*vectors(items) + vectors(n%items)
		if best == 0 || v <= least {
			best, least = items, v
		}
	}
	return min(max(best, 1), n)
}

// placesAtATime is how many places a piece of work has, about.
const placesAtATime = 448

// depth of the sums.
func (k *slide) depth() int { return k.channels * len(k.stage.taps) }

// over runs the product over one window, whose stage is k.stage's. The weights
// are packed.
func (k *slide) over(v window) error {
	p := productOf(k.isa, k.m, 1, k.channels*len(v.taps))
	k.blocks = k.cut(v.rows, v.cols, p.rows.panels, placesAtATime)
	b := &k.blocks
	k.stage.lay(k.isa, v, b.rows)
	p.n = b.mostPlaces
	margin := 2 * k.isa.Width() // vectors reach over ends
	k.ownStage, k.ownB, k.ownC = 0, p.sizeB(p.stripes(), depthOf(p.k))+margin, 0
	if !k.pointwise || b.images > 1 {
		k.ownStage = b.images*k.channels*k.stage.planeLen + margin
	}
	if !k.contiguous || b.images > 1 {
		k.ownC = b.mostPlaces * k.m
	}
	cost := 0.02*float64(p.k)*float64(b.mostPlaces)*float64(b.panels*p.rows.rows) + float64(p.k*b.mostPlaces)*packCost
	each := k.ownStage + k.ownB + k.ownC
	buf, v32, err := k.scratch(each*k.threads(b.count, cost) + 2*p.k)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.offsets = unsafe.Slice((*int64)(at(v32, 0)), p.k)
	k.own = v32[2*p.k:]
	i := 0
	for c := range k.channels {
		for _, t := range v.taps {
			k.offsets[i] = 4 * int64(c*k.stage.planeLen+k.stage.offset(t))
			i++
		}
	}
	k.spread(b.count, 1, cost, k)
	return nil
}

// piece is a piece of work.
type piece struct {
	image, images int
	row, rows     int
	group         int
	from, to      int // panels
	places        int
}

func (k *slide) piece(i int) piece {
	b := &k.blocks
	var p piece
	p.from = i % b.byPanels * b.panels
	i /= b.byPanels
	p.group = i % k.groups
	i /= k.groups
	p.row = i % b.across * b.rows
	p.rows = min(b.rows, k.stage.rows-p.row)
	p.image = i / b.across * b.images
	p.images = min(b.images, k.images-p.image)
	p.places = p.images * p.rows * k.stage.cols
	return p
}

func (k *slide) Run(worker, lo, hi int) {
	each := k.ownStage + k.ownB + k.ownC
	own := k.own[worker*each:][:each]
	staged, packed, c := own[:k.ownStage], own[k.ownStage:][:k.ownB], own[k.ownStage+k.ownB:]
	for ; lo < hi; lo++ {
		t := k.piece(lo)
		p := productOf(k.isa, k.m, t.places, k.depth())
		t.to = min(t.from+k.blocks.panels, p.rows.panels)
		if k.bias != nil {
			p.rowBias = at(k.bias, t.group*k.m)
		}
		if k.ownStage > 0 {
			k.fill(staged, &t, 0, k.channels)
		}
		if k.ownC > 0 {
			p.c = at(c, 0)
		} else {
			p.c, p.crow = at(k.dst, (t.image*k.groups+t.group)*k.m*k.plane+t.row*k.stage.cols), 4*k.plane
		}
		weights := k.weights[t.group*p.sizeA(p.rows.panels, p.k):]
		d := depthOf(p.k)
		for k0 := 0; k0 < p.k; k0 += d {
			kd := min(d, p.k-k0)
			k.pack(packed, staged, &t, k0, kd)
			p.tiles(weights[p.sizeA(t.from, kd):], t.from, t.to, packed, 0, p.stripes(), kd, k0 == 0)
			weights = weights[p.sizeA(p.rows.panels, kd):]
		}
		if k.ownC > 0 {
			k.scatter(c, &t, p.rows.start(t.from), p.rows.start(t.to))
		}
	}
}

// fill stages what a piece of work sees of some channels.
func (k *slide) fill(staged []float32, t *piece, from, to int) {
	size := k.stage.h * k.stage.w
	for i := range t.images {
		planes := k.src[((t.image+i)*k.groups+t.group)*k.channels*size:]
		k.stage.fill(staged[i*(to-from)*k.stage.planeLen:], planes[from*size:to*size], t.row, t.rows)
	}
}

// pack packs the places of a piece of work for some of the depth.
func (k *slide) pack(packed, staged []float32, t *piece, k0, kd int) {
	w := 2 * k.isa.Width()
	var pieces [32]asm.Piece
	for p0 := 0; p0 < t.places; p0 += w {
		a := asm.Pack{Dst: at(packed, p0*kd), K: kd, DstStep: 4 * w}
		n := min(w, t.places-p0)
		if len(staged) == 0 {
			size := k.stage.h * k.stage.w
			a.Src = at(k.src, ((t.image*k.groups+t.group)*k.channels+k0)*size+t.row*k.stage.cols+p0)
			a.Step, a.Cols = 4*size, n
			k.isa.Copy(&a)
			continue
		}
		a.Src, a.Offsets = at(staged, 0), unsafe.Pointer(&k.offsets[k0])
		a.Pieces, a.PieceCount = unsafe.Pointer(&pieces), k.pieces(&pieces, t, p0, n)
		k.isa.Gather(&a)
	}
}

// pieces are the runs in the stage of n places from p0 on.
func (k *slide) pieces(to *[32]asm.Piece, t *piece, p0, n int) int {
	s := &k.stage
	count, done := 0, 0
	row, col := p0/s.cols, p0%s.cols
	for done < n {
		image, r := row/t.rows, row%t.rows
		run := min(s.cols-col, n-done)
		vectors := 1
		if run > k.isa.Width() {
			vectors = 2
		}
		to[count] = asm.Piece{Src: 4 * (image*k.channels*s.planeLen + r*s.rowLen + col), Dst: 4 * done, Vectors: vectors}
		count++
		done += run
		row, col = row+1, 0
	}
	return count
}

// scatter puts rows from … to−1 of a piece's product to their places.
func (k *slide) scatter(c []float32, t *piece, from, to int) {
	s := &k.stage
	for i := from; i < to; i++ {
		row := c[i*t.places:][:t.places]
		for image := range t.images {
			plane := k.dst[((t.image+image)*k.groups*k.m+t.group*k.m+i)*k.plane:][:k.plane]
			if k.contiguous {
				n := t.rows * s.cols
				copy(plane[t.row*s.cols:], row[:n])
				row = row[n:]
				continue
			}
			for r := range t.rows {
				at := ((t.row+r)*k.step[0]+k.start[0])*k.dw + k.start[1]
				for _, v := range row[:s.cols] {
					plane[at] = v
					at += k.step[1]
				}
				row = row[s.cols:]
			}
		}
	}
}
