package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// convGradWeight is, for each group, the product of gy, og × positions, with
// the turned columns of x, positions × (cg·kh·kw), summed over the images. It
// is cut into blocks of weights and, where these are few, into runs of images
// whose sums are added afterwards.
type convGradWeight[T float] struct {
	cpu           *host.CPU
	x, gy, gw     []T
	g             geometry
	cols, blocks  int // weights of a block, blocks of a group
	runs          int // of images
	sums          []T // [runs, o, cg·kh·kw]
	columns       []T // a block for each worker
	depthwisePass depthwise[T]
}

func (k *convGradWeight[T]) call(c *engine.Call) error {
	x, gy, gw := in(c, 0), in(c, 1), out(c, 0)
	k.x, k.gy, k.gw = view[T](x), view[T](gy), view[T](gw)
	k.g = geometryOf(x.Shape, gw.Shape, gy.Shape, &c.Attr)
	g := &k.g
	if g.cg == 1 {
		d := &k.depthwisePass
		*d = depthwise[T]{cpu: k.cpu, x: k.x, w: k.gw, y: k.gy, g: *g}
		return d.gradWeight()
	}
	depth := g.cg * g.taps()
	k.cols = min(max(depth, 1), 144)
	k.blocks = (depth + k.cols - 1) / k.cols
	k.runs = max(min(16/max(g.groups*k.blocks, 1), g.n), 1)
	workers := k.cpu.Threads.Len()
	buf, v, err := scratch[T](k.cpu, workers*blockK*(k.cols+apart)+k.runs*len(k.gw))
	if err != nil {
		return err
	}
	defer k.cpu.Pool.Free(buf)
	k.columns, k.sums = v[:workers*blockK*(k.cols+apart)], v[workers*blockK*(k.cols+apart):]
	if k.runs == 1 {
		k.sums = k.gw
	}
	k.cpu.Threads.Run(g.groups*k.blocks*k.runs, 1, k)
	if k.runs > 1 {
		k.cpu.Threads.Run(len(k.gw), cheapBlock/k.runs, (*addRuns[T])(k))
	}
	return nil
}

func (k *convGradWeight[T]) Run(worker, lo, hi int) {
	g := &k.g
	plane, depth, ld := g.oh*g.ow, g.cg*g.taps(), k.cols+apart
	columns := k.columns[worker*blockK*ld:][:blockK*ld]
	for ; lo < hi; lo++ {
		j0 := lo % k.blocks * k.cols
		group := lo / k.blocks % g.groups
		run := lo / k.blocks / g.groups
		n := min(k.cols, depth-j0)
		sum := k.sums[(run*g.o+group*g.og)*depth+j0:]
		for i := range g.og {
			clear(sum[i*depth:][:n])
		}
		for image := run * g.n / k.runs; image < (run+1)*g.n/k.runs; image++ {
			x := k.x[(image*g.groups+group)*g.cg*g.h*g.w:]
			gy := matrix[T]{k.gy[(image*g.groups+group)*g.og*plane:], plane, 1}
			for p0 := 0; p0 < plane; p0 += blockK {
				p1 := min(p0+blockK, plane)
				for j := range n {
					v := g.window((j0 + j) % g.taps())
					gather(columns[j:], ld, x[(j0+j)/g.taps()*g.h*g.w:], &v, p0, p1)
				}
				addOuter(sum, depth, gy.at(0, p0), columns, ld, g.og, n, p1-p0, 1)
			}
		}
	}
}

// addRuns adds the sums of the runs.
type addRuns[T float] convGradWeight[T]

func (k *addRuns[T]) Run(_, lo, hi int) {
	gw := k.gw[lo:hi]
	copy(gw, k.sums[lo:hi])
	for r := 1; r < k.runs; r++ {
		for i, v := range k.sums[r*len(k.gw)+lo : r*len(k.gw)+hi] {
			gw[i] += v
		}
	}
}
