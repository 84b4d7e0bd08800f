package conformance

import (
	"fmt"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
)

// optimizers is the catalog that all replays take optimizers from.
var optimizers = optim.Builtin()

// optimizerScene is an optimizer and the parameters that it trains, p0, p1, ….
type optimizerScene struct {
	o      *optim.Optimizer
	params []*optim.Param
}

func newOptimizerScene(t *testing.T, name string, args arguments, shapes [][]int, init []numbers) *optimizerScene {
	t.Helper()
	o, err := optim.Make(optimizers, registry.Spec{Name: name, Args: registry.Args(args)})
	if err != nil {
		t.Fatal(err)
	}
	s := &optimizerScene{o: o}
	for i, w := range init {
		s.params = append(s.params, &optim.Param{
			Name: paramName(i), Shape: shapes[i], Value: optim.Slice{F64: slices.Clone([]float64(w))},
		})
	}
	return s
}

func paramName(i int) string { return fmt.Sprintf("p%d", i) }

// group adds a group of the parameters with those indices.
func (s *optimizerScene) group(t *testing.T, overrides arguments, params ...int) {
	t.Helper()
	r, err := optim.Bind(s.o.Name(), s.o.Rule(), registry.Args(overrides))
	if err != nil {
		t.Fatal(err)
	}
	g := optim.Group{Rule: r}
	for _, i := range params {
		g.Params = append(g.Params, paramName(i))
	}
	if err := s.o.AddGroup(g); err != nil {
		t.Fatal(err)
	}
}

func (s *optimizerScene) lookup(name string) *optim.Param {
	for _, p := range s.params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (s *optimizerScene) step(t *testing.T) {
	t.Helper()
	if err := s.o.Step(s.lookup); err != nil {
		t.Fatal(err)
	}
}

// values are the elements of parameter i now.
func (s *optimizerScene) values(i int) []float64 { return slices.Clone(s.params[i].Value.F64) }

// compareState compares the state of the parameters with torch's names for it.
func (s *optimizerScene) compareState(t *testing.T, tol tolerance, want []map[string]numbers) {
	t.Helper()
	for i, w := range want {
		st := s.o.States()[paramName(i)]
		if st == nil {
			if len(w) > 0 {
				t.Errorf("%s has no state, want %d entries", paramName(i), len(w))
			}
			continue
		}
		got := map[string][]float64{}
		if st.Layout.Counter != optim.Uncounted {
			got["step"] = []float64{float64(st.Step)}
		}
		for k, x := range st.Layout.Tensors {
			got[x.Name] = st.Tensors[k].F64
		}
		for k, x := range st.Layout.Scalars {
			got[x.Name] = []float64{st.Scalars[k]}
		}
		if len(got) != len(w) {
			t.Errorf("%s has %d state entries, want %d", paramName(i), len(got), len(w))
		}
		for name, values := range w {
			tol.compare(t, paramName(i)+"'s "+name, got[name], values)
		}
	}
}
