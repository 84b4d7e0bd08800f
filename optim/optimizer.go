package optim

import (
	"fmt"
	"maps"

	"github.com/thaw-go/thaw/registry"
)

// Group is parameters that share options.
type Group struct {
	Params []string
	Rule   Rule
	// Extra are entries of a state dict's group that are no options of the rule
	// (initial_lr, foreach, …): kept for the next one, and without effect.
	Extra registry.Args
}

// Optimizer updates parameters, group by group.
type Optimizer struct {
	// Parallel runs f for 0 … n−1 on several threads; nil runs it serially. The
	// results do not depend on it.
	Parallel func(n int, f func(i int))
	// Fused, if not nil, is offered every stretch first; it returns true where it
	// did what the rule's Update32 does. The rule is a pointer to its struct.
	Fused func(r Rule, c *Cell[float32]) bool

	name string
	rule Rule
	// switches are torch's arguments that choose an implementation, as given.
	switches registry.Args
	groups   []group
	state    map[string]*State
	// grouping counts the changes of groups, after which layouts are compared.
	grouping int
	step     stepping
}

// group is a Group whose rule is this optimizer's own, reached by pointer so
// that a change of the learning rate allocates nothing.
type group struct {
	params []string
	// repeated are those that were listed more than once.
	repeated     []string
	rule         Rule
	extra        registry.Args
	lr, momentum *float64
}

// NewOptimizer makes an optimizer of a rule; name is what messages call it.
func NewOptimizer(name string, r Rule) (*Optimizer, error) {
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o := &Optimizer{name: name, rule: own(r), state: map[string]*State{}}
	o.step.run = func(i int) { o.step.tasks[i].update() }
	_, updates := o.rule.(Updater)
	if _, evaluates := o.rule.(*LBFGS); !updates && !evaluates {
		return nil, fmt.Errorf("%s: the rule %T has no update", name, r)
	}
	return o, nil
}

// Name is the optimizer's canonical name.
func (o *Optimizer) Name() string { return o.name }

// Rule is the options of a group that sets none.
func (o *Optimizer) Rule() Rule { return value(o.rule) }

// Groups are the groups in order, with their present options.
func (o *Optimizer) Groups() []Group {
	out := make([]Group, len(o.groups))
	for i, g := range o.groups {
		out[i] = Group{g.params, value(g.rule), g.extra}
	}
	return out
}

// SetGroups replaces the groups, of which there must be one. A parameter is in
// one group; where that lists it more than once it counts once (see Remarks).
// State of the parameters that stay is kept, that of the others is kept too
// until Forget.
func (o *Optimizer) SetGroups(gs []Group) error {
	if len(gs) == 0 {
		return fmt.Errorf("%s: optimizer got an empty parameter list", o.name)
	}
	owner := map[string]int{}
	made := make([]group, 0, len(gs))
	for i, g := range gs {
		if err := g.Rule.Check(); err != nil {
			return fmt.Errorf("%s: group %d: %w", o.name, i, err)
		}
		for _, p := range g.Params {
			if j, taken := owner[p]; taken && j != i {
				return fmt.Errorf("%s: some parameters appear in more than one parameter group: %s in %d and %d", o.name, p, j, i)
			}
			owner[p] = i
		}
		made = append(made, o.group(g))
	}
	if o.Evaluates() && len(made) > 1 {
		return fmt.Errorf("%s doesn't support per-parameter options (parameter groups)", o.name)
	}
	o.groups = made
	o.grouping++
	return nil
}

// AddGroup adds a group, as torch's add_param_group does.
func (o *Optimizer) AddGroup(g Group) error { return o.SetGroups(append(o.Groups(), g)) }

func (o *Optimizer) group(g Group) group {
	made := group{rule: own(g.Rule), extra: maps.Clone(g.Extra)}
	seen := map[string]bool{}
	for _, p := range g.Params {
		if seen[p] {
			made.repeated = append(made.repeated, p)
			continue
		}
		seen[p] = true
		made.params = append(made.params, p)
	}
	keepFixed(made.rule, o.rule)
	made.lr, made.momentum = knobs(made.rule)
	return made
}

// SetRate sets a group's learning rate.
func (o *Optimizer) SetRate(group int, lr float64) {
	if p := o.groups[group].lr; p != nil {
		*p = lr
	}
}

// SetMomentum sets a group's momentum, or first beta; a rule without either
// takes no notice.
func (o *Optimizer) SetMomentum(group int, m float64) {
	p := o.groups[group].momentum
	if p == nil {
		return
	}
	if (*p == 0) != (m == 0) {
		o.grouping++ // momentum buffers come and go
	}
	*p = m
}

// Forget drops the state of all parameters.
func (o *Optimizer) Forget() {
	clear(o.state)
}

// States are the parameters' states by name, for checkpoints. They must not be
// changed.
func (o *Optimizer) States() map[string]*State { return o.state }

// SetState replaces a parameter's state, as a checkpoint holds it: Step, Layout
// with shapes, Tensors and Scalars.
func (o *Optimizer) SetState(name string, s *State) error {
	if len(s.Tensors) != len(s.Layout.Tensors) || len(s.Scalars) != len(s.Layout.Scalars) {
		return fmt.Errorf("%s: state of %s has %d tensors and %d numbers, its layout %d and %d", o.name, name,
			len(s.Tensors), len(s.Scalars), len(s.Layout.Tensors), len(s.Layout.Scalars))
	}
	for i, t := range s.Layout.Tensors {
		if s.Tensors[i].Len() != size(t.Shape) {
			return fmt.Errorf("%s: %s of %s has %d elements, its shape is %v", o.name, t.Name, name, s.Tensors[i].Len(), t.Shape)
		}
	}
	s.bind()
	s.checked = -1
	o.state[name] = s
	return nil
}
