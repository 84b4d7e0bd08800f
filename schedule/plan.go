package schedule

import (
	"slices"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/registry"
)

// Plan is a schedule resolved against a model: what each phase trains. It does
// not change after it is made; slices that it hands out must not be written to.
type Plan struct {
	name        string
	generated   bool
	phases      []Phase
	params      []param.Info
	unscheduled []string
}

// Phase is one phase of a plan.
type Phase struct {
	// Params are the names that the phase thaws, in registration order.
	Params []string
	// Written are the same names in the order the schedule lists them.
	Written []string
	// LR is the learning rate of the groups that the phase adds; 0 in phase 0,
	// where the optimizer's own applies.
	LR float64
	// MaxTransitionEpoch: see PhaseSpec; -1 where there is none.
	MaxTransitionEpoch int
	NewLRScheduler     *Reinit
	NewOptimizer       *registry.Spec
	Source             PhaseSource
}

// Name says where the plan's schedule came from.
func (p *Plan) Name() string { return p.name }

// Generated tells a plan that no one wrote by hand.
func (p *Plan) Generated() bool { return p.generated }

// Len is the number of phases, at least 1.
func (p *Plan) Len() int { return len(p.phases) }

// Phase is the i-th phase.
func (p *Plan) Phase(i int) Phase { return p.phases[i] }

// Params are the trainable parameters of the model, in registration order,
// whether scheduled or not.
func (p *Plan) Params() []param.Info { return p.params }

// Unscheduled names the parameters that no phase thaws.
func (p *Plan) Unscheduled() []string { return p.unscheduled }

// Thawed are the names that train in phase i, in registration order.
func (p *Plan) Thawed(i int) []string {
	in := map[string]bool{}
	for _, ph := range p.phases[:min(i+1, len(p.phases))] {
		for _, n := range ph.Params {
			in[n] = true
		}
	}
	out := make([]string, 0, len(in))
	for _, info := range p.params {
		if in[info.Name] {
			out = append(out, info.Name)
		}
	}
	return out
}

// AllAtOnce is the plan of an ordinary fit: one phase with every trainable
// parameter.
func AllAtOnce(infos []param.Info) *Plan {
	p := &Plan{name: "no_freeze", generated: true, params: param.Trainable(infos)}
	names := make([]string, len(p.params))
	for i, info := range p.params {
		names[i] = info.Name
	}
	p.phases = []Phase{{Params: names, Written: slices.Clone(names), MaxTransitionEpoch: -1}}
	return p
}
