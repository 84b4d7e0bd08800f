package reference

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/enginetest"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(threads int) engine.Engine { return New(Options{Threads: threads, Debug: true}) })
}

func TestKernelsAllocateNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		e := New(Options{Threads: threads})
		enginetest.Allocations(t, e)
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
