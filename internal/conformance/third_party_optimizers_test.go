package conformance

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
)

const thirdPartyFile = "third_party_optimizers.json"

// TestThirdPartyOptimizers replays the optimizers of torch_optimizer and
// pytorch_optimizer, each by its package's class path: under one name they may
// have different algorithms.
func TestThirdPartyOptimizers(t *testing.T) {
	suite{
		file:    thirdPartyFile,
		context: []string{"about", "problem", "defaults"},
		sections: map[string]sectionFunc{
			"cases": func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayThirdParty) },
		},
	}.replay(t)
}

// thirdPartyProblem is the parameters and gradients of all cases.
type thirdPartyProblem struct {
	Shapes [][]int     `json:"shapes"`
	Init   []numbers   `json:"init"`
	Grads  [][]numbers `json:"grads"`
	// Quadratic is Adahessian's problem.
	Quadratic json.RawMessage `json:"quadratic"`
}

type thirdPartyCase struct {
	Optimizer string      `json:"optimizer"`
	Library   string      `json:"library"`
	Kwargs    arguments   `json:"kwargs"`
	Shapes    [][]int     `json:"shapes"`
	Constant  bool        `json:"constant_gradients"`
	Expected  [][]numbers `json:"expected"`
	Raises    string      `json:"raises"`
	Note      string      `json:"note"`
	Patched   string      `json:"patched"`
}

// missing are the optimizers that are not built in, with the reason.
var missing = map[string]string{
	"Adahessian":        "it needs the diagonal of the Hessian, which no fit computes",
	"CAME":              "not built in: Adafactor and LAMB serve where memory or batches are the matter",
	"Prodigy":           "its step is estimated over all parameters of a group, which rules see one by one",
	"ScheduleFreeSGD":   "it validates other weights than it trains, as no rule here can",
	"ScheduleFreeAdamW": "it validates other weights than it trains, as no rule here can",
}

func replayThirdParty(t *testing.T, c thirdPartyCase) {
	var p thirdPartyProblem
	context(t, thirdPartyFile, "problem", &p)
	if why := missing[c.Optimizer]; why != "" {
		t.Skip(why)
	}
	name := classPath(t, c.Library, c.Optimizer)
	args := c.arguments(t)
	if c.Raises != "" {
		if _, err := optim.Make(optimizers, registry.Spec{Name: name, Args: registry.Args(args)}); err == nil {
			t.Errorf("accepted, want: %s", c.Raises)
		}
		return
	}
	shapes := p.Shapes
	if c.Shapes != nil {
		shapes = c.Shapes
	}
	tol := tolerance{Rel: 1e-9, Abs: 1e-11}
	if c.Optimizer == "Shampoo" {
		tol = tolerance{Rel: 1e-7, Abs: 1e-7}
	}
	s := newOptimizerScene(t, name, args, shapes, p.Init)
	s.group(t, nil, 0, 1)
	for step, want := range c.Expected {
		at := step
		if c.Constant {
			at = 0
		}
		for i, param := range s.params {
			param.Grad.F64 = append([]float64{}, p.Grads[at][i]...)
		}
		s.step(t)
		for i := range s.params {
			tol.compare(t, fmt.Sprintf("step %d, p%d", step, i), s.values(i), want[i])
		}
	}
}

// arguments puts a wrapper's inner optimizer into our form.
func (c thirdPartyCase) arguments(t *testing.T) arguments {
	t.Helper()
	inner, wraps := c.Kwargs["inner"]
	if !wraps {
		return c.Kwargs
	}
	out := arguments{}
	for k, v := range c.Kwargs {
		if k != "inner" && k != "inner_kwargs" {
			out[k] = v
		}
	}
	out["optimizer"] = []any{inner, c.Kwargs["inner_kwargs"]}
	return out
}
