// Package native is the engine that computes with assembly kernels, for AVX-512
// or for AVX2 with FMA. What it has no kernel for, and every other processor,
// is left to the reference engine. Results are the same bits for any number of
// threads, but not on another path.
package native

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native/internal/asm"
	"github.com/thaw-go/thaw/engine/reference"
)

// Options of the engine.
type Options struct {
	// Threads is how many compute; 0 stands for GOMAXPROCS.
	Threads int
	// MemoryLimit caps the live buffers, in bytes; 0 means any amount.
	MemoryLimit int64
	// Debug poisons freed memory and panics on its misuse.
	Debug bool
	// CPU forces a path, one of Paths; the empty string takes the best one.
	CPU string
}

// generic is the path of the reference engine.
const generic = "generic"

// Paths are the paths that this machine has, the best one first.
func Paths() []string {
	var p []string
	for _, x := range asm.Available() {
		p = append(p, x.String())
	}
	return append(p, generic)
}

// Engine implements engine.Engine.
type Engine struct {
	*reference.Engine
	isa     asm.ISA // 0 for the generic path
	kernels [engine.Count]engine.Kernel
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine. It fails only where Options.CPU asks for a path that this
// machine does not have. Close it to end its threads and to free its memory.
func New(o Options) (*Engine, error) {
	isa, err := choose(o.CPU)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		Engine: reference.New(host.Options{Threads: o.Threads, MemoryLimit: o.MemoryLimit, Debug: o.Debug}),
		isa:    isa,
	}
	if isa == 0 {
		return e, nil
	}
	for op, k := range kernels(e) {
		if k != nil {
			e.kernels[op] = e.Pool.Watch(engine.Op(op), k)
		}
	}
	return e, nil
}

func choose(path string) (asm.ISA, error) {
	sets := asm.Available()
	switch {
	case path == generic || path == "" && len(sets) == 0:
		return 0, nil
	case path == "":
		return sets[0], nil
	}
	for _, x := range sets {
		if x.String() == path {
			return x, nil
		}
	}
	return 0, fmt.Errorf("no instruction-set path %q here: this machine has %v", path, Paths())
}

// Name is "native".
func (e *Engine) Name() string { return "native" }

// Path is "avx512", "avx2" or "generic".
func (e *Engine) Path() string {
	if e.isa == 0 {
		return generic
	}
	return e.isa.String()
}

// Lookup finds a kernel.
func (e *Engine) Lookup(op engine.Op, dt engine.DType) (engine.Kernel, bool) {
	if dt == engine.F32 && int(op) < engine.Count && e.kernels[op] != nil {
		return e.kernels[op], true
	}
	return e.Engine.Lookup(op, dt)
}
