package native

import (
	"time"

	"github.com/thaw-go/thaw/engine/native/internal/asm"
)

// Peak measures how many floating-point operations a second one core does in
// registers alone, on the engine's path: the yardstick of its kernels. It takes
// some milliseconds; take the best of several. The generic path has none, 0.
func (e *Engine) Peak() float64 {
	if e.isa == 0 {
		return 0
	}
	const rounds = 20000 // less than a millisecond
	best := 0.0
	for range 8 {
		s := asm.Spin{Rounds: rounds}
		began := time.Now()
		e.isa.Peak(&s)
		best = max(best, rounds*e.isa.SpinFlops()/time.Since(began).Seconds())
	}
	return best
}
