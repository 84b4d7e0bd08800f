//go:build amd64

package native

import (
	"unsafe"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// Winograd's minimal filtering multiplies 16 times where a 3×3 convolution of
// stride 1 multiplies 36 times, at the price of transforms, which are worth it
// from so many channels on either side on. The transforms only add and halve, so
// that rounding errors stay of the size of the plain sum's. An infinity or NaN
// spoils all outputs of the tiles that see it.
const leastChannels = 16

// matrices is how many numbers a tile is turned into.
const matrices = 16

// minimal tells whether a convolution is done this way.
func (g *geometry) minimal() bool {
	three := g.kh == 3 && g.kw == 3 && g.stride == [2]int{1, 1} && g.dilation == [2]int{1, 1}
	return three && min(g.pad[0], g.pad[1]) >= 0 && g.pad[0] <= 2 && g.pad[1] <= 2 && min(g.cg, g.og) >= leastChannels && min(g.oh, g.ow, g.h, g.w) >= 2
}

// tiled is the sizes of a product by tiles.
type tiled struct {
	height, width int // of dst's planes
	columns       int // of the products: a piece's tiles, rounded up
	taps          []tap
}

// overTiles is over for 3×3 filters: src is seen in tiles of 4×4 that lie two
// apart, padded by pad before; dst has planes of height×width. The weights are
// packed as 16 matrices for each depth.
func (k *slide) overTiles(pad [2]int, h, w, height, width int) error {
	t := &k.tiled
	t.height, t.width = height, width
	t.taps = t.taps[:0]
	for r := range 4 {
		for c := range 4 {
			t.taps = append(t.taps, tap{r - pad[0], c - pad[1]})
		}
	}
	v := window{h: h, w: w, rows: (height + 1) / 2, cols: (width + 1) / 2, step: [2]int{2, 2}, taps: t.taps}
	p := productOf(k.isa, k.m, 1, k.channels)
	k.blocks = k.cut(v.rows, v.cols, p.rows.panels, min(max(tileMemory/(k.channels+k.m), 64), 256))
	b := &k.blocks
	k.stage.lay(k.isa, v, b.rows)
	lanes := k.isa.Width()
	p.n = b.mostPlaces
	t.columns = (b.mostPlaces + lanes - 1) / lanes * lanes
	d := depthOf(p.k)
	margin := 2 * lanes // vectors reach over ends
	rows := min(b.panels*(p.rows.rows+1), k.m)
	k.ownStage = b.images*d*k.stage.planeLen + margin
	k.ownB = matrices * (p.sizeB(p.stripes(), d) + margin)
	k.ownC = matrices*rows*t.columns + margin
	cost := 0.02*matrices*float64(p.k)*float64(b.mostPlaces)*float64(rows) + float64(matrices*(p.k+rows)*b.mostPlaces)*packCost
	each := k.ownStage + k.ownB + k.ownC
	buf, mem, err := k.scratch(each * k.threads(b.count, cost))
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.own = mem
	k.spread(b.count, 1, cost, (*tilePieces)(k))
	return nil
}

// tileMemory bounds the floats of a piece's transformed inputs and outputs in
// each of the 16 matrices, so that they stay in the second-level cache.
const tileMemory = 12 << 10

// tilePieces covers pieces of work.
type tilePieces slide

func (s *tilePieces) Run(worker, lo, hi int) {
	k := (*slide)(s)
	each := k.ownStage + k.ownB + k.ownC
	own := k.own[worker*each:][:each]
	staged, packed, c := own[:k.ownStage], own[k.ownStage:][:k.ownB], own[k.ownStage+k.ownB:]
	for ; lo < hi; lo++ {
		t := k.piece(lo)
		p := productOf(k.isa, k.m, t.places, k.channels)
		t.to = min(t.from+k.blocks.panels, p.rows.panels)
		first, rows := p.rows.start(t.from), p.rows.start(t.to)-p.rows.start(t.from)
		p.crow = 4 * k.tiled.columns
		weights := k.weights[t.group*matrices*p.sizeA(p.rows.panels, p.k):]
		d := depthOf(p.k)
		for k0 := 0; k0 < p.k; k0 += d {
			kd := min(d, p.k-k0)
			k.fill(staged, &t, k0, k0+kd)
			k.transform(packed, staged, &t, kd)
			for i := range matrices {
				// C's rows of the panels before would lie in front of the memory.
				p.c = unsafe.Add(at(c, i*rows*k.tiled.columns), -first*p.crow)
				p.tiles(weights[p.sizeA(t.from, kd):], t.from, t.to, packed[i*k.matrixB(&t, kd):], 0, p.stripes(), kd, k0 == 0)
				weights = weights[p.sizeA(p.rows.panels, kd):]
			}
		}
		k.outputs(c, &t, first, rows)
	}
}

// transform packs the 16 matrices of a piece's tiles for kd channels.
func (k *slide) transform(packed, staged []float32, t *piece, kd int) {
	lanes, s := k.isa.Width(), &k.stage
	a := asm.Winograd{SrcStep: 4 * s.planeLen, DstStep: 8 * lanes, Matrix: 4 * k.matrixB(t, kd)}
	for i := range 4 {
		a.RowAt[i] = 4 * s.lines.at(s.taps[4*i].row, 2) * s.rowLen
		a.ColAt[i] = 4 * s.columns.at(s.taps[i].col, 2)
	}
	// Whole vectors are written from where a run begins: the next one, or the next
	// channel, overwrites what is too much.
	var runs [32]asm.TileRun
	a.Pieces = unsafe.Pointer(&runs)
	for p0 := 0; p0 < t.places; p0 += 2 * lanes {
		n := min(2*lanes, t.places-p0)
		a.PieceCount = 0
		for done := 0; done < n; {
			image, r, col := k.tileAt(t, p0+done)
			runs[a.PieceCount] = asm.TileRun{Src: 4 * (image*kd*s.planeLen + r*s.rowLen + col), Dst: 4 * done}
			a.PieceCount++
			done += min(s.cols-col, lanes, n-done)
		}
		most := max(tilesInCall/a.PieceCount, 1)
		for c := 0; c < kd; c += most {
			a.Count = min(most, kd-c)
			a.Src, a.Dst = at(staged, c*s.planeLen), at(packed, p0*kd+c*2*lanes)
			k.isa.WinogradInput(&a)
		}
	}
}

// matrixB is the size of one of the 16 matrices of transformed inputs.
func (k *slide) matrixB(t *piece, kd int) int {
	p := productOf(k.isa, k.m, t.places, kd)
	return p.sizeB(p.stripes(), kd) + 2*k.isa.Width()
}

// tilesInCall is how many vectors of tiles a call transforms.
const tilesInCall = 2048

// tileAt is the image, the row and the column of a piece's tile.
func (k *slide) tileAt(t *piece, i int) (image, row, col int) {
	row, col = i/k.stage.cols, i%k.stage.cols
	return row / t.rows, row % t.rows, col
}

// outputs turns the products into dst's rows first … of channels.
func (k *slide) outputs(c []float32, t *piece, first, rows int) {
	lanes, w := k.isa.Width(), &k.tiled
	var runs [32]asm.TileRun
	a := asm.Winograd{
		SrcStep: 4 * w.columns, DstStep: 4 * k.plane, Matrix: 4 * rows * w.columns,
		Row: 4 * w.width, Pieces: unsafe.Pointer(&runs),
	}
	channel := t.group*k.m + first
	for done := 0; done < t.places; {
		for a.PieceCount = 0; done < t.places && a.PieceCount < len(runs); a.PieceCount++ {
			image, r, col := k.tileAt(t, done)
			r += t.row
			n := min(k.stage.cols-col, lanes, t.places-done)
			runs[a.PieceCount] = asm.TileRun{
				Src:  4 * done,
				Dst:  4 * (image*k.groups*k.m*k.plane + 2*r*w.width + 2*col),
				Cols: min(2*n, w.width-2*col), Rows: min(2, w.height-2*r),
			}
			done += n
		}
		most := max(tilesInCall/a.PieceCount, 1)
		for i := 0; i < rows; i += most {
			a.Count = min(most, rows-i)
			a.Src, a.Dst = at(c, i*w.columns), at(k.dst, (t.image*k.groups*k.m+channel+i)*k.plane)
			a.Bias = nil
			if k.bias != nil {
				a.Bias = at(k.bias, channel+i)
			}
			k.isa.WinogradOutput(&a)
		}
	}
}

// packMinimal packs a panel's 16 matrices out of its weights, which lie as
// [channel][tap][element of a vector]; where back is set the filters are turned
// by 180°. The panel is one of those of a group's weights.
func packMinimal(p *product, weights, panelWeights []float32, panel int, back bool) {
	lanes := p.isa.Width()
	d := depthOf(p.k)
	a := asm.Winograd{SrcStep: 4 * 9 * lanes, DstStep: 4 * lanes}
	tap, row := 4*lanes, 12*lanes
	first := 0
	if back {
		tap, row, first = -tap, -row, 8*lanes
	}
	for i := range 3 {
		a.RowAt[i], a.ColAt[i] = i*row, i*tap
	}
	for k0 := 0; k0 < p.k; k0 += d {
		kd := min(d, p.k-k0)
		a.Count, a.Matrix = kd, 4*p.sizeA(p.rows.panels, kd)
		a.Src, a.Dst = at(panelWeights, k0*9*lanes+first), at(weights, p.sizeA(panel, kd))
		p.isa.WinogradFilter(&a)
		weights = weights[matrices*p.sizeA(p.rows.panels, kd):]
	}
}
