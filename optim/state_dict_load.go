package optim

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// LoadStateDict replaces the options of the groups, and the state of their
// parameters, by those of a state dict; lookup gives the parameters. Groups
// belong together by their order, and so do the parameters in them; names that
// are the same in another order decide instead. Tensors take the parameter's
// type. Entries that are no options are kept for StateDict. On an error nothing
// has changed.
func (o *Optimizer) LoadStateDict(d StateDict, lookup func(name string) *Param) error {
	if len(d.Groups) != len(o.groups) {
		return fmt.Errorf("%s: loaded state dict has a different number of parameter groups: %d, the optimizer has %d", o.name, len(d.Groups), len(o.groups))
	}
	groups := make([]Group, len(o.groups))
	state := map[string]*State{}
	known := map[int]bool{}
	for i, g := range d.Groups {
		made, err := o.loadGroup(i, g)
		if err != nil {
			return fmt.Errorf("%s: group %d: %w", o.name, i, err)
		}
		groups[i] = made
		for k, id := range g.Params {
			known[id] = true
			name := made.Params[k]
			s, err := loadState(made.Rule, d.State[id], lookup(name))
			if err != nil {
				return fmt.Errorf("%s: state %d of %s: %w", o.name, id, name, err)
			}
			if s != nil {
				state[name] = s
			}
		}
		// The parameters keep their places in the group, wherever they were saved.
		groups[i].Params = o.groups[i].params
	}
	for _, id := range slices.Sorted(maps.Keys(d.State)) {
		if !known[id] {
			return fmt.Errorf("%s: loaded state dict has a state %d, which none of its groups lists", o.name, id)
		}
	}
	var memory func()
	if o.Evaluates() {
		var err error
		if memory, err = o.lbfgsMemory(d, lookup); err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	if err := o.SetGroups(groups); err != nil {
		return err
	}
	o.state = state
	if memory != nil {
		memory()
	}
	return nil
}

// loadGroup makes the group of a state dict's; its parameters are in the dict's
// order.
func (o *Optimizer) loadGroup(i int, g StateGroup) (Group, error) {
	params := o.groups[i].params
	if len(g.Params) != len(params) {
		return Group{}, fmt.Errorf("loaded state dict contains a parameter group that doesn't match the size of optimizer's group: %d parameters and %d", len(g.Params), len(params))
	}
	made := Group{Params: params, Extra: registry.Args{}}
	if sameNames(g.Names, params) {
		made.Params = g.Names
	}
	rule := own(o.rule)
	fields := options(rule)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		v, has := g.Options[name]
		switch f := fields[name]; {
		case has:
			if err := set(f, v); err != nil {
				return Group{}, fmt.Errorf("%s: %w", name, err)
			}
		case f.Kind() == reflect.Bool:
			f.SetBool(false) // what torch sets where an older version did not know it
		default:
			return Group{}, fmt.Errorf("loaded state dict has no %s", name)
		}
	}
	only := implied(rule)
	for name, v := range g.Options {
		if want, ok := only[name]; ok && v != want {
			return Group{}, fmt.Errorf("%s is %v, which is not %s", name, v, o.name)
		}
		if _, ok := fields[name]; !ok {
			made.Extra[name] = v
		}
	}
	made.Rule = value(rule)
	return made, made.Rule.Check()
}

// sameNames tells lists of the same names, in any order.
func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// loadState makes a parameter's state of its entries; nil if it has none.
func loadState(r Rule, entries map[string]any, p *Param) (*State, error) {
	entries = maps.Clone(entries)
	maps.DeleteFunc(entries, func(_ string, v any) bool { return v == nil })
	if _, evaluates := r.(LBFGS); evaluates || len(entries) == 0 {
		return nil, nil
	}
	if p == nil {
		return nil, fmt.Errorf("there is no such parameter")
	}
	s := &State{checked: -1, Layout: r.Layout(p.Shape)}
	if s.Layout.Counter != Uncounted {
		n, err := entryNumber(entries, "step")
		if err != nil {
			return nil, err
		}
		if n < 0 || n != float64(int(n)) {
			return nil, fmt.Errorf("step is %v, not a count", n)
		}
		s.Step = int(n)
	}
	s.Layout.Tensors = slices.Clone(s.Layout.Tensors)
	for i := range s.Layout.Tensors {
		t := &s.Layout.Tensors[i]
		if t.Shape == nil {
			t.Shape = p.Shape
		}
		x, err := entryTensor(entries, *t, p.Value)
		if err != nil {
			return nil, err
		}
		s.Tensors = append(s.Tensors, x)
	}
	for _, c := range s.Layout.Scalars {
		v, err := entryNumber(entries, c.Name)
		if err != nil {
			return nil, err
		}
		s.Scalars = append(s.Scalars, v)
	}
	s.bind()
	return s, nil
}

// entryTensor is a tensor in the type of like.
func entryTensor(entries map[string]any, t Tensor, like Slice) (Slice, error) {
	x, ok := entries[t.Name].(StateTensor)
	switch {
	case !ok:
		return Slice{}, missing(entries, t.Name)
	case !slices.Equal(x.Shape, t.Shape) || x.Len() != size(t.Shape):
		return Slice{}, fmt.Errorf("%s has shape %v and %d elements, not shape %v", t.Name, x.Shape, x.Len(), t.Shape)
	}
	return x.as(like), nil
}

// as copies the elements to the type of like.
func (s Slice) as(like Slice) Slice {
	out := like.zeros(s.Len())
	for i := range s.Len() {
		out.Set(i, s.At(i))
	}
	return out
}

// entryNumber is a number, or the tensor of one.
func entryNumber(entries map[string]any, name string) (float64, error) {
	v, has := entries[name]
	if !has {
		return 0, missing(entries, name)
	}
	if t, ok := v.(StateTensor); ok && t.Len() == 1 {
		return t.At(0), nil
	}
	x, err := number(v)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return x, nil
}

func missing(entries map[string]any, name string) error {
	return fmt.Errorf("there is no tensor or number %q, only %v", name, slices.Sorted(maps.Keys(entries)))
}
