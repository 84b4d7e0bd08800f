// Package reference is the engine in plain Go: the fallback for every CPU and,
// in float64, the oracle of the others. Kernels are generic over float32 and
// float64, cache-blocked and spread over all cores. A kernel is a struct with a
// method per parallel stage; its fields are the operands of the running call,
// so that a call allocates nothing. Sums that a result hangs on are formed in
// float64 in an order that only depends on the shapes.
package reference

import (
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
)

// Options of the engine.
type Options = host.Options

// Engine implements engine.Engine.
type Engine struct {
	*host.CPU
	f32, f64 kernels
	any      kernels // those that move elements of whatever type
}

var _ engine.Engine = (*Engine)(nil)

type kernels [engine.Count]engine.Kernel

// New makes an engine. Close it to end its threads and to free its memory.
func New(o Options) *Engine {
	e := &Engine{CPU: host.NewCPU(o)}
	e.f32, e.f64, e.any = floatKernels[float32](e.CPU), floatKernels[float64](e.CPU), moves(e.CPU)
	for op := range engine.Op(engine.Count) {
		for _, t := range []*kernels{&e.f32, &e.f64, &e.any} {
			if t[op] != nil {
				t[op] = e.Pool.Watch(op, t[op])
			}
		}
	}
	return e
}

// Name is "reference".
func (e *Engine) Name() string { return "reference" }

// Path is "generic": there is one path.
func (e *Engine) Path() string { return "generic" }

// Lookup finds a kernel.
func (e *Engine) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	if int(op) >= engine.Count {
		return nil, false
	}
	k := e.any[op]
	switch {
	case k != nil:
	case dt == engine.F32:
		k = e.f32[op]
	case dt == engine.F64:
		k = e.f64[op]
	}
	return k, k != nil
}
