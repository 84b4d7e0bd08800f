//go:build !amd64

package native

import "github.com/thaw-go/thaw/engine"

// kernels are what the engine computes itself: nothing here.
func kernels(*Engine) (t [engine.Count]engine.Kernel) { return t }

// Peak has nothing to measure: there are no kernels.
func (*Engine) Peak() float64 { return 0 }

// UpdateStretch has no kernel.
func (*Engine) UpdateStretch(engine.Op, engine.Attr, []float32, []float32, [][]float32) bool {
	return false
}
