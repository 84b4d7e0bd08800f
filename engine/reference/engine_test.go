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
	e := New(Options{Threads: 2})
	enginetest.Allocations(t, e)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
