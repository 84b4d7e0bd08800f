package reference

import (
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/enginetest"
)

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(threads int) engine.Engine { return New(Options{Threads: threads, Debug: true}) })
}
