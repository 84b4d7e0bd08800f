package optim_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/rng"
)

// TestEngineKernelsUpdateAsRulesDo: with every engine path and any number of
// threads, as without an engine.
func TestEngineKernelsUpdateAsRulesDo(t *testing.T) {
	adam, sgd := optim.DefaultAdam(), optim.DefaultSGD()
	adam.WeightDecay, sgd.WeightDecay, sgd.LR = 0.1, 0.1, 0.01
	largest, ascending, momentum, nesterov, damped := adam, adam, sgd, sgd, sgd
	largest.AMSGrad, ascending.Maximize, ascending.Decoupled = true, true, true
	momentum.Momentum, nesterov.Momentum, nesterov.Nesterov = 0.9, 0.9, true
	damped.Momentum, damped.Dampening, damped.Maximize = 0.9, 0.3, true
	for _, rule := range []optim.Rule{adam, largest, ascending, optim.DefaultAdamW(), sgd, momentum, nesterov, damped} {
		want := updated(t, rule, nil)
		for _, path := range native.Paths() {
			var first []float32
			for threads := range 3 {
				e, err := native.New(native.Options{CPU: path, Threads: threads + 1})
				if err != nil {
					t.Fatal(err)
				}
				used := 0
				o := func(o *optim.Optimizer) {
					o.UseEngine(e)
					if f := o.Fused; f != nil {
						o.Parallel = nil // so that used may be counted
						if threads > 0 {
							o.Parallel = e.Parallel
							return
						}
						o.Fused = func(r optim.Rule, c *optim.Cell[float32]) bool {
							done := f(r, c)
							if done {
								used++
							}
							return done
						}
					}
				}
				got := updated(t, rule, o)
				e.Close()
				name := fmt.Sprintf("%+v on %s", rule, path)
				if threads == 0 && (used > 0) != (path != "generic") {
					t.Errorf("%s: the kernels updated %d stretches", name, used)
				}
				if first == nil {
					first = got
				}
				for i := range got {
					if got[i] != first[i] {
						t.Fatalf("%s: element %d is %v with %d threads, %v with one", name, i, got[i], threads+1, first[i])
					}
					if math.Abs(float64(got[i]-want[i])) > 2e-6*(1+math.Abs(float64(want[i]))) {
						t.Fatalf("%s: element %d is %v, not %v", name, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// updated are two parameters, one of several stretches, after three steps.
func updated(t *testing.T, r optim.Rule, set func(*optim.Optimizer)) (out []float32) {
	t.Helper()
	o, err := optim.NewOptimizer("test", r)
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(o)
	}
	params := map[string]*optim.Param{}
	s := rng.New(5)
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(s.Normal())
		}
		return x
	}
	names, sizes := []string{"large", "small"}, []int{70_001, 5}
	for i, name := range names {
		params[name] = &optim.Param{Name: name, Shape: sizes[i : i+1], Value: optim.Slice{F32: draw(sizes[i])}}
	}
	if err := o.SetGroups([]optim.Group{{Params: names, Rule: r}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, name := range names {
			params[name].Grad = optim.Slice{F32: draw(params[name].Value.Len())}
		}
		if err := o.Step(func(name string) *optim.Param { return params[name] }); err != nil {
			t.Fatal(err)
		}
	}
	return append(params["large"].Value.F32, params["small"].Value.F32...)
}

// TestStepOnEngineAllocatesLittle, however many stretches there are.
func TestStepOnEngineAllocatesLittle(t *testing.T) {
	e, err := native.New(native.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := optim.DefaultAdamW()
	o, err := optim.NewOptimizer("test", r)
	if err != nil {
		t.Fatal(err)
	}
	o.UseEngine(e)
	p := &optim.Param{Name: "w", Shape: []int{1 << 21}, Value: optim.Slice{F32: make([]float32, 1<<21)}, Grad: optim.Slice{F32: make([]float32, 1<<21)}}
	if err := o.SetGroups([]optim.Group{{Params: []string{"w"}, Rule: r}}); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(5, func() {
		if err := o.Step(func(string) *optim.Param { return p }); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 4 {
		t.Errorf("%v allocations in a step", allocs)
	}
}
