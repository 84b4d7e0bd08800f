package conformance

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/optim"
)

const torchOptimizersFile = "torch_optimizers.json"

// TestTorchOptimizers replays traces of torch.optim's optimizers, its clipping
// of gradients and its averaging of weights.
func TestTorchOptimizers(t *testing.T) {
	suite{
		file:    torchOptimizersFile,
		context: []string{"about", "defaults", "problem", "sparse_problem"},
		sections: map[string]sectionFunc{
			"cases":                 listSection(replayOptimizer),
			"errors":                listSection(replayOptimizerError),
			"legal":                 listSection(replayLegal),
			"state_dict":            listSection(replayOptimizerState),
			"facts":                 listSection(replayFact),
			"foreach_differs":       replayForeachDiffers,
			"float32_scalar_effect": replayScalarEffects,
			"clip":                  listSection(replayClip),
			"swa":                   listSection(replaySWA),
			"swa_buffers":           listSection(replaySWABuffers),
			"swa_errors":            listSection(replaySWAError),
		},
	}.replay(t)
}

// optimizerProblem is the parameters and gradients that cases refer to.
type optimizerProblem struct {
	Shapes [][]int     `json:"shapes"`
	Init   []numbers   `json:"init"`
	Grads  [][]numbers `json:"grads"`
}

type sparseProblem struct {
	Shape []int   `json:"shape"`
	Init  numbers `json:"init"`
	Grads []struct {
		Rows   []int   `json:"rows"`
		Values numbers `json:"values"`
	} `json:"grads"`
}

type optimizerCase struct {
	ID        string          `json:"id"`
	Kind      string          `json:"kind"`
	Optimizer string          `json:"optimizer"`
	Kwargs    arguments       `json:"kwargs"`
	Groups    []arguments     `json:"groups"`
	LRAt      []numbers       `json:"lr_at"`
	Events    optimizerEvents `json:"events"`
	Shapes    [][]int         `json:"shapes"`
	// Init, A and B are those of rosenbrock and quadratic.
	Init numbers   `json:"init"`
	A    []numbers `json:"A"`
	B    numbers   `json:"b"`
	// Expected is flat or by parameter.
	Expected     []json.RawMessage    `json:"expected"`
	ExpectedF64  []json.RawMessage    `json:"expected_f64"`
	FinalState   []map[string]numbers `json:"final_state"`
	Loss         numbers              `json:"loss"`
	ClosureCalls []int                `json:"closure_calls"`
	// Differs tells that older torch gave other numbers; it tells nothing here.
	Differs bool   `json:"differs_from_1_13"`
	Note    string `json:"note"`
}

type optimizerEvents struct {
	None     map[string][]int `json:"none"`
	Zero     map[string][]int `json:"zero"`
	AddGroup []struct {
		Step      int       `json:"step"`
		Param     int       `json:"param"`
		Overrides arguments `json:"overrides"`
	} `json:"add_group"`
}

// has tells whether steps[param] lists the step.
func has(steps map[string][]int, param, step int) bool {
	for _, s := range steps[strconv.Itoa(param)] {
		if s == step {
			return true
		}
	}
	return false
}

var (
	optimizerTolerance = tolerance{Rel: 1e-10, Abs: 1e-12}
	// lbfgsTolerance and bfloat16Tolerance are the file's own, after many
	// iterations and for Muon's cast, which we do not make.
	lbfgsTolerance    = tolerance{Rel: 1e-6, Abs: 1e-6}
	bfloat16Tolerance = tolerance{Rel: 2e-2, Abs: 2e-2}
)

func replayOptimizer(t *testing.T, c optimizerCase) {
	switch c.Kind {
	case "rosenbrock", "quadratic":
		replayClosure(t, c)
	case "sparse":
		replaySparse(t, c)
	case "fixed_grads", "param_groups", "lr_per_step", "grad_none", "grad_zero", "add_group":
		replayGradients(t, c)
	default:
		t.Fatalf("unknown kind %q", c.Kind)
	}
}

// replayGradients gives the optimizer the problem's gradients, step by step.
func replayGradients(t *testing.T, c optimizerCase) {
	var p optimizerProblem
	context(t, torchOptimizersFile, "problem", &p)
	if c.Shapes != nil {
		p.Shapes = c.Shapes
	}
	s := newOptimizerScene(t, c.Optimizer, c.Kwargs, p.Shapes, p.Init)
	s.firstGroups(t, c)
	tol, want := optimizerTolerance, c.Expected
	if c.ExpectedF64 != nil {
		want = c.ExpectedF64
	}
	for step := range want {
		for _, e := range c.Events.AddGroup {
			if e.Step == step {
				s.group(t, e.Overrides, e.Param)
			}
		}
		if c.LRAt != nil {
			for k, lr := range c.LRAt[step] {
				s.o.SetRate(k, lr)
			}
		}
		for i, q := range s.params {
			q.Grad.F64 = append([]float64{}, p.Grads[step][i]...)
			if has(c.Events.Zero, i, step) {
				clear(q.Grad.F64)
			}
			if has(c.Events.None, i, step) {
				q.Grad.F64 = nil
			}
		}
		s.step(t)
		s.compareStep(t, tol, step, want[step])
		if c.ExpectedF64 != nil {
			s.compareStep(t, bfloat16Tolerance, step, c.Expected[step])
		}
	}
	if c.FinalState != nil && c.ExpectedF64 == nil {
		s.compareState(t, tol, c.FinalState)
	}
}

// firstGroups makes the groups of the constructor: those of the case, or one of
// the parameters that no event adds later.
func (s *optimizerScene) firstGroups(t *testing.T, c optimizerCase) {
	t.Helper()
	for _, g := range c.Groups {
		over, members := arguments{}, []int{}
		for k, v := range g {
			if k != "params" {
				over[k] = v
				continue
			}
			for _, i := range v.([]any) {
				members = append(members, i.(int))
			}
		}
		s.group(t, over, members...)
	}
	if c.Groups != nil {
		return
	}
	var members []int
	for i := range s.params {
		late := false
		for _, e := range c.Events.AddGroup {
			late = late || e.Param == i
		}
		if !late {
			members = append(members, i)
		}
	}
	s.group(t, nil, members...)
}

func (s *optimizerScene) compareStep(t *testing.T, tol tolerance, step int, raw json.RawMessage) {
	t.Helper()
	var want []numbers
	decode(t, raw, &want)
	for i, w := range want {
		tol.compare(t, "step "+strconv.Itoa(step)+", "+paramName(i), s.values(i), w)
	}
}

// replaySparse gives the optimizer gradients of some rows.
func replaySparse(t *testing.T, c optimizerCase) {
	var p sparseProblem
	context(t, torchOptimizersFile, "sparse_problem", &p)
	s := newOptimizerScene(t, c.Optimizer, c.Kwargs, [][]int{p.Shape}, []numbers{p.Init})
	s.group(t, nil, 0)
	for step, raw := range c.Expected {
		var want numbers
		decode(t, raw, &want)
		s.params[0].Rows, s.params[0].Grad.F64 = p.Grads[step].Rows, p.Grads[step].Values
		s.step(t)
		optimizerTolerance.compare(t, "step "+strconv.Itoa(step), s.values(0), want)
	}
	s.compareState(t, optimizerTolerance, c.FinalState)
}

// replayClosure minimises a function that the optimizer evaluates as it needs.
func replayClosure(t *testing.T, c optimizerCase) {
	tol := optimizerTolerance
	if c.Optimizer == "LBFGS" {
		tol = lbfgsTolerance
	}
	s := newOptimizerScene(t, c.Optimizer, c.Kwargs, [][]int{{len(c.Init)}}, []numbers{c.Init})
	s.group(t, nil, 0)
	evals := 0
	x := s.params[0]
	closure := func() (float64, error) {
		evals++
		loss, g := rosenbrock(x.Value.F64)
		if c.Kind == "quadratic" {
			loss, g = quadratic(c.A, c.B, x.Value.F64)
		}
		x.Grad.F64 = g
		return loss, nil
	}
	var losses []float64
	for step, raw := range c.Expected {
		var want numbers
		decode(t, raw, &want)
		loss, err := s.o.StepClosure(s.lookup, closure)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
		tol.compare(t, "step "+strconv.Itoa(step), s.values(0), want)
		if c.ClosureCalls != nil && evals != c.ClosureCalls[step] {
			t.Fatalf("step %d: %d evaluations so far, want %d", step, evals, c.ClosureCalls[step])
		}
	}
	tol.compare(t, "losses", losses, c.Loss)
	if c.FinalState != nil {
		s.compareState(t, tol, c.FinalState)
	}
}

// rosenbrock is Σ 100(x[i+1]−x[i]²)² + (1−x[i])², with its gradient.
func rosenbrock(x []float64) (float64, []float64) {
	var f float64
	g := make([]float64, len(x))
	for i := range len(x) - 1 {
		a, b := x[i+1]-x[i]*x[i], 1-x[i]
		f += 100*a*a + b*b
		g[i] += -400*x[i]*a - 2*b
		g[i+1] += 200 * a
	}
	return f, g
}

// quadratic is ½xᵀAx − bᵀx, with its gradient.
func quadratic(a []numbers, b, x []float64) (float64, []float64) {
	var f float64
	g := make([]float64, len(x))
	for i := range x {
		for j := range x {
			f += 0.5 * x[i] * a[i][j] * x[j]
			g[i] += 0.5 * (a[i][j] + a[j][i]) * x[j]
		}
		f -= b[i] * x[i]
		g[i] -= b[i]
	}
	return f, g
}

// TestTorchOptimizerDefaults: every optimizer of torch takes torch's arguments,
// no others, and with torch's defaults.
func TestTorchOptimizerDefaults(t *testing.T) {
	var defaults map[string]arguments
	context(t, torchOptimizersFile, "defaults", &defaults)
	for name, want := range defaults {
		t.Run(name, func(t *testing.T) {
			e, err := optimizers.Find("torch.optim." + name)
			if err != nil {
				t.Fatal(err)
			}
			got := optim.Options(e.Value.Default)
			for argument, v := range want {
				if has, ok := got[argument]; !ok || fmt.Sprint(has) != fmt.Sprint(v) {
					t.Errorf("%s is %v, torch has %v", argument, has, v)
				}
				delete(got, argument)
			}
			for argument := range got {
				t.Errorf("%s is not torch's", argument)
			}
			for _, s := range []string{"foreach", "fused", "capturable", "differentiable"} {
				o, err := makeOptimizer(name, arguments{s: true})
				if err != nil {
					t.Errorf("%s: %v", s, err)
				} else if r := o.Remarks(); len(r) != 1 || !strings.Contains(r[0], s) {
					t.Errorf("%s: remarks %q, want that it has no effect", s, r)
				}
			}
		})
	}
}
