package optim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// lbfgsEntries is the memory as torch has it: flat vectors over all parameters,
// nil before the first step.
func (o *Optimizer) lbfgsEntries() map[string]any {
	var ps []*Param
	for _, name := range o.groups[0].params {
		s := o.state[name]
		if s == nil {
			return nil
		}
		p := &Param{Name: name, Shape: []int{0}}
		if len(s.Tensors) > 0 {
			p.Shape, p.Value = s.Layout.Tensors[0].Shape, s.Tensors[0]
		}
		ps = append(ps, p)
	}
	if len(ps) == 0 {
		return nil
	}
	first, history := o.state[ps[0].Name], max(0, o.groups[0].rule.(*LBFGS).HistorySize)
	if ps[0].Value.F64 != nil {
		return lbfgsDict(first, recall(o, flat64(ps)), history)
	}
	return lbfgsDict(first, recall(o, flat32(ps)), history)
}

// lbfgsDict is a memory in torch's form; first is the first parameter's state,
// and torch's list of the recursion's weights is as long as the history may get.
func lbfgsDict[T Float](first *State, m lbfgsMemory[T], history int) map[string]any {
	out := map[string]any{"func_evals": m.evaluated, "n_iter": m.iterations}
	if m.iterations == 0 {
		return out
	}
	vector := func(x []T) any { return StateTensor{[]int{len(x)}, sliceOf(slices.Clone(x))} }
	one := func(v float64) any { return StateTensor{Slice: sliceOf([]T{T(v)})} }
	var dirs, steps, ro []any
	for i := range m.dirs {
		dirs, steps, ro = append(dirs, vector(m.dirs[i])), append(steps, vector(m.steps[i])), append(ro, one(m.ro[i]))
	}
	al := make([]any, history)
	for i := range al {
		if v, has := first.scalar("al." + strconv.Itoa(i)); has {
			al[i] = one(v)
		}
	}
	out["d"], out["prev_flat_grad"] = vector(m.d), vector(m.prev)
	out["old_dirs"], out["old_stps"], out["ro"], out["al"] = dirs, steps, ro, al
	out["t"], out["H_diag"], out["prev_loss"] = m.t, one(m.scale), m.previously
	return out
}

// lbfgsMemory reads the memory of a state dict; the function that it returns
// stores it.
func (o *Optimizer) lbfgsMemory(d StateDict, lookup func(name string) *Param) (store func(), err error) {
	if len(d.Groups[0].Params) == 0 || len(d.State[d.Groups[0].Params[0]]) == 0 {
		return func() {}, nil
	}
	entries := d.State[d.Groups[0].Params[0]]
	if names := d.Groups[0].Names; !slices.Equal(names, o.groups[0].params) && sameNames(names, o.groups[0].params) {
		return nil, errors.New("loaded state dict has the parameters in another order")
	}
	var ps []*Param
	for _, name := range o.groups[0].params {
		p := lookup(name)
		if p == nil {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
		ps = append(ps, p)
	}
	if ps[0].Value.F64 != nil {
		return lbfgsStore(o, flat64(ps), entries)
	}
	return lbfgsStore(o, flat32(ps), entries)
}

func lbfgsStore[T Float](o *Optimizer, v flat[T], entries map[string]any) (func(), error) {
	var m lbfgsMemory[T]
	n := len(v.weights())
	var err error
	num := func(name string) float64 {
		x, bad := entryNumber(entries, name)
		err = firstOf(err, bad)
		return x
	}
	vector := func(in map[string]any, name string) []T {
		x, bad := entryTensor(in, Tensor{Name: name, Shape: []int{n}}, sliceOf([]T{0}))
		err = firstOf(err, bad)
		return v.of(x)
	}
	m.evaluated, m.iterations = int(num("func_evals")), int(num("n_iter"))
	if m.iterations > 0 {
		m.t, m.scale, m.previously = num("t"), num("H_diag"), num("prev_loss")
		m.d, m.prev = vector(entries, "d"), vector(entries, "prev_flat_grad")
		lists := map[string][]any{}
		for _, name := range []string{"old_dirs", "old_stps", "ro"} {
			l, ok := entries[name].([]any)
			if !ok && entries[name] != nil {
				return nil, fmt.Errorf("%s is not a list", name)
			}
			lists[name] = l
		}
		if len(lists["old_dirs"]) != len(lists["ro"]) || len(lists["old_stps"]) != len(lists["ro"]) {
			return nil, fmt.Errorf("old_dirs, old_stps and ro have %d, %d and %d entries", len(lists["old_dirs"]), len(lists["old_stps"]), len(lists["ro"]))
		}
		for i := range lists["ro"] {
			at := map[string]any{"old_dirs": lists["old_dirs"][i], "old_stps": lists["old_stps"][i], "ro": lists["ro"][i]}
			m.dirs, m.steps = append(m.dirs, vector(at, "old_dirs")), append(m.steps, vector(at, "old_stps"))
			ro, bad := entryNumber(at, "ro")
			err = firstOf(err, bad)
			m.ro = append(m.ro, ro)
		}
	}
	return func() { keep(o, v, &m) }, err
}
