package optim

import "slices"

// Layout describes a parameter's state.
type Layout struct {
	Tensors []Tensor
	Scalars []Scalar
	// Counter says how torch's state dict holds the number of steps.
	Counter Counter
}

// Tensor is a state tensor: by default of the parameter's shape, and zero.
type Tensor struct {
	Name string
	// Shape, if not nil, is another shape than the parameter's.
	Shape []int
	// Fill is what all elements start as; Copy starts as the parameter.
	Fill float64
	Copy bool
}

// Scalar is a state number and what it starts as.
type Scalar struct {
	Name string
	Init float64
}

// Counter is a form of the step counter in a state dict.
type Counter int

// CountTensor is a tensor of one float, CountInt a number, Uncounted leaves it
// out.
const (
	CountTensor Counter = iota
	CountInt
	Uncounted
)

// tensors is the layout of zero tensors of the parameter's shape.
func tensors(names ...string) Layout {
	var l Layout
	for _, n := range names {
		l.Tensors = append(l.Tensors, Tensor{Name: n})
	}
	return l
}

// with adds a tensor if wanted.
func (l Layout) with(wanted bool, t Tensor) Layout {
	if wanted {
		l.Tensors = append(l.Tensors, t)
	}
	return l
}

// Len is the number of elements of all tensors, for a parameter of that shape.
func (l Layout) Len(shape []int) int {
	n := 0
	for _, t := range l.Tensors {
		if t.Shape != nil {
			n += size(t.Shape)
		} else {
			n += size(shape)
		}
	}
	return n
}

// Shape is that of a tensor of a parameter of the given shape; nil if the layout
// has no such tensor.
func (l Layout) Shape(tensor string, shape []int) []int {
	for _, t := range l.Tensors {
		if t.Name == tensor && t.Shape != nil {
			return t.Shape
		}
		if t.Name == tensor {
			return shape
		}
	}
	return nil
}

// State is what an optimizer remembers of a parameter.
type State struct {
	// Step counts the updates.
	Step int
	// Layout names Tensors and Scalars, in their order; every tensor's shape is
	// filled in.
	Layout  Layout
	Tensors []Slice
	Scalars []float64

	// fresh until the first update with these tensors; checked is the
	// optimizer's grouping that the layout was compared with.
	fresh   bool
	checked int
	// f32 and f64 are the tensors as updates want them.
	f32 [][]float32
	f64 [][]float64
}

// newState makes a parameter's state.
func newState(l Layout, p *Param) *State {
	s := &State{fresh: true}
	s.adopt(l, p)
	return s
}

// adopt brings the state to a layout: what has the same name and shape stays,
// the rest is made anew.
func (s *State) adopt(l Layout, p *Param) {
	old := *s
	l.Tensors = slices.Clone(l.Tensors)
	s.Layout, s.Tensors, s.Scalars = l, nil, nil
	for i := range l.Tensors {
		t := &l.Tensors[i]
		if t.Shape == nil {
			t.Shape = p.Shape
		}
		x, had := old.tensor(t.Name, t.Shape)
		if !had {
			s.fresh = true
			x = p.Value.zeros(size(t.Shape))
			fill(x, *t, p.Value)
		}
		s.Tensors = append(s.Tensors, x)
	}
	for _, c := range l.Scalars {
		v, had := old.scalar(c.Name)
		if !had {
			v = c.Init
		}
		s.Scalars = append(s.Scalars, v)
	}
	s.bind()
}

// bind makes the views of the tensors.
func (s *State) bind() {
	s.f32, s.f64 = nil, nil
	for _, x := range s.Tensors {
		if x.F64 != nil {
			s.f64 = append(s.f64, x.F64)
		} else {
			s.f32 = append(s.f32, x.F32)
		}
	}
}

func fill(x Slice, t Tensor, value Slice) {
	if t.Copy {
		copy(x.F32, value.F32)
		copy(x.F64, value.F64)
		return
	}
	if t.Fill == 0 {
		return
	}
	for i := range x.Len() {
		x.Set(i, t.Fill)
	}
}

func (s *State) tensor(name string, shape []int) (Slice, bool) {
	for i, t := range s.Layout.Tensors {
		if t.Name == name && slices.Equal(t.Shape, shape) {
			return s.Tensors[i], true
		}
	}
	return Slice{}, false
}

func (s *State) scalar(name string) (float64, bool) {
	for i, c := range s.Layout.Scalars {
		if c.Name == name {
			return s.Scalars[i], true
		}
	}
	return 0, false
}

// matches tells a state that a layout describes as it is.
func (s *State) matches(l Layout, shape []int) bool {
	if len(l.Tensors) != len(s.Layout.Tensors) || len(l.Scalars) != len(s.Layout.Scalars) {
		return false
	}
	for i, t := range l.Tensors {
		want := t.Shape
		if want == nil {
			want = shape
		}
		if has := s.Layout.Tensors[i]; has.Name != t.Name || !slices.Equal(has.Shape, want) {
			return false
		}
	}
	for i, c := range l.Scalars {
		if s.Layout.Scalars[i].Name != c.Name {
			return false
		}
	}
	return true
}
