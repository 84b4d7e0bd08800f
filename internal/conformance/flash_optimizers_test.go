package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/task"
)

// unusableInFlash are names that Flash lists and that are no optimizers there,
// or need what no one else does.
var unusableInFlash = []string{"optimizer", "adahessian", "rangerqh", "rangerva"}

// changedInTorch2 are optimizers that have other arguments or defaults in torch
// 2 than with Flash.
var changedInTorch2 = []string{"sgd", "adafactor"}

// flashInput is an input as Python has it: a tuple stands as {tuple: […]}, a
// value in angle brackets for an object.
type flashInput struct{ v any }

func (in *flashInput) UnmarshalJSON(text []byte) error {
	var l loose
	err := l.UnmarshalJSON(text)
	in.v = l.v
	if m, ok := l.v.(map[string]any); ok && m["tuple"] != nil {
		in.v = m["tuple"]
	}
	return err
}

// chosenOptimizer reads an input as a configuration gives it, and makes it.
func chosenOptimizer(in any, lr *float64, c *optim.Catalog) (*optim.Optimizer, error) {
	text, err := json.Marshal(map[string]any{"optimizer": in})
	if err != nil {
		return nil, err
	}
	n, err := parseYAML("case.yaml", string(text))
	if err != nil {
		return nil, err
	}
	run := config.DefaultRun()
	if err := config.Decode(n, &run); err != nil {
		return nil, err
	}
	return optim.Make(c, task.Optimization{Optimizer: run.Optimizer.Spec, LearningRate: lr}.Spec())
}

func (f *flash) availableOptimizers(t *testing.T, raw json.RawMessage) {
	var parts map[string]json.RawMessage
	decode(t, raw, &parts)
	have := task.AvailableOptimizers()
	var cases []section
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		switch key {
		case "basis", "unusable":
		case "sorted":
			if !slices.IsSorted(have) {
				t.Errorf("not sorted: %v", have)
			}
		case "torch_2_15", "torch_1_13", "torch_optimizer_0_3":
			var names []string
			decode(t, parts[key], &names)
			for _, n := range names {
				text, _ := json.Marshal(n)
				cases = append(cases, section{n, text})
			}
		default:
			t.Errorf("nothing replays %q", key)
		}
	}
	runCases(t, cases, func(t *testing.T, name string) {
		f.differs(t, slices.Contains(have, name), cause(slices.Contains(unusableInFlash, name), "defective-optimizers"), "%s is not listed", name)
	})
}

type flashDefault struct {
	Optimizer    string   `json:"optimizer"`
	LearningRate *float64 `json:"learning_rate"`
	LR           float64  `json:"resulting_lr"`
}

func (f *flash) defaultOptimizer(t *testing.T, raw json.RawMessage) {
	runCases(t, []section{{"default", raw}}, func(t *testing.T, c flashDefault) {
		o, err := optim.Make(optim.Builtin(), task.Optimization{LearningRate: c.LearningRate}.Spec())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.EqualFold(o.Name(), c.Optimizer) || optim.Options(o.Rule())["lr"] != c.LR {
			t.Errorf("%s with %v, want %s with lr %v", o.Name(), optim.Options(o.Rule()), c.Optimizer, c.LR)
		}
	})
}

type flashLearningRate struct {
	Basis        string         `json:"basis"`
	Optimizer    flashInput     `json:"optimizer"`
	LearningRate *float64       `json:"learning_rate"`
	Error        *flashError    `json:"error"`
	Result       map[string]any `json:"result"`
	SideEffect   string         `json:"side_effect"`
	Called       *struct {
		Positional int            `json:"positional"`
		Kwargs     map[string]any `json:"kwargs"`
	} `json:"constructor_called_with"`
}

// learningRate replays what becomes of the learning rate beside an optimizer.
func (f *flash) learningRate(t *testing.T, c flashLearningRate) {
	catalog := optim.Builtin().Clone()
	in := c.Optimizer.v
	var called registry.Args
	if nameIn(in) == "<mock>" {
		if list, ok := in.([]any); ok {
			list[0] = "mock"
		} else {
			in = "mock"
		}
		err := catalog.Add(registry.Entry[optim.Component]{Name: "mock", Value: optim.Compose(func(args optim.Args) (registry.Spec, error) {
			called = args
			return optim.Named("adam", nil), nil
		})})
		if err != nil {
			t.Fatal(err)
		}
	}
	before := fmt.Sprint(in)
	o, err := chosenOptimizer(in, c.LearningRate, catalog)
	if fmt.Sprint(in) != before {
		t.Errorf("the arguments were changed: %v, before %s", in, before)
	}
	if c.Error != nil {
		f.differs(t, err != nil, cause(err == nil && registry.Fold(o.Name()) == "sgd", "torch-2-optimizers"), "no error, want %s", c.Error.Match)
		c.Error.note(t, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.Called != nil {
		if len(called) != len(c.Called.Kwargs) {
			t.Errorf("called with %v, want %v", called, c.Called.Kwargs)
		}
		for k, v := range c.Called.Kwargs {
			if !alike(called[k], v) {
				t.Errorf("called with %v, want %v", called, c.Called.Kwargs)
			}
		}
	}
	if c.SideEffect != "" {
		f.differs(t, false, []string{"arguments-kept"}, "the arguments were kept: %v", in)
	}
	f.sameOptions(t, o, c.Result, nil)
}

// derived are options whose default follows from another.
var derived = map[string]string{"LBFGS": "max_eval"}

// sameOptions holds an optimizer's options against what Flash's has; class is
// its name.
func (f *flash) sameOptions(t *testing.T, o *optim.Optimizer, want map[string]any, causes []string) {
	t.Helper()
	have := optim.Options(o.Rule())
	for _, k := range slices.Sorted(maps.Keys(want)) {
		got, ok := have[k]
		if k == "class" {
			got, ok = o.Name(), true
		}
		because := causes
		if derived[o.Name()] == k && got == nil {
			because = append(because[:len(because):len(because)], "derived-default")
		}
		f.differs(t, ok && alike(got, want[k]), because, "%s: %s is %v, want %v", o.Name(), k, got, want[k])
	}
}

// alike compares values in data form, whole numbers and floats alike.
func alike(a, b any) bool {
	text := func(v any) string { b, _ := json.Marshal(v); return string(b) }
	return text(a) == text(b) || fmt.Sprint(a) == fmt.Sprint(b)
}

type flashErrorCase struct {
	Basis string      `json:"basis"`
	Input flashInput  `json:"input"`
	Kind  string      `json:"kind_of_input"`
	Error *flashError `json:"error"`
}

func (f *flash) optimizerError(t *testing.T, c flashErrorCase) {
	_, err := chosenOptimizer(c.Input.v, nil, optim.Builtin())
	_, known := optim.Builtin().Lookup(nameIn(c.Input.v))
	f.differs(t, err != nil, f.inputCauses(c, known), "no error, want %s", c.Error.Match)
	c.Error.note(t, err)
}

// defaultsByName holds the constructors' defaults against Flash's.
func (f *flash) defaultsByName(t *testing.T, raw json.RawMessage) {
	namedCases(t, raw, func(t *testing.T, want map[string]any) {
		name := t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]
		if slices.Contains(unusableInFlash, name) {
			f.differs(t, false, []string{"defective-optimizers"}, "%s is not there", name)
			return
		}
		o, err := chosenOptimizer(name, ptrTo(0.01), optim.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		f.sameOptions(t, o, want, cause(slices.Contains(changedInTorch2, name), "torch-2-optimizers"))
	})
}

func ptrTo[T any](v T) *T { return &v }
