package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/optim"
)

type stateDictCase struct {
	Optimizer   string                       `json:"optimizer"`
	Kwargs      arguments                    `json:"kwargs"`
	ParamShapes [][]int                      `json:"param_shapes"`
	State       map[string]map[string]string `json:"state"`
	GroupKeys   []string                     `json:"group_keys"`
	Packed      [][]int                      `json:"packed_params"`
	// Continues tells whether torch goes on to the same bits after loading. It
	// does not where loading casts a float32 number; ours are not cast, so that
	// we always go on so.
	Continues bool `json:"continues_bit_equal"`
}

// replayOptimizerState compares the entries of a state dict after 9 steps, and goes
// on from one of after 4 steps in another optimizer.
func replayOptimizerState(t *testing.T, c stateDictCase) {
	var p optimizerProblem
	context(t, torchOptimizersFile, "problem", &p)
	scene := func() *optimizerScene {
		s := newOptimizerScene(t, c.Optimizer, c.Kwargs, c.ParamShapes, p.Init)
		s.group(t, nil, 0, 1)
		return s
	}
	s, again := scene(), scene()
	for step := range 4 {
		s.given(t, p.Grads[step])
	}
	for i, q := range s.params {
		copy(again.params[i].Value.F64, q.Value.F64)
	}
	saved := s.o.StateDict()
	for step := 4; step < 9; step++ {
		s.given(t, p.Grads[step])
	}
	if err := again.o.LoadStateDict(saved, again.lookup); err != nil {
		t.Fatal(err)
	}
	for step := 4; step < 9; step++ {
		again.given(t, p.Grads[step])
	}
	for i := range s.params {
		if !slices.Equal(s.values(i), again.values(i)) {
			t.Errorf("%s goes on to %v after loading, %v without", paramName(i), again.values(i), s.values(i))
		}
	}
	c.compare(t, s.o.StateDict())
	c.compare(t, again.o.StateDict())
}

// given steps with gradients: of all elements, of all rows for a rule that
// takes nothing else, or through a closure that has them at the start.
func (s *optimizerScene) given(t *testing.T, grads []numbers) {
	t.Helper()
	sparse, ok := s.o.Rule().(optim.Sparse)
	rows := false
	if ok {
		how, _ := sparse.Sparse()
		rows = how == optim.RowsOnly
	}
	for i, q := range s.params {
		q.Grad.F64 = slices.Clone([]float64(grads[i]))
		if rows {
			q.Rows = nil
			for r := range q.Shape[0] {
				q.Rows = append(q.Rows, r)
			}
		}
	}
	start := s.params[0].Value.F64[0]
	_, err := s.o.StepClosure(s.lookup, func() (float64, error) {
		moved := s.params[0].Value.F64[0] - start
		s.params[0].Grad.F64[0] = grads[0][0] + 0.3*moved
		return grads[0][0]*moved + 0.15*moved*moved, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c stateDictCase) compare(t *testing.T, d optim.StateDict) {
	t.Helper()
	if len(d.State) != len(c.State) {
		t.Errorf("%d states, want %d", len(d.State), len(c.State))
	}
	for id, entries := range d.State {
		want := c.State[fmt.Sprint(id)]
		if got := slices.Sorted(maps.Keys(entries)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("state %d has %v, want %v", id, got, slices.Sorted(maps.Keys(want)))
		}
		for name, v := range entries {
			if got := kindOf(v); got != want[name] && !wider(name, got, want[name]) {
				t.Errorf("%s of state %d is %s, want %s", name, id, got, want[name])
			}
		}
	}
	for i, g := range d.Groups {
		keys := append(slices.Collect(maps.Keys(g.Options)), "params")
		slices.Sort(keys)
		if want := slices.Sorted(slices.Values(c.GroupKeys)); !slices.Equal(keys, want) {
			t.Errorf("group %d has %v, want %v", i, keys, want)
		}
		if !slices.Equal(g.Params, c.Packed[i]) {
			t.Errorf("group %d has parameters %v, want %v", i, g.Params, c.Packed[i])
		}
	}
}

// wider tells an entry that is wider here on purpose: numbers beside the counter
// are float64, and where Python has a whole number for a learning rate of 1 there
// is a float.
func wider(name, got, want string) bool {
	return name != "step" && (got == "scalar float64" && want == "scalar float32" || got == "float" && want == "int")
}

// kindOf describes an entry as the file does.
func kindOf(v any) string {
	switch v := v.(type) {
	case optim.StateTensor:
		dtype := "float64"
		if v.F32 != nil {
			dtype = "float32"
		}
		if len(v.Shape) == 0 {
			return "scalar " + dtype
		}
		return strings.ReplaceAll(fmt.Sprint(v.Shape), " ", ", ") + " " + dtype
	case int:
		return "int"
	case float64:
		return "float"
	case []any:
		return "list"
	}
	return fmt.Sprintf("%T", v)
}

// replayForeachDiffers steps with and without foreach: it never matters here
// which of torch's implementations is asked for.
func replayForeachDiffers(t *testing.T, raw json.RawMessage) {
	var list []json.RawMessage
	decode(t, raw, &list)
	if len(list) == 0 {
		t.Skip("torch's implementations differ in no case")
	}
	eachCase(t, raw, compareSwitched)
}

// foreachCase is an optimizer with arguments; by how much torch's
// implementations differ tells nothing here.
type foreachCase map[string]any

func compareSwitched(t *testing.T, c foreachCase) {
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var o optimizerCase
	if err := json.Unmarshal(text, &o); err != nil || o.Optimizer == "" {
		t.Fatalf("no optimizer in %v: %v", c, err)
	}
	var p optimizerProblem
	context(t, torchOptimizersFile, "problem", &p)
	if o.Shapes != nil {
		p.Shapes = o.Shapes
	}
	run := func(foreach bool) *optimizerScene {
		args := maps.Clone(o.Kwargs)
		if args == nil {
			args = arguments{}
		}
		args["foreach"] = foreach
		s := newOptimizerScene(t, o.Optimizer, args, p.Shapes, p.Init)
		s.group(t, nil, 0, 1)
		for _, g := range p.Grads {
			s.given(t, g)
		}
		return s
	}
	on, off := run(true), run(false)
	for i := range on.params {
		if !slices.Equal(on.values(i), off.values(i)) {
			t.Errorf("%s differs with foreach", paramName(i))
		}
	}
}

// TestForeachDiffers replays a made-up case of a section that is empty here.
func TestForeachDiffers(t *testing.T) {
	replayForeachDiffers(t, json.RawMessage(`[{"optimizer": "NAdam", "kwargs": {"lr": 0.1}, "max_difference": 1e-9}]`))
}
