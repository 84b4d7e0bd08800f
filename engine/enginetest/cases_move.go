package enginetest

import "github.com/thaw-go/thaw/engine"

// moved makes the examples of an operator that moves elements, for floats and
// for integers: from says which element of x comes to place i of y, −1 that y
// keeps what it has.
func (g *gen) moved(op engine.Op, a engine.Attr, sx, sy engine.Shape, from func(i int) int) (all []*example) {
	x, old := g.below(sx.Len(), 200), g.below(sy.Len(), 200)
	want := make([]int64, sy.Len())
	updated := false
	for i := range want {
		if j := from(i); j >= 0 {
			want[i] = x[j]
		} else {
			want[i], updated = old[i], true
		}
	}
	asFloats := func(v []int64) []float64 {
		f := make([]float64, len(v))
		for i, n := range v {
			f[i] = float64(n)
		}
		return f
	}
	f := exact(sy, asFloats(want))
	if updated {
		f = f.over(asFloats(old))
	}
	all = append(all, &example{op: op, attr: a, in: []operand{given(sx, asFloats(x))}, out: []operand{f}})
	for _, dt := range []engine.DType{engine.I64, engine.I32, engine.U8} {
		o := operand{dt: dt, shape: sy, wantInt: want, i: old, updated: updated}
		all = append(all, &example{op: op, attr: a, lookupAs: engine.F32, in: []operand{{dt: dt, shape: sx, i: x}}, out: []operand{o}})
	}
	return all
}

func permuteCases(g *gen) (x []*example) {
	of := engine.Of
	shapes := []engine.Shape{of(), of(7), of(0, 3), of(3, 0, 2), of(1, 5, 1), of(2, 3, 4, 5), of(2, 3, 2, 3, 2, 3), of(70, 65), of(2, 33, 3, 40), of(150, 130), g.shape(3, 400), g.shape(4, 400)}
	for _, sx := range shapes {
		for range 3 {
			var a engine.Attr
			sy := sx
			for i, p := range g.Perm(sx.Rank()) {
				a.Axes[i] = p
				sy = sy.With(i, sx.Dim(p))
			}
			x = append(x, g.moved(engine.OpPermute, a, sx, sy, func(i int) int {
				at := unravel(i, sy)
				var src [engine.MaxRank]int
				for d := range sy.Rank() {
					src[a.Axes[d]] = at[d]
				}
				return project(src, sx, sx)
			})...)
		}
	}
	return x
}

// cuts draws parts of shapes.
func (g *gen) cuts(do func(a engine.Attr, whole, part engine.Shape)) {
	of := engine.Of
	for _, whole := range []engine.Shape{of(), of(1), of(7), of(0, 3), of(3, 4), of(2, 3, 4, 5), of(40, 300), of(3, 2, 2, 2, 2, 2), g.shape(3, 400), g.shape(4, 400)} {
		for n := range 4 {
			a := engine.Attr{Step: [engine.MaxRank]int{1, 1, 1, 1, 1, 1}}
			part := whole
			for i := range whole.Rank() {
				size := whole.Dim(i)
				if size == 0 || n == 0 || g.IntN(3) == 0 {
					continue // whole
				}
				a.Start[i], a.Step[i] = g.IntN(size), g.between(1, 3)
				part = part.With(i, g.between(0, (size-a.Start[i]-1)/a.Step[i]+1))
			}
			do(a, whole, part)
		}
	}
}

// source is where place i of a part lies in the whole.
func source(i int, whole, part engine.Shape, a *engine.Attr) int {
	at := unravel(i, part)
	for d := range part.Rank() {
		at[d] = a.Start[d] + at[d]*a.Step[d]
	}
	j := 0
	for d := range whole.Rank() {
		j = j*whole.Dim(d) + at[d]
	}
	return j
}

func sliceCases(g *gen) (x []*example) {
	g.cuts(func(a engine.Attr, whole, part engine.Shape) {
		x = append(x, g.moved(engine.OpSlice, a, whole, part, func(i int) int { return source(i, whole, part, &a) })...)
	})
	return x
}

func sliceAssignCases(g *gen) (x []*example) {
	g.cuts(func(a engine.Attr, whole, part engine.Shape) {
		from := map[int]int{}
		for i := range part.Len() {
			from[source(i, whole, part, &a)] = i
		}
		x = append(x, g.moved(engine.OpSliceAssign, a, part, whole, func(i int) int {
			if j, ok := from[i]; ok {
				return j
			}
			return -1
		})...)
	})
	return x
}
