package optim

import (
	"maps"
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// StateDict is an optimizer's state in the form of torch's state_dict: what
// torch loads, and what is loaded from torch.
type StateDict struct {
	// State is what is remembered of each parameter, by its number in the order
	// of the groups: a StateTensor, a whole number, a float64, or a []any of
	// these by torch's name. LBFGS has everything with the first parameter.
	State map[int]map[string]any
	// Groups are torch's param_groups.
	Groups []StateGroup
}

// StateGroup is a group of a state dict.
type StateGroup struct {
	// Params are the parameters' numbers and Names, if not nil, their names
	// (param_names).
	Params []int
	Names  []string
	// Options are all other entries, in data form.
	Options registry.Args
}

// StateTensor is a tensor of a state dict; without sizes it holds one number.
type StateTensor struct {
	Shape []int
	Slice
}

// StateDict copies the state out. The step counter stands in it as torch has
// it: a float32 tensor, a whole number, or not at all. Other numbers are float64
// tensors so that nothing is lost; torch gives them the parameter's type when it
// loads them.
func (o *Optimizer) StateDict() StateDict {
	d := StateDict{State: map[int]map[string]any{}}
	id := 0
	for _, g := range o.groups {
		made := StateGroup{Names: slices.Clone(g.params), Options: o.dictOptions(g)}
		for _, name := range g.params {
			made.Params = append(made.Params, id)
			if s := o.state[name]; s != nil && !o.Evaluates() {
				if entries := s.entries(); len(entries) > 0 {
					d.State[id] = entries
				}
			}
			id++
		}
		d.Groups = append(d.Groups, made)
	}
	if o.Evaluates() && len(o.groups) > 0 {
		if entries := o.lbfgsEntries(); entries != nil {
			d.State[0] = entries
		}
	}
	return d
}

// dictOptions are all entries of a group but its parameters.
func (o *Optimizer) dictOptions(g group) registry.Args {
	out := Options(g.rule)
	if l, ok := g.rule.(*LBFGS); ok {
		out["max_eval"] = l.evaluations() // torch leaves no null there
	}
	for _, name := range switches(g.rule) {
		out[name] = switchDefaults[name]
	}
	maps.Copy(out, o.switches)
	maps.Copy(out, g.extra)
	maps.Copy(out, implied(g.rule))
	return out
}

// entries are a parameter's state as torch names it.
func (s *State) entries() map[string]any {
	out := map[string]any{}
	switch s.Layout.Counter {
	case CountTensor:
		out["step"] = stepTensor(s.Step)
	case CountInt:
		out["step"] = s.Step
	}
	for i, t := range s.Layout.Tensors {
		out[t.Name] = StateTensor{slices.Clone(t.Shape), s.Tensors[i].Clone()}
	}
	for i, c := range s.Layout.Scalars {
		out[c.Name] = StateTensor{Slice: Slice{F64: []float64{s.Scalars[i]}}}
	}
	return out
}

// stepTensor is float32, which torch's fused kernels want, as long as it can
// count on in it.
func stepTensor(step int) StateTensor {
	if step < 1<<24 {
		return StateTensor{Slice: Slice{F32: []float32{float32(step)}}}
	}
	return StateTensor{Slice: Slice{F64: []float64{float64(step)}}}
}
