package native

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

// bundle runs operators and keeps what they made.
type bundle struct {
	t *testing.T
	e engine.Engine
	g *rand.Rand
}

// set makes an array of given content.
func (b *bundle) set(s engine.Shape, v []float32) engine.Array {
	b.t.Helper()
	buf, err := b.e.Alloc(engine.F32, s.Len())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.e.CopyIn(buf, 0, v); err != nil {
		b.t.Fatal(err)
	}
	return engine.Array{Buf: buf, Shape: s}
}

// array is one that is freed at the test's end.
func (b *bundle) array(dims ...int) engine.Array {
	s := engine.Of(dims...)
	a := b.set(s, make([]float32, s.Len()))
	b.t.Cleanup(func() { b.e.Free(a.Buf) })
	return a
}

func (b *bundle) normal(dims ...int) engine.Array {
	s := engine.Of(dims...)
	v := make([]float32, s.Len())
	for i := range v {
		v[i] = float32(b.g.NormFloat64())
	}
	a := b.set(s, v)
	b.t.Cleanup(func() { b.e.Free(a.Buf) })
	return a
}

func (b *bundle) run(op engine.Op, attr engine.Attr, in, out []engine.Array) {
	b.t.Helper()
	k, ok := b.e.Lookup(op, engine.F32)
	if !ok {
		b.t.Fatalf("no kernel for %v", op)
	}
	if err := k(&engine.Call{Op: op, Attr: attr, In: in, Out: out}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) values(a engine.Array) []float32 {
	v := make([]float32, a.Shape.Len())
	if err := b.e.CopyOut(v, a.Buf, 0); err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *bundle) same(what string, got, want engine.Array) {
	b.t.Helper()
	w := b.values(want)
	for i, v := range b.values(got) {
		if !(math.Abs(float64(v-w[i])) <= 1e-5*(1+math.Abs(float64(w[i])))) {
			b.t.Fatalf("%s: element %d is %v, want %v", what, i, v, w[i])
		}
	}
}

func reshaped(a engine.Array, dims ...int) engine.Array {
	a.Shape = engine.Of(dims...)
	return a
}

// The engine's suite has no case of attention that drops weights: it is held
// against its decomposition.
func TestAttentionDropsWeightsAsDropoutDoes(t *testing.T) {
	for _, path := range Paths() {
		if path == generic {
			continue
		}
		b := &bundle{t, open(t, Options{CPU: path, Debug: true}), rand.New(rand.NewPCG(3, 4))}
		t.Cleanup(func() { b.e.Close() })
		const nb, h, s, n, d, e = 2, 3, 150, 41, 5, 7
		type arrays = []engine.Array
		q, k, v, gy := b.normal(nb, h, s, d), b.normal(nb, h, n, d), b.normal(nb, h, n, e), b.normal(nb, h, s, e)
		attr := engine.Attr{Alpha: 0.4, P: 0.3, Key: 99}
		y, lse := b.array(nb, h, s, e), b.array(nb, h, s)
		gq, gk, gv := b.array(nb, h, s, d), b.array(nb, h, n, d), b.array(nb, h, n, e)
		b.run(engine.OpAttention, attr, arrays{q, k, v, {}}, arrays{y, lse})
		b.run(engine.OpAttentionGrad, attr, arrays{q, k, v, {}, y, lse, gy}, arrays{gq, gk, gv})

		w, p, gp := b.array(nb*h, s, n), b.array(nb, h*s*n), b.array(nb, h*s*n)
		q3, k3, v3, gy3 := reshaped(q, nb*h, s, d), reshaped(k, nb*h, n, d), reshaped(v, nb*h, n, e), reshaped(gy, nb*h, s, e)
		p3, gp3 := reshaped(p, nb*h, s, n), reshaped(gp, nb*h, s, n)
		want, wq, wk, wv := b.array(nb*h, s, e), b.array(nb*h, s, d), b.array(nb*h, n, d), b.array(nb*h, n, e)
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1, TransB: true}, arrays{q3, k3}, arrays{w})
		b.run(engine.OpSoftmax, engine.Attr{Alpha: attr.Alpha}, arrays{w}, arrays{w})
		b.run(engine.OpDropout, attr, arrays{reshaped(w, nb, h*s*n)}, arrays{p})
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1}, arrays{p3, v3}, arrays{want})
		b.same(path+": y", y, want)
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1, TransA: true}, arrays{p3, gy3}, arrays{wv})
		b.same(path+": gv", gv, wv)
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1, TransB: true}, arrays{gy3, v3}, arrays{gp3})
		b.run(engine.OpDropout, attr, arrays{gp}, arrays{gp})
		b.run(engine.OpSoftmaxGrad, engine.Attr{Alpha: attr.Alpha}, arrays{w, gp3}, arrays{gp3})
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1}, arrays{gp3, k3}, arrays{wq})
		b.same(path+": gq", gq, wq)
		b.run(engine.OpMatMul, engine.Attr{Alpha: 1, TransA: true}, arrays{gp3, q3}, arrays{wk})
		b.same(path+": gk", gk, wk)
	}
}
