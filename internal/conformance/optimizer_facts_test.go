package conformance

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
)

type factCase struct {
	Fact  string          `json:"fact"`
	Value json.RawMessage `json:"value"`
}

// facts replay what the text that they are keyed by begins with: each returns
// what the file's value is compared with.
var facts = map[string]func(*testing.T, json.RawMessage) any{
	"load_state_dict replaces the group's options":           factReplaces,
	"add_param_group takes the constructor's defaults":       factDefaults,
	"a later change of a group's lr":                         factLaterRate,
	"a group added after a scheduler was built":              factInitialLR,
	"named parameters add the key param_names":               factNames,
	"names saved, unnamed optimizer":                         factNamesKept,
	"zero_grad() sets the gradient to None":                  factZeroGrad,
	"an unknown key of a saved group is kept":                factUnknownKey,
	"a key missing from a saved group":                       factMissingKey,
	"loaded state takes the parameter's dtype":               factDtype,
	"step with no gradients at all raises nothing and makes": factNoGradients,
}

func replayFact(t *testing.T, c factCase) {
	for begins, replay := range facts {
		if !strings.HasPrefix(c.Fact, begins) {
			continue
		}
		text, err := json.Marshal(replay(t, c.Value))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		decode(t, text, &got)
		decode(t, c.Value, &want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", c.Fact, got, want)
		}
		return
	}
	t.Fatalf("unknown fact %q", c.Fact)
}

// adamScene is an Adam with parameters p0 and p1, both in one group.
func adamScene(t *testing.T, args arguments) *optimizerScene {
	s := newOptimizerScene(t, "Adam", args, [][]int{{2}, {1}}, []numbers{{1, 2}, {3}})
	s.group(t, nil, 0, 1)
	return s
}

// like picks the options of a group that the value names.
func like(t *testing.T, s *optimizerScene, group int, value json.RawMessage) any {
	t.Helper()
	var want arguments
	decode(t, value, &want)
	all := optim.Options(s.o.Groups()[group].Rule)
	got := arguments{}
	for name := range want {
		got[name] = all[name]
	}
	return got
}

// load takes a state dict over.
func (s *optimizerScene) load(t *testing.T, d optim.StateDict) {
	t.Helper()
	if err := s.o.LoadStateDict(d, s.lookup); err != nil {
		t.Fatal(err)
	}
}

func factReplaces(t *testing.T, value json.RawMessage) any {
	var saved arguments
	decode(t, value, &saved)
	s := adamScene(t, arguments{"lr": 0.9})
	s.load(t, adamScene(t, saved).o.StateDict())
	return like(t, s, 0, value)
}

func factDefaults(t *testing.T, value json.RawMessage) any {
	s := newOptimizerScene(t, "Adam", arguments{"lr": 0.5}, [][]int{{1}, {1}}, []numbers{{1}, {2}})
	s.group(t, arguments{"lr": 0.1}, 0)
	s.group(t, arguments{"weight_decay": 0.3}, 1)
	return like(t, s, 1, value)
}

func factLaterRate(t *testing.T, value json.RawMessage) any {
	s := newOptimizerScene(t, "Adam", arguments{"lr": 0.5}, [][]int{{1}, {1}}, []numbers{{1}, {2}})
	s.group(t, nil, 0)
	s.o.SetRate(0, 0.1)
	s.group(t, nil, 1)
	return like(t, s, 1, value)
}

func factInitialLR(t *testing.T, value json.RawMessage) any {
	var want struct {
		Initial []bool `json:"initial_lr"`
	}
	decode(t, value, &want)
	tab := lrsched.NewTable(slices.Repeat([]float64{0.1}, len(want.Initial)-1)...)
	built(t, lrsched.Named("StepLR", lrsched.Args{"step_size": 1}), tab)
	tab.Groups = append(tab.Groups, lrsched.Group{LR: 0.1})
	got := []bool{}
	for _, g := range tab.Groups {
		got = append(got, g.InitialLR.Set)
	}
	return map[string][]bool{"initial_lr": got}
}

func factNames(t *testing.T, value json.RawMessage) any {
	var names []string
	decode(t, value, &names)
	s := adamScene(t, nil)
	if err := s.o.SetGroups([]optim.Group{{Params: names, Rule: s.o.Rule()}}); err != nil {
		t.Fatal(err)
	}
	return s.o.StateDict().Groups[0].Names
}

// factNamesKept loads other names, where ours stay: parameters always have one.
func factNamesKept(t *testing.T, _ json.RawMessage) any {
	s := adamScene(t, nil)
	d := s.o.StateDict()
	d.Groups[0].Names = []string{"w", "b"}
	s.load(t, d)
	return s.o.StateDict().Groups[0].Names != nil
}

func factZeroGrad(t *testing.T, _ json.RawMessage) any {
	tape := newLayerTape(t, engine.F64)
	x := newLayerLeaf(t, tape, array{shape: []int{1}, data: []float64{1}}, true)
	defer x.Release()
	if err := x.SetGrad([]float64{1}); err != nil || x.Grad() == nil {
		t.Fatalf("gradient %v, error %v", x.Grad(), err)
	}
	x.ZeroGrad()
	return x.Grad() == nil
}

func factUnknownKey(t *testing.T, value json.RawMessage) any {
	var v any
	decode(t, value, &v)
	s := adamScene(t, nil)
	d := s.o.StateDict()
	d.Groups[0].Options["color"] = v
	s.load(t, d)
	return s.o.StateDict().Groups[0].Options["color"]
}

func factMissingKey(t *testing.T, value json.RawMessage) any {
	d := adamScene(t, nil).o.StateDict()
	var want arguments
	decode(t, value, &want)
	s := adamScene(t, arguments{"amsgrad": true})
	for name := range want {
		delete(d.Groups[0].Options, name)
	}
	s.load(t, d)
	return like(t, s, 0, value)
}

// factDtype loads the state of float64 parameters for float32 ones, which are
// the narrower type here.
func factDtype(t *testing.T, _ json.RawMessage) any {
	wide := adamScene(t, nil)
	for _, p := range wide.params {
		p.Grad.F64 = []float64{0.1, 0.2}[:p.Value.Len()]
	}
	wide.step(t)
	s := adamScene(t, nil)
	for _, p := range s.params {
		p.Value = optim.Slice{F32: make([]float32, p.Value.Len())}
	}
	s.load(t, wide.o.StateDict())
	st := s.o.States()["p0"]
	got := map[string]string{"step": "float16"}
	if st.Step == 1 {
		got["step"] = "float64"
	}
	for i, x := range st.Layout.Tensors {
		got[x.Name] = "float64"
		if st.Tensors[i].F32 != nil {
			got[x.Name] = "float16"
		}
	}
	return got
}

func factNoGradients(t *testing.T, _ json.RawMessage) any {
	s := adamScene(t, nil)
	err := s.o.Step(s.lookup)
	return []any{err == nil, len(s.o.States())}
}

// scalarCase is one entry of float32_scalar_effect: an optimizer with its
// arguments as Python writes them, and how far the parameters move.
type scalarCase struct {
	Name   string `json:"name"`
	Effect number `json:"effect"`
}

func replayScalarEffects(t *testing.T, raw json.RawMessage) {
	t.Helper()
	entries, err := members(raw)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, fmt.Sprintf(`{"name": %q, "effect": %s}`, e.name, e.raw))
	}
	eachCase(t, json.RawMessage("["+strings.Join(list, ",")+"]"), replayScalarEffect)
}

var pythonAsJSON = strings.NewReplacer("'", `"`, "True", "true", "False", "false", "None", "null", "(", "[", ")", "]")

// replayScalarEffect rounds the numbers of the state to float32 after every
// step, as torch has them by default, and measures how far that moves the
// parameters at the end. It is of torch's size, and nothing where torch's is:
// torch rounds also before the first step, and within one.
func replayScalarEffect(t *testing.T, c scalarCase) {
	name, kwargs, _ := strings.Cut(c.Name, " ")
	var args arguments
	decode(t, json.RawMessage(pythonAsJSON.Replace(kwargs)), &args)
	var p optimizerProblem
	context(t, torchOptimizersFile, "problem", &p)
	var runs [2]*optimizerScene
	for i := range runs {
		runs[i] = newOptimizerScene(t, name, args, p.Shapes, p.Init)
		runs[i].group(t, nil, 0, 1)
	}
	exact, rounded := runs[0], runs[1]
	for _, g := range p.Grads {
		exact.given(t, g)
		rounded.given(t, g)
		for _, st := range rounded.o.States() {
			for i, v := range st.Scalars {
				st.Scalars[i] = float64(float32(v))
			}
		}
	}
	var most float64
	for i := range exact.params {
		b := rounded.values(i)
		for k, v := range exact.values(i) {
			most = max(most, math.Abs(v-b[k]))
		}
	}
	if want := float64(c.Effect); most < want/10 || most > want*10 {
		t.Errorf("float32 numbers move the parameters by %g, torch's by %g", most, want)
	}
}
