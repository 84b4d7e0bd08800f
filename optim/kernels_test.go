package optim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/rng"
)

// kernelRules are the rules that engines have kernels for, with every option
// that these know.
func kernelRules() []optim.Rule {
	sgd, momentum, nesterov, damped := optim.DefaultSGD(), optim.DefaultSGD(), optim.DefaultSGD(), optim.DefaultSGD()
	sgd.WeightDecay, sgd.Maximize = 0.1, true
	momentum.Momentum, damped.Momentum, damped.Dampening = 0.9, 0.9, 0.3
	nesterov.Momentum, nesterov.Nesterov, nesterov.WeightDecay = 0.9, true, 0.01
	adam, largest, adamw := optim.DefaultAdam(), optim.DefaultAdam(), optim.DefaultAdamW()
	largest.AMSGrad, largest.WeightDecay, largest.Eps = true, 0.1, 0.5
	adamw.Maximize, adamw.Betas = true, [2]float64{0.6, 0.5}
	return []optim.Rule{&sgd, &momentum, &nesterov, &damped, &adam, &largest, &adamw}
}

// lastBits is 1e-6, relatively: kernels multiply and add in one rounding, and
// multiply by what the rule divides by.
const lastBits = 8

// TestKernelsAreRulesToTheLastBits: at every length, one update by a kernel
// differs from the rule's by at most lastBits units in the last place, in weights
// and state, and is finite where the rule's is.
func TestKernelsAreRulesToTheLastBits(t *testing.T) {
	for _, path := range native.Paths() {
		if path == "generic" {
			continue // it has no kernels
		}
		e, err := native.New(native.Options{CPU: path, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		for _, rule := range kernelRules() {
			t.Run(fmt.Sprintf("%s %+v", path, rule), func(t *testing.T) {
				o, err := optim.NewOptimizer("test", rule)
				if err != nil {
					t.Fatal(err)
				}
				o.UseEngine(e)
				for n := 1; n < 70; n++ {
					for step := 1; step < 4; step++ {
						compareUpdate(t, o, rule, cell(rule, n, step))
					}
				}
				compareUpdate(t, o, rule, cell(rule, 10_007, 1000))
			})
		}
	}
}

// cell is a stretch where nothing cancels, so that every last place is the
// kernel's: weight, gradient and first moment have one sign, and weights are 0,
// to see the step alone, or above 1. Every 17th gradient is zero, and a few are
// not finite.
func cell(r optim.Rule, n, step int) *optim.Cell[float32] {
	s := rng.New(uint64(n*10 + step))
	c := &optim.Cell[float32]{W: make([]float32, n), G: make([]float32, n), Step: step, Fresh: step == 1, Shape: []int{n}}
	for range r.Layout(c.Shape).Tensors {
		c.S = append(c.S, make([]float32, n))
	}
	up := 1.0
	if optim.Options(r)["maximize"] == true {
		up = -1
	}
	for i := range n {
		side := float64(1 - 2*(i/2%2))
		size := func() float64 { return math.Pow(10, 4*s.Float64()-3) }
		c.G[i] = float32(side * up * size())
		if i%2 == 1 {
			c.W[i] = float32(side * (1 + s.Float64()))
		}
		moment := side * size()
		for k := range c.S {
			c.S[k][i] = float32(moment)
			moment = math.Abs(moment) * size()
		}
		if i%17 == 3 {
			c.G[i] = 0
		}
	}
	for i, v := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
		if n > 40 {
			c.G[30+3*i] = v
		}
	}
	return c
}

func compareUpdate(t *testing.T, o *optim.Optimizer, r optim.Rule, c *optim.Cell[float32]) {
	t.Helper()
	want := *c
	want.W, want.S = slices.Clone(c.W), nil
	for _, x := range c.S {
		want.S = append(want.S, slices.Clone(x))
	}
	r.(optim.Updater).Update32(&want)
	if !o.Fused(r, c) {
		t.Fatal("there is no kernel")
	}
	got, all := append([][]float32{c.W}, c.S...), append([][]float32{want.W}, want.S...)
	for k := range all {
		for i, x := range all[k] {
			if off := lastPlaces(got[k][i], x); off > lastBits {
				t.Fatalf("array %d, element %d of %d, step %d: %v, the rule's %v: %.1f units in the last place", k, i, len(c.W), c.Step, got[k][i], x, off)
			}
		}
	}
}

// lastPlaces is how far x is from y, in units in the last place of y.
func lastPlaces(x, y float32) float64 {
	finite := func(v float32) bool { return v-v == 0 }
	if !finite(x) || !finite(y) {
		if finite(x) == finite(y) {
			return 0
		}
		return math.Inf(1)
	}
	unit := float64(math.Nextafter32(abs32(y), float32(math.Inf(1)))) - float64(abs32(y))
	return math.Abs(float64(x)-float64(y)) / unit
}

func abs32(x float32) float32 { return float32(math.Abs(float64(x))) }

// TestKernelsLeaveSmallBetas: with β1 = 0 the first moment is the gradient,
// however much larger the one before was; that is the rule's to compute.
func TestKernelsLeaveSmallBetas(t *testing.T) {
	e, err := native.New(native.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r := optim.DefaultAdam()
	r.Betas[0] = 0
	o, err := optim.NewOptimizer("test", r)
	if err != nil {
		t.Fatal(err)
	}
	o.UseEngine(e)
	p := &optim.Param{Name: "w", Shape: []int{64}, Value: optim.Slice{F32: make([]float32, 64)}, Grad: optim.Slice{F32: make([]float32, 64)}}
	if err := o.SetGroups([]optim.Group{{Params: []string{"w"}, Rule: r}}); err != nil {
		t.Fatal(err)
	}
	for _, g := range []float32{1e6, 1e-3} {
		for i := range p.Grad.F32 {
			p.Grad.F32[i] = g
		}
		if err := o.Step(func(string) *optim.Param { return p }); err != nil {
			t.Fatal(err)
		}
		if m := o.States()["w"].Tensors[0].F32[7]; m != g {
			t.Errorf("first moment %v, want the gradient %v", m, g)
		}
	}
}
