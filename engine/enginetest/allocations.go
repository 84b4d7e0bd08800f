package enginetest

import (
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

// Allocations checks that a kernel that has run before takes no more memory
// from the Go heap: else a training step would allocate with its depth.
func Allocations(t *testing.T, e engine.Engine) {
	g := newGen(1)
	for op := engine.OpNone + 1; int(op) < engine.Count; op++ {
		k, ok := e.Lookup(op, engine.F32)
		if !ok {
			continue
		}
		all := cases[op](g)
		all = slices.DeleteFunc(all, func(x *example) bool { return x.fails != "" })
		x := slices.MaxFunc(all, func(a, b *example) int { return a.cost() - b.cost() })
		c, release, err := x.prepare(e, engine.F32)
		if err != nil {
			t.Fatalf("%v: %v", x, err)
		}
		if n := testing.AllocsPerRun(3, func() { _ = k(c) }); n > 0 {
			t.Errorf("%v: a call makes %v allocations", x, n)
		}
		release()
	}
}
