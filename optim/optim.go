// Package optim has optimizers. Each is one generic update over float32 or
// float64 elements: what the conformance tests replay is what training runs.
// State is keyed by the parameter's name, so that parameters may join, leave
// and change groups without losing it.
package optim

import (
	"fmt"
	"slices"
)

// Slice is the elements of a parameter, a gradient or a state: one of the two,
// or neither where there is none.
type Slice struct {
	F32 []float32
	F64 []float64
}

// Len is the number of elements.
func (s Slice) Len() int { return max(len(s.F32), len(s.F64)) }

// Absent tells a slice that holds nothing and stands for no gradient.
func (s Slice) Absent() bool { return s.F32 == nil && s.F64 == nil }

// like makes zeros of s's type and length.
func (s Slice) like() Slice {
	if s.F64 != nil {
		return Slice{F64: make([]float64, len(s.F64))}
	}
	return Slice{F32: make([]float32, len(s.F32))}
}

// Param is a parameter as an optimizer sees it. Shape is its sizes, outermost
// first. Without a gradient it is skipped and its step counter stays.
type Param struct {
	Name        string
	Shape       []int
	Value, Grad Slice
}

// Rule is an optimizer's options and update. A Rule is a struct value whose
// exported fields carry json names; those of one group share it.
type Rule interface {
	// Check refuses options outside their ranges, with torch's texts.
	Check() error
	// Slots names the state tensors of a parameter, each of its shape.
	Slots() []string
	// WithLR and WithMomentum replace what LR schedulers change: the learning
	// rate, and the momentum or first beta (a Rule without either returns
	// itself).
	WithLR(lr float64) Rule
	WithMomentum(m float64) Rule
	// update32 and update64 update the elements of one stretch of a parameter;
	// t counts the parameter's steps from 1.
	update32(w, g []float32, slots [][]float32, t int)
	update64(w, g []float64, slots [][]float64, t int)
}

// State is what an optimizer remembers of a parameter.
type State struct {
	Step  int
	Slots []Slice
}

// Group is parameters that share options.
type Group struct {
	Params []string
	Rule   Rule
}

// Optimizer updates parameters, group by group.
type Optimizer struct {
	// Parallel runs f for 0 … n−1 on several threads; nil runs it serially. The
	// results do not depend on it.
	Parallel func(n int, f func(i int))

	name   string
	rule   Rule
	groups []Group
	state  map[string]*State
	tasks  []stretch
	run    func(i int)
}

// stretch is a part of a parameter's elements that one task updates.
type stretch struct {
	rule   Rule
	param  *Param
	state  *State
	lo, hi int
}

// stretchLen keeps a task around 50 µs.
const stretchLen = 32 << 10

// NewOptimizer makes an optimizer of a rule; name is what messages call it.
func NewOptimizer(name string, r Rule) (*Optimizer, error) {
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	o := &Optimizer{name: name, rule: r, state: map[string]*State{}}
	o.run = func(i int) { o.tasks[i].update() }
	return o, nil
}

// Name is the optimizer's canonical name.
func (o *Optimizer) Name() string { return o.name }

// Rule is the options of a group that sets none.
func (o *Optimizer) Rule() Rule { return o.rule }

// Groups are the groups in order.
func (o *Optimizer) Groups() []Group { return o.groups }

// SetGroups replaces the groups. State of the parameters that stay is kept,
// that of the others is kept too until Forget.
func (o *Optimizer) SetGroups(gs []Group) error {
	owner := map[string]int{}
	for i, g := range gs {
		if err := g.Rule.Check(); err != nil {
			return fmt.Errorf("%s: group %d: %w", o.name, i, err)
		}
		for _, p := range g.Params {
			if j, taken := owner[p]; taken {
				return fmt.Errorf("%s: some parameters appear in more than one parameter group: %s in %d and %d", o.name, p, j, i)
			}
			owner[p] = i
		}
	}
	o.groups = slices.Clone(gs)
	return nil
}

// SetRate sets a group's learning rate.
func (o *Optimizer) SetRate(group int, lr float64) {
	o.groups[group].Rule = o.groups[group].Rule.WithLR(lr)
}

// SetMomentum sets a group's momentum, or first beta.
func (o *Optimizer) SetMomentum(group int, m float64) {
	o.groups[group].Rule = o.groups[group].Rule.WithMomentum(m)
}

// Forget drops the state of all parameters.
func (o *Optimizer) Forget() { clear(o.state) }

// Step updates the groups' parameters. Those that lookup does not know, or that
// have no gradient, are skipped.
func (o *Optimizer) Step(lookup func(name string) *Param) error {
	o.tasks = o.tasks[:0]
	for _, g := range o.groups {
		for _, name := range g.Params {
			p := lookup(name)
			if p == nil || p.Grad.Absent() {
				continue
			}
			if p.Grad.Len() != p.Value.Len() {
				return fmt.Errorf("%s: %s has %d elements and a gradient of %d", o.name, name, p.Value.Len(), p.Grad.Len())
			}
			s := o.stateOf(g.Rule, p)
			s.Step++
			for lo := 0; lo < p.Value.Len(); lo += stretchLen {
				o.tasks = append(o.tasks, stretch{g.Rule, p, s, lo, min(lo+stretchLen, p.Value.Len())})
			}
		}
	}
	if o.Parallel != nil {
		o.Parallel(len(o.tasks), o.run)
		return nil
	}
	for i := range o.tasks {
		o.tasks[i].update()
	}
	return nil
}

// stateOf finds or makes the state of a parameter.
func (o *Optimizer) stateOf(r Rule, p *Param) *State {
	s := o.state[p.Name]
	if s == nil {
		s = &State{}
		for range r.Slots() {
			s.Slots = append(s.Slots, p.Value.like())
		}
		o.state[p.Name] = s
	}
	return s
}

// maxSlots is the most state tensors that a rule has.
const maxSlots = 4

func (s *stretch) update() {
	if s.param.Value.F64 != nil {
		var slots [maxSlots][]float64
		for i, x := range s.state.Slots {
			slots[i] = x.F64[s.lo:s.hi]
		}
		s.rule.update64(s.param.Value.F64[s.lo:s.hi], s.param.Grad.F64[s.lo:s.hi], slots[:len(s.state.Slots)], s.state.Step)
		return
	}
	var slots [maxSlots][]float32
	for i, x := range s.state.Slots {
		slots[i] = x.F32[s.lo:s.hi]
	}
	s.rule.update32(s.param.Value.F32[s.lo:s.hi], s.param.Grad.F32[s.lo:s.hi], slots[:len(s.state.Slots)], s.state.Step)
}

// States are the parameters' states by name, for checkpoints. They must not be
// changed.
func (o *Optimizer) States() map[string]*State { return o.state }

// SetState replaces a parameter's state, as a checkpoint holds it.
func (o *Optimizer) SetState(name string, s *State) error {
	if want := len(o.rule.Slots()); len(s.Slots) != want {
		return fmt.Errorf("%s: state of %s has %d tensors, expected %d", o.name, name, len(s.Slots), want)
	}
	o.state[name] = s
	return nil
}

// element is what updates are generic over.
type element interface{ ~float32 | ~float64 }
