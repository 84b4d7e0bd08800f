package trainer

import (
	"fmt"
	"math"
	"strings"

	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
)

// guard checks the first step of each phase: what is trained gets a gradient,
// and what is frozen does not move by one bit.
type guard struct {
	params []*nn.Param
	frozen map[string]uint64
	done   bool
}

// newGuard takes the fingerprints of the frozen parameters. Buffers may move:
// the running statistics of BatchNorm do.
func newGuard(params []*nn.Param) *guard {
	g := &guard{params: params, frozen: map[string]uint64{}}
	for _, p := range params {
		if !p.Buffer && !p.Tensor.RequiresGrad() {
			g.frozen[p.Name] = fingerprint(p)
		}
	}
	return g
}

// fingerprint is a hash of a parameter's bits: FNV-1a over whole elements, so
// that large models cost little.
func fingerprint(p *nn.Param) uint64 {
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3
	h := uint64(offset)
	x := slice(p.Tensor.Array())
	for _, v := range x.F32 {
		h = (h ^ uint64(math.Float32bits(v))) * prime
	}
	for _, v := range x.F64 {
		h = (h ^ math.Float64bits(v)) * prime
	}
	return h
}

// beforeStep warns of parameters that are trained in vain.
func (g *guard) beforeStep(f *fit) {
	if g.done {
		return
	}
	var idle []string
	for _, p := range g.params {
		if p.Tensor.RequiresGrad() && p.Tensor.Grad() == nil {
			idle = append(idle, p.Name)
		}
	}
	if len(idle) > 0 {
		f.Sink.Emit(event.Warning{Text: fmt.Sprintf("phase %d trains %s, but the loss does not depend on it", f.machine.Phase(), strings.Join(idle, ", "))})
	}
}

// afterStep finds a frozen parameter that moved, which is this program's error.
func (g *guard) afterStep() error {
	if g.done {
		return nil
	}
	g.done = true
	for _, p := range g.params {
		if want, ok := g.frozen[p.Name]; ok && fingerprint(p) != want {
			return fmt.Errorf("the frozen parameter %s has changed in a training step; please report this", p.Name)
		}
	}
	g.frozen = nil
	return nil
}
