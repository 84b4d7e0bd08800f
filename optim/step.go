package optim

import (
	"fmt"
	"sync"
)

// stretchLen keeps a task around 50 µs. Sums are taken over stretches of this
// length, so that it is part of the results.
const stretchLen = 32 << 10

// stepping is what a step works with, kept from step to step so that it
// allocates nothing.
type stepping struct {
	tasks   []task
	touched []touched
	views32 [][]float32
	views64 [][]float64
	run     func(i int)
	pool    scratch
}

// touched is a parameter of the step, with its tasks.
type touched struct {
	rule  Rule
	param *Param
	state *State
	first int
	count int
}

// task updates a stretch of a parameter, of one of the two types.
type task struct {
	rule  Updater
	is64  bool
	c32   Cell[float32]
	c64   Cell[float64]
	fused func(Rule, *Cell[float32]) bool
}

func (t *task) update() {
	if t.is64 {
		t.rule.Update64(&t.c64)
		return
	}
	if t.fused == nil || !t.fused(t.rule.(Rule), &t.c32) {
		t.rule.Update32(&t.c32)
	}
}

// Step updates the groups' parameters. Those that lookup does not know, or that
// have no gradient, are skipped.
func (o *Optimizer) Step(lookup func(name string) *Param) error {
	if o.Evaluates() {
		return fmt.Errorf("%s: a step evaluates the model several times and needs a closure", o.name)
	}
	st := &o.step
	st.tasks, st.touched = st.tasks[:0], st.touched[:0]
	st.views32, st.views64 = st.views32[:0], st.views64[:0]
	passes := 1
	for i := range o.groups {
		g := &o.groups[i]
		if p, ok := g.rule.(Passer); ok {
			passes = max(passes, p.Passes())
		}
		for _, name := range g.params {
			p := lookup(name)
			if p == nil || p.Grad.Absent() {
				continue
			}
			if err := o.touch(g, p); err != nil {
				return fmt.Errorf("%s: %s: %w", o.name, name, err)
			}
		}
	}
	if _, ok := o.rule.(Follower); ok {
		o.inOrder()
	} else {
		for pass := range passes {
			o.pass(pass)
		}
	}
	for _, t := range st.touched {
		t.finish()
	}
	return nil
}

// touch prepares a parameter's update.
func (o *Optimizer) touch(g *group, p *Param) error {
	st := &o.step
	if p.Rows == nil && p.Grad.Len() != p.Value.Len() {
		return fmt.Errorf("%d elements and a gradient of %d", p.Value.Len(), p.Grad.Len())
	}
	s, err := o.stateOf(g.rule, p)
	if err != nil {
		return err
	}
	t := touched{rule: g.rule, param: p, state: s, first: len(st.tasks)}
	if err := o.cut(&t); err != nil {
		return err
	}
	s.Step++
	for i := t.first; i < len(st.tasks); i++ {
		st.tasks[i].c32.Step, st.tasks[i].c64.Step = s.Step, s.Step
	}
	t.count = len(st.tasks) - t.first
	st.touched = append(st.touched, t)
	return nil
}

// stateOf finds or makes the state of a parameter, as its group's rule lays it
// out.
func (o *Optimizer) stateOf(r Rule, p *Param) (*State, error) {
	s := o.state[p.Name]
	if s != nil && s.checked == o.grouping {
		return s, nil
	}
	if c, ok := r.(ShapeChecker); ok {
		if err := c.CheckShape(p.Shape); err != nil {
			return nil, err
		}
	}
	l := r.Layout(p.Shape)
	switch {
	case s == nil:
		s = newState(l, p)
		o.state[p.Name] = s
	case !s.matches(l, p.Shape):
		s.adopt(l, p)
	}
	s.Layout.Counter = l.Counter
	s.checked = o.grouping
	return s, nil
}

// cut makes the tasks of a parameter.
func (o *Optimizer) cut(t *touched) error {
	if t.param.Rows != nil || sparseOnly(t.rule) {
		return o.cutRows(t)
	}
	n := t.param.Value.Len()
	if w, ok := t.rule.(Whole); ok && w.Whole() {
		o.add(t, t.param.Grad, span{0, n, 0})
		return nil
	}
	for lo := 0; lo < n; lo += stretchLen {
		o.add(t, t.param.Grad, span{lo, min(lo+stretchLen, n), lo})
	}
	return nil
}

// span is the elements lo … hi−1 of a parameter, whose gradients begin at at.
type span struct{ lo, hi, at int }

// add makes one task.
func (o *Optimizer) add(t *touched, grad Slice, w span) {
	st := &o.step
	st.tasks = append(st.tasks, task{rule: t.rule.(Updater), is64: t.param.Value.F64 != nil, fused: o.Fused})
	k := &st.tasks[len(st.tasks)-1]
	whole := w.hi-w.lo == t.param.Value.Len()
	if k.is64 {
		k.c64 = Cell[float64]{W: t.param.Value.F64[w.lo:w.hi], G: grad.F64[w.at : w.at+w.hi-w.lo], S: t.state.f64}
		if !whole {
			k.c64.S = cutAll(&st.views64, t.state.f64, w)
		}
		k.c64.describe(t, &st.pool)
		return
	}
	k.c32 = Cell[float32]{W: t.param.Value.F32[w.lo:w.hi], G: grad.F32[w.at : w.at+w.hi-w.lo], S: t.state.f32}
	if !whole {
		k.c32.S = cutAll(&st.views32, t.state.f32, w)
	}
	k.c32.describe(t, &st.pool)
}

func (c *Cell[T]) describe(t *touched, pool *scratch) {
	c.Shape, c.Fresh, c.Scalars, c.pool = t.param.Shape, t.state.fresh, t.state.Scalars, pool
}

// cutAll takes the same stretch of all state tensors; the headers come from
// views.
func cutAll[T Float](views *[][]T, all [][]T, w span) [][]T {
	from := len(*views)
	for _, x := range all {
		*views = append(*views, x[w.lo:w.hi])
	}
	return (*views)[from:len(*views):len(*views)]
}

// pass runs all tasks once, and adds their sums up in order.
func (o *Optimizer) pass(pass int) {
	st := &o.step
	for i := range st.tasks {
		st.tasks[i].c32.Pass, st.tasks[i].c64.Pass = pass, pass
	}
	if o.Parallel != nil {
		o.Parallel(len(st.tasks), st.run)
	} else {
		for i := range st.tasks {
			st.tasks[i].update()
		}
	}
	for _, t := range st.touched {
		t.total(st.tasks[t.first : t.first+t.count])
	}
}

// total moves the sums of a parameter's tasks into the totals of each.
func (t *touched) total(tasks []task) {
	var sums [maxSums]float64
	for i := range tasks {
		for k := range sums {
			sums[k] += tasks[i].c32.Sums[k] + tasks[i].c64.Sums[k]
		}
	}
	for i := range tasks {
		c32, c64 := &tasks[i].c32, &tasks[i].c64
		for k, v := range sums {
			c32.Totals[k] += v
			c64.Totals[k] += v
		}
		c32.Sums, c64.Sums = [maxSums]float64{}, [maxSums]float64{}
	}
}

// inOrder runs the tasks of a rule whose parameters depend on those before.
func (o *Optimizer) inOrder() {
	all := o.step.touched
	for i := range all {
		t := &all[i]
		f := t.rule.(Follower)
		if i > 0 && all[i-1].rule == t.rule {
			f.Follow(t.state, all[i-1].state)
		} else {
			o.followGroup(f, t)
		}
		for k := t.first; k < t.first+t.count; k++ {
			o.step.tasks[k].update()
		}
		if a, ok := t.rule.(Advancer); ok {
			a.Advance(t.state)
		}
	}
}

// followGroup shows the first parameter of a step the states of all of its
// group, as the last step left them.
func (o *Optimizer) followGroup(f Follower, t *touched) {
	for i := range o.groups {
		if o.groups[i].rule != t.rule {
			continue
		}
		for _, name := range o.groups[i].params {
			if s := o.state[name]; s != nil && s != t.state {
				f.Follow(t.state, s)
			}
		}
	}
}

// finish advances what the update left alone.
func (t *touched) finish() {
	t.state.fresh = false
	if _, done := t.rule.(Follower); done {
		return
	}
	if a, ok := t.rule.(Advancer); ok {
		a.Advance(t.state)
	}
}

// scratch lends memory to updates that work on whole tensors.
type scratch struct{ f32, f64 sync.Pool }

// Scratch lends n elements of any value until release is called.
func (c *Cell[T]) Scratch(n int) (x []T, release func()) {
	var zero T
	p := &c.pool.f64
	if _, is32 := any(zero).(float32); is32 {
		p = &c.pool.f32
	}
	if had, ok := p.Get().(*[]T); ok && cap(*had) >= n {
		return (*had)[:n], func() { p.Put(had) }
	}
	made := make([]T, n)
	return made, func() { p.Put(&made) }
}
