package optim_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/rng"
)

// signed are the rules that are not continuous in the gradient, with what keeps
// them so on the way: where a last bit decides, float64 is as arbitrary.
var signed = map[string]string{
	"Rprop": "moves by the gradients' signs: none changes here",
}

// steadied are rules whose default options make them ill-conditioned on the
// problem, with options that do not.
var steadied = map[string]optim.Args{
	// The smallest eigenvalue of a preconditioner is epsilon for as long as there
	// are fewer gradients than rows; float32 sums cannot hold it beside the large
	// ones.
	"Shampoo": {"epsilon": 1e3},
}

// variants are further options that change what an update computes.
var variants = map[string][]optim.Args{
	"SGD":      {{"momentum": 0.9}, {"momentum": 0.9, "nesterov": true, "weight_decay": 0.1}, {"momentum": 0.9, "dampening": 0.5}},
	"Adam":     {{"amsgrad": true, "weight_decay": 0.1}, {"decoupled_weight_decay": true, "weight_decay": 0.1}},
	"AdamW":    {{"amsgrad": true}},
	"RMSprop":  {{"centered": true, "momentum": 0.9}},
	"ASGD":     {{"t0": 10, "lambd": 0.01}},
	"NAdam":    {{"decoupled_weight_decay": true, "weight_decay": 0.1}},
	"LBFGS":    {{"line_search_fn": "strong_wolfe"}},
	"Muon":     {{"adjust_lr_fn": "match_rms_adamw"}},
	"Adagrad":  {{"initial_accumulator_value": 0.1, "lr_decay": 0.01}},
	"Adadelta": {{"weight_decay": 0.1}},
}

// bowl is the problem ½Σa(w−c)² whose optimum c is well beyond what 100 steps
// reach, so that no gradient changes its sign or nears zero.
type bowl struct{ w, a, c []float64 }

func newBowl(n int) bowl {
	s := rng.New(11)
	b := bowl{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range n {
		side := float64(1 - 2*(i%2))
		b.w[i] = float64(float32(side * (1 + s.Float64())))
		b.a[i] = 0.5 + s.Float64()
		b.c[i] = side * (30 + 10*s.Float64())
	}
	return b
}

// descend makes 100 steps in float32 or float64 on an engine.
func (b bowl) descend(t *testing.T, name string, args optim.Args, e engine.Engine, wide bool) []float64 {
	t.Helper()
	o, err := optim.Make(optim.Builtin(), optim.Named(name, args))
	if err != nil {
		t.Fatal(err)
	}
	o.UseEngine(e)
	if err := o.SetGroups([]optim.Group{{Params: []string{"w"}, Rule: o.Rule()}}); err != nil {
		t.Fatal(err)
	}
	n := len(b.w)
	p := &optim.Param{Name: "w", Shape: []int{n / 4, 4}}
	grad := &p.Grad
	if wide {
		p.Value.F64, grad.F64 = make([]float64, n), make([]float64, n)
	} else {
		p.Value.F32, grad.F32 = make([]float32, n), make([]float32, n)
	}
	for i, w := range b.w {
		p.Value.Set(i, w)
	}
	if s, ok := o.Rule().(optim.Sparse); ok {
		if how, err := s.Sparse(); err == nil && how == optim.RowsOnly {
			for r := range p.Shape[0] {
				p.Rows = append(p.Rows, r)
			}
		}
	}
	for range 100 {
		_, err := o.StepClosure(func(string) *optim.Param { return p }, func() (loss float64, err error) {
			for i := range n {
				off := p.Value.At(i) - b.c[i]
				loss += 0.5 * b.a[i] * off * off
				grad.Set(i, b.a[i]*off)
			}
			return loss, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = p.Value.At(i)
	}
	return out
}

// TestFloat32FollowsFloat64: over 100 steps the weights of every optimizer stay
// within 1e-5 of those of float64, relatively, on every engine.
func TestFloat32FollowsFloat64(t *testing.T) {
	engines := []engine.Engine{reference.New(reference.Options{})}
	for _, path := range native.Paths() {
		e, err := native.New(native.Options{CPU: path, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		engines = append(engines, e)
	}
	b := newBowl(96)
	for _, entry := range optim.Builtin().Entries() {
		if entry.Value.Default == nil {
			continue // a recipe chooses one of the others
		}
		for _, args := range append([]optim.Args{steadied[entry.Name]}, variants[entry.Name]...) {
			t.Run(fmt.Sprint(entry.Name, args), func(t *testing.T) { b.compare(t, entry.Name, args, engines) })
		}
	}
}

// compare descends in float32 on every engine, and in float64.
func (b bowl) compare(t *testing.T, name string, args optim.Args, engines []engine.Engine) {
	want := b.descend(t, name, args, engines[0], true)
	moved := 0.0
	for i, w := range b.w {
		moved = max(moved, math.Abs(want[i]-w))
	}
	if moved < 1e-3 {
		t.Fatalf("100 steps move the weights by %g: they prove nothing", moved)
	}
	for _, e := range engines {
		got := b.descend(t, name, args, e, false)
		most := 0.0
		for i := range got {
			most = max(most, math.Abs(got[i]-want[i])/math.Abs(want[i]))
		}
		if !(most <= 1e-5) {
			t.Errorf("on %s (%s) float32 is %g off; %s", e.Name(), e.Path(), most, signed[name])
		}
	}
}
