package optim

import (
	"fmt"
	"strconv"
)

// Evaluates tells that a step evaluates the model itself, so that it has to be a
// StepClosure.
func (o *Optimizer) Evaluates() bool {
	_, ok := o.rule.(*LBFGS)
	return ok
}

// StepClosure is a step of an optimizer that evaluates the model itself: closure
// computes the loss and leaves the gradients in the parameters. It returns the
// loss of the first evaluation. Other optimizers than LBFGS evaluate once, then
// Step.
func (o *Optimizer) StepClosure(lookup func(name string) *Param, closure func() (float64, error)) (float64, error) {
	if !o.Evaluates() {
		loss, err := closure()
		if err != nil {
			return 0, err
		}
		return loss, o.Step(lookup)
	}
	var ps []*Param
	for _, g := range o.groups {
		for _, name := range g.params {
			if p := lookup(name); p != nil {
				ps = append(ps, p)
			}
		}
	}
	if len(ps) == 0 {
		return closure()
	}
	var loss float64
	var err error
	if ps[0].Value.F64 != nil {
		loss, err = lbfgsStep(o, flat64(ps), closure)
	} else {
		loss, err = lbfgsStep(o, flat32(ps), closure)
	}
	if err != nil {
		return loss, fmt.Errorf("%s: %w", o.name, err)
	}
	return loss, nil
}

// flat is parameters as one vector.
type flat[T Float] struct {
	params []*Param
	of     func(Slice) []T
}

func flat32(ps []*Param) flat[float32] {
	return flat[float32]{ps, func(s Slice) []float32 { return s.F32 }}
}

func flat64(ps []*Param) flat[float64] {
	return flat[float64]{ps, func(s Slice) []float64 { return s.F64 }}
}

// each calls f for every parameter with its elements and where they begin.
func (v flat[T]) each(f func(p *Param, w []T, at int)) {
	at := 0
	for _, p := range v.params {
		w := v.of(p.Value)
		f(p, w, at)
		at += len(w)
	}
}

func (v flat[T]) weights() []T {
	var out []T
	v.each(func(_ *Param, w []T, _ int) { out = append(out, w...) })
	return out
}

func (v flat[T]) put(x []T) {
	v.each(func(_ *Param, w []T, at int) { copy(w, x[at:]) })
}

func (v flat[T]) move(t float64, d []T) {
	v.each(func(_ *Param, w []T, at int) { addScaled(w, d[at:][:len(w)], t) })
}

// gradient gathers the gradients, zero where there is none, times a sign.
func (v flat[T]) gradient(out []T, sign T) error {
	var err error
	v.each(func(p *Param, w []T, at int) {
		g := p.Grad
		if p.Rows != nil && !g.Absent() {
			width, bad := rowWidth(p)
			if bad != nil {
				err = fmt.Errorf("%s: %w", p.Name, bad)
				return
			}
			g = scatter(p, width)
		}
		clear(out[at:][:len(w)])
		for i, x := range v.of(g) {
			out[at+i] = sign * x
		}
	})
	return err
}

func lbfgsStep[T Float](o *Optimizer, v flat[T], closure func() (float64, error)) (float64, error) {
	rule := o.groups[0].rule.(*LBFGS)
	sign := signed[T](rule.Maximize)
	g := make([]T, len(v.weights()))
	r := &lbfgsRun[T]{LBFGS: rule, lbfgsMemory: recall(o, v), move: v.move, put: v.put, weights: v.weights}
	r.at = func() (float64, []T, error) {
		loss, err := closure()
		if err == nil {
			err = v.gradient(g, sign)
		}
		return loss * float64(sign), g, err
	}
	loss, err := r.step()
	keep(o, v, &r.lbfgsMemory)
	return loss * float64(sign), err
}

// The tensors of a parameter's state are its parts of d, the previous gradient,
// and the changes; the numbers stand with the first parameter.
func historyTensors(i int) []Tensor {
	return []Tensor{{Name: "old_dirs." + strconv.Itoa(i)}, {Name: "old_stps." + strconv.Itoa(i)}}
}

var lbfgsScalars = []string{"func_evals", "n_iter", "t", "H_diag", "prev_loss"}

// keep stores the memory as the state of the parameters.
func keep[T Float](o *Optimizer, v flat[T], m *lbfgsMemory[T]) {
	steps := 1
	if s := o.state[v.params[0].Name]; s != nil {
		steps += s.Step
	}
	clear(o.state)
	names := []string{"d", "prev_flat_grad"}
	vectors := [][]T{m.d, m.prev}
	for i := range m.dirs {
		for k, t := range historyTensors(i) {
			names = append(names, t.Name)
			vectors = append(vectors, [][]T{m.dirs[i], m.steps[i]}[k])
		}
	}
	v.each(func(p *Param, w []T, at int) {
		s := &State{Step: steps, Layout: Layout{Counter: Uncounted}}
		for i, x := range vectors {
			if x != nil {
				s.Layout.Tensors = append(s.Layout.Tensors, Tensor{Name: names[i], Shape: p.Shape})
				s.Tensors = append(s.Tensors, sliceOf(x[at:][:len(w)]))
			}
		}
		o.state[p.Name] = s
	})
	s := o.state[v.params[0].Name]
	for i, x := range []float64{float64(m.evaluated), float64(m.iterations), m.t, m.scale, m.previously} {
		s.add(lbfgsScalars[i], x)
	}
	for i := range m.dirs {
		s.add("ro."+strconv.Itoa(i), m.ro[i])
	}
	for i, x := range m.al {
		s.add("al."+strconv.Itoa(i), x)
	}
}

func (s *State) add(name string, v float64) {
	s.Layout.Scalars = append(s.Layout.Scalars, Scalar{Name: name})
	s.Scalars = append(s.Scalars, v)
}

func sliceOf[T Float](x []T) Slice {
	switch x := any(x).(type) {
	case []float32:
		return Slice{F32: x}
	case []float64:
		return Slice{F64: x}
	}
	panic("optim: elements of another type than float32 and float64")
}

// recall is the memory of the last step, or none if it was of other parameters.
func recall[T Float](o *Optimizer, v flat[T]) (m lbfgsMemory[T]) {
	first := o.state[v.params[0].Name]
	if first == nil || len(o.state) != len(v.params) {
		return m
	}
	numbers := make([]float64, len(lbfgsScalars))
	for i, name := range lbfgsScalars {
		numbers[i], _ = first.scalar(name)
	}
	loaded := lbfgsMemory[T]{evaluated: int(numbers[0]), iterations: int(numbers[1]), t: numbers[2], scale: numbers[3], previously: numbers[4]}
	ok := true
	gather := func(name string) []T {
		var out []T
		v.each(func(p *Param, _ []T, _ int) {
			s := o.state[p.Name]
			if s == nil {
				ok = false
				return
			}
			x, has := s.tensor(name, p.Shape)
			ok = ok && has
			out = append(out, v.of(x)...)
		})
		return out
	}
	if loaded.iterations > 0 {
		loaded.d, loaded.prev = gather("d"), gather("prev_flat_grad")
	}
	for i := 0; ; i++ {
		ro, has := first.scalar("ro." + strconv.Itoa(i))
		if !has {
			break
		}
		ts := historyTensors(i)
		loaded.dirs, loaded.steps = append(loaded.dirs, gather(ts[0].Name)), append(loaded.steps, gather(ts[1].Name))
		loaded.ro = append(loaded.ro, ro)
	}
	if !ok {
		return m
	}
	return loaded
}
