package native

import (
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/enginetest"
)

func open(t *testing.T, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The generic path is the reference engine, which has its own test.
func TestEngine(t *testing.T) {
	for _, path := range []string{"avx512", "avx2"} {
		t.Run(path, func(t *testing.T) {
			if !slices.Contains(Paths(), path) {
				t.Skipf("SKIP: this machine has no %s", path)
			}
			enginetest.Run(t, func(threads int) engine.Engine {
				return open(t, Options{Threads: threads, Debug: true, CPU: path})
			})
		})
	}
}

func TestPathIsForcedOrRefused(t *testing.T) {
	for _, path := range Paths() {
		e := open(t, Options{CPU: path})
		if e.Path() != path {
			t.Errorf("asked for %s, the engine's path is %s", path, e.Path())
		}
		for op := engine.OpNone + 1; op.Required(); op++ {
			if _, ok := e.Lookup(op, engine.F64); !ok {
				t.Errorf("%s: no %v of f64", path, op)
			}
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	best := open(t, Options{})
	defer best.Close()
	if best.Path() != Paths()[0] {
		t.Errorf("unforced, the path is %s and not the best, %s", best.Path(), Paths()[0])
	}
	if _, err := New(Options{CPU: "sse9"}); err == nil || !strings.Contains(err.Error(), generic) {
		t.Errorf("a path that no machine has: %v", err)
	}
}
