//go:build amd64

package native

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// layerNorm is OpLayerNorm, OpRMSNorm, OpAddLayerNorm and the norms' gradients,
// on x[r,d]. What an operator lacks is taken from scratch memory: a weight of
// ones, a bias of zeros, outputs that nobody reads.
type layerNorm struct {
	shared
	x, w, b, y     []float32
	mean, rstd     []float32
	gy, gx, gw, gb []float32
	rows, d        int
	eps            float32
	centred        float32 // 1, or 0 for RMSNorm
	piece          int     // rows of the sums by piece
	sums           []float32
	// Of OpAddLayerNorm.
	residual, xBias, added []float32
	drop                   dropout
}

// blank is memory for what is left out.
type blank struct {
	k    *layerNorm
	buf  *host.Buffer
	rest []float32
}

func (k *layerNorm) blank(n int) (blank, error) {
	buf, v, err := k.scratch(n)
	return blank{k, buf, v}, err
}

func (b *blank) free() { b.k.cpu.Pool.Free(b.buf) }

// or gives v, or where it is absent n elements.
func (b *blank) or(v []float32, n int, value float32) []float32 {
	if v != nil {
		return v
	}
	v, b.rest = b.rest[:n], b.rest[n:]
	fill(v, value)
	return v
}

func (k *layerNorm) sizes(x engine.Array, c *engine.Call) {
	k.rows, k.d = x.Shape.Dim(0), x.Shape.Dim(1)
	k.eps = float32(c.Attr.Eps)
	k.x, k.added = floats(x), nil
}

func (k *layerNorm) forward(c *engine.Call) error {
	k.sizes(in(c, 0), c)
	k.centred = 1
	k.w, k.b = floats(in(c, 1)), floats(in(c, 2))
	k.y, k.mean, k.rstd = floats(out(c, 0)), floats(out(c, 1)), floats(out(c, 2))
	return k.normalise()
}

func (k *layerNorm) rmsForward(c *engine.Call) error {
	k.sizes(in(c, 0), c)
	k.centred = 0
	k.w, k.b = floats(in(c, 1)), nil
	k.y, k.mean, k.rstd = floats(out(c, 0)), nil, floats(out(c, 1))
	return k.normalise()
}

// rowCost is about how many nanoseconds a row takes for each element.
const rowCost = 0.3

func (k *layerNorm) normalise() error {
	if k.rows*k.d == 0 {
		return nil
	}
	blank, err := k.blank(2*k.d + k.rows)
	if err != nil {
		return err
	}
	defer blank.free()
	k.w, k.b, k.mean = blank.or(k.w, k.d, 1), blank.or(k.b, k.d, 0), blank.or(k.mean, k.rows, 0)
	k.spread(k.rows, 1, rowCost*float64(k.d), k)
	return nil
}

func (k *layerNorm) Run(_, lo, hi int) {
	for lo < hi {
		n := min(hi-lo, rowsInCall(k.d))
		if k.added != nil {
			k.add(lo, lo+n)
		}
		g := asm.Grid{Rows: n, Cols: k.d}
		for i, v := range [][]float32{k.y, k.x} {
			g.P[i], g.Step[i] = at(v, lo*k.d), 4*k.d
		}
		g.P[2], g.P[3] = at(k.w, 0), at(k.b, 0)
		g.P[4], g.P[5], g.Step[4], g.Step[5] = at(k.mean, lo), at(k.rstd, lo), 4, 4
		g.F = [10]float32{1 / float32(k.d), k.eps, k.centred}
		k.isa.LayerNorm(&g)
		lo += n
	}
}

func (k *layerNorm) grad(c *engine.Call) error {
	k.sizes(in(c, 0), c)
	k.centred = 1
	k.mean, k.rstd = floats(in(c, 3)), floats(in(c, 4))
	k.gb = floats(out(c, 2))
	return k.gradients(c)
}

func (k *layerNorm) rmsGrad(c *engine.Call) error {
	k.sizes(in(c, 0), c)
	k.centred = 0
	k.mean, k.rstd, k.gb = nil, floats(in(c, 3)), nil
	return k.gradients(c)
}

// sumRows is how many rows a kernel adds up in float32; the sums of so many rows
// are added up in pieces, at most mostParts, and then these.
const sumRowsInFloat32 = 64

func (k *layerNorm) gradients(c *engine.Call) error {
	k.gy, k.w = floats(in(c, 1)), floats(in(c, 2))
	k.gx, k.gw = floats(out(c, 0)), floats(out(c, 1))
	if k.rows*k.d == 0 {
		clear(k.gw)
		clear(k.gb)
		return nil
	}
	pieces := min((k.rows+sumRowsInFloat32-1)/sumRowsInFloat32, mostParts)
	k.piece = (k.rows + pieces - 1) / pieces
	pieces = (k.rows + k.piece - 1) / k.piece
	n := k.d + k.rows + 2*k.d + 4*pieces*k.d
	if k.gx == nil {
		n += len(k.x)
	}
	blank, err := k.blank(n)
	if err != nil {
		return err
	}
	defer blank.free()
	k.w, k.mean, k.gx = blank.or(k.w, k.d, 1), blank.or(k.mean, k.rows, 0), blank.or(k.gx, len(k.x), 0)
	k.gw, k.gb = blank.or(k.gw, k.d, 0), blank.or(k.gb, k.d, 0)
	k.sums = blank.or(nil, 4*pieces*k.d, 0)
	k.spread(pieces, 1, 1.5*rowCost*float64(k.piece*k.d), (*layerNormGrad)(k))
	copy(k.gw, k.sums[:k.d])
	copy(k.gb, k.sums[k.d:2*k.d])
	for p := 1; p < pieces; p++ {
		k.accumulate(k.gw, k.sums[4*p*k.d:][:k.d])
		k.accumulate(k.gb, k.sums[(4*p+1)*k.d:][:k.d])
	}
	return nil
}

// accumulate adds x to y.
func (s *shared) accumulate(y, x []float32) {
	for lo := 0; lo < len(y); lo += mostInCall {
		g := asm.Grid{Rows: 1, Cols: min(len(y)-lo, mostInCall)}
		g.P[0], g.P[1], g.P[2] = at(y, lo), at(y, lo), at(x, lo)
		s.isa.Add(&g)
	}
}

// layerNormGrad covers pieces of the rows. A piece has room for its sums of gw
// and gb, and for those of a few rows.
type layerNormGrad layerNorm

func (k *layerNormGrad) Run(_, lo, hi int) {
	for ; lo < hi; lo++ {
		sums := k.sums[4*lo*k.d:][:4*k.d]
		few := sums[2*k.d:]
		end := min((lo+1)*k.piece, k.rows)
		for r := lo * k.piece; r < end; {
			n := min(end-r, sumRowsInFloat32, rowsInCall(k.d))
			g := asm.Grid{Rows: n, Cols: k.d}
			for i, v := range [][]float32{k.gx, k.x, k.gy} {
				g.P[i], g.Step[i] = at(v, r*k.d), 4*k.d
			}
			g.P[3] = at(k.w, 0)
			g.P[4], g.P[5], g.Step[4], g.Step[5] = at(k.mean, r), at(k.rstd, r), 4, 4
			g.P[6], g.P[7] = at(few, 0), at(few, k.d)
			g.F = [10]float32{1 / float32(k.d), 0, k.centred}
			clear(few)
			k.isa.LayerNormGrad(&g)
			k.accumulate(sums[:2*k.d], few)
			r += n
		}
	}
}
