package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// geometry of a convolution of x[n,c,h,w] with weights[o,c/groups,kh,kw] to
// y[n,o,oh,ow].
type geometry struct {
	n, c, h, w, o, kh, kw, oh, ow int
	groups, cg, og                int // channels of a group, in and out
	stride, pad, dilation         [2]int
}

func geometryOf(x, w, y engine.Shape, a *engine.Attr) geometry {
	g := geometry{
		n: x.Dim(0), c: x.Dim(1), h: x.Dim(2), w: x.Dim(3),
		o: w.Dim(0), kh: w.Dim(2), kw: w.Dim(3), oh: y.Dim(2), ow: y.Dim(3),
		groups: max(a.Groups, 1), cg: w.Dim(1), stride: a.Stride, pad: a.Pad, dilation: a.Dilation,
	}
	g.og = g.o / g.groups
	for i := range 2 {
		g.stride[i], g.dilation[i] = max(g.stride[i], 1), max(g.dilation[i], 1)
	}
	return g
}

func (g *geometry) taps() int { return g.kh * g.kw }

// pointwise tells that the columns of a convolution are its input as it is.
func (g *geometry) pointwise() bool {
	return g.taps() == 1 && g.stride == [2]int{1, 1} && g.pad == [2]int{}
}

// window is the sequence of a plane's elements that a tap of the kernel meets:
// position p of a grid of the given width reads row + p/width·rowStep and
// column col + p%width·colStep; outside the plane lie zeros.
type window struct {
	h, w             int
	row, col         int
	rowStep, colStep int
	width            int
}

func (g *geometry) window(tap int) window {
	return window{
		h: g.h, w: g.w, width: g.ow,
		row: tap/g.kw*g.dilation[0] - g.pad[0], col: tap%g.kw*g.dilation[1] - g.pad[1],
		rowStep: g.stride[0], colStep: g.stride[1],
	}
}

// gather reads positions p0 … p1−1 into y, whose elements lie step apart.
func gather[T float](y []T, step int, plane []T, v *window, p0, p1 int) {
	at := 0
	for p := p0; p < p1; {
		r, c := p/v.width, p%v.width
		n := min(v.width-c, p1-p)
		row := v.row + r*v.rowStep
		if row < 0 || row >= v.h {
			zeros(y[at:], step, n)
		} else {
			gatherRow(y[at:], step, plane[row*v.w:][:v.w], v.col+c*v.colStep, v.colStep, n)
		}
		at += n * step
		p += n
	}
}

// gatherRow reads n elements of a row from column col on.
func gatherRow[T float](y []T, step int, row []T, col, colStep, n int) {
	// Positions lo … hi−1 lie inside the row.
	lo, hi := 0, 0
	if col < 0 {
		lo = min((-col+colStep-1)/colStep, n)
	}
	if col < len(row) {
		hi = min((len(row)-1-col)/colStep+1, n)
	}
	hi = max(hi, lo)
	zeros(y, step, lo)
	if step == 1 && colStep == 1 {
		copy(y[lo:hi], row[min(col+lo, len(row)):])
	} else {
		x, at := col+lo*colStep, lo*step
		for range hi - lo {
			y[at] = row[x]
			x, at = x+colStep, at+step
		}
	}
	if n > hi {
		zeros(y[hi*step:], step, n-hi)
	}
}

func zeros[T float](y []T, step, n int) {
	if step == 1 {
		clear(y[:n])
		return
	}
	for i := range n {
		y[i*step] = 0
	}
}

// conv computes blocks of columns of y: for each image and group the product of
// the weights, og × (cg·kh·kw), with the columns that the kernel meets.
type conv[T float] struct {
	cpu           *host.CPU
	x, w, b, y    []T
	g             geometry
	cols, blocks  int // of the plane of y
	rows, strips  int // of the output channels of a group
	columns       []T // a block for each worker
	depthwisePass depthwise[T]
}

func (k *conv[T]) call(c *engine.Call) error {
	x, w, y := in(c, 0), in(c, 1), out(c, 0)
	k.x, k.w, k.b, k.y = view[T](x), view[T](w), view[T](in(c, 2)), view[T](y)
	k.g = geometryOf(x.Shape, w.Shape, y.Shape, &c.Attr)
	if k.g.cg == 1 {
		d := &k.depthwisePass
		*d = depthwise[T]{cpu: k.cpu, x: k.x, w: k.w, b: k.b, y: k.y, g: k.g}
		d.forward()
		return nil
	}
	k.split(k.g.n*k.g.groups, k.g.og, k.g.oh*k.g.ow)
	buf, v, err := scratch[T](k.cpu, k.cpu.Threads.Len()*blockK*k.cols)
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.columns = v
	k.cpu.Threads.Run(k.g.n*k.g.groups*k.blocks*k.strips, perRow(1<<19, k.rows*k.cols*k.g.cg*k.g.taps()), k)
	return nil
}

// split cuts a plane's columns into blocks, and the rows too where that alone
// gives few pieces of work.
func (k *conv[T]) split(planes, rows, cols int) {
	k.cols = min(max(cols, 1), blockN)
	k.blocks = (cols + k.cols - 1) / k.cols
	k.rows = max(rows, 1)
	if planes*k.blocks < 16 {
		k.rows = min(k.rows, 64)
	}
	k.strips = (rows + k.rows - 1) / k.rows
}

func (k *conv[T]) Run(worker, lo, hi int) {
	g := &k.g
	plane, depth := g.oh*g.ow, g.cg*g.taps()
	for ; lo < hi; lo++ {
		i0 := lo % k.strips * k.rows
		p0 := lo / k.strips % k.blocks * k.cols
		image := lo / k.strips / k.blocks // and group
		group := image % g.groups
		m, n := min(k.rows, g.og-i0), min(k.cols, plane-p0)
		y := k.y[(image*g.og+i0)*plane+p0:]
		for i := range m {
			row := y[i*plane:][:n]
			bias := T(0)
			if k.b != nil {
				bias = k.b[group*g.og+i0+i]
			}
			for j := range row {
				row[j] = bias
			}
		}
		if depth == 0 {
			continue
		}
		w := matrix[T]{k.w[(group*g.og+i0)*depth:], depth, 1}
		x := k.x[image*g.cg*g.h*g.w:]
		if g.pointwise() {
			addOuter(y, plane, w, x[p0:], plane, m, n, depth, 1)
			continue
		}
		columns := k.columns[worker*blockK*k.cols:][:blockK*k.cols]
		for d0 := 0; d0 < depth; d0 += blockK {
			d1 := min(d0+blockK, depth)
			for d := d0; d < d1; d++ {
				v := g.window(d % g.taps())
				gather(columns[(d-d0)*n:][:n], 1, x[d/g.taps()*g.h*g.w:], &v, p0, p0+n)
			}
			addOuter(y, plane, w.at(0, d0), columns, n, m, n, d1-d0, 1)
		}
	}
}
