package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/task"
)

// chosenScheduler reads an input as a configuration gives it, and resolves it.
func chosenScheduler(in any, c *lrsched.Catalog) (*lrsched.Resolved, error) {
	ch, err := lrsched.ParseChoice(in)
	if err != nil {
		return nil, err
	}
	return c.Resolve(ch)
}

// needsMetric tells schedulers that are stepped with a metric.
func needsMetric(name string) bool {
	e, ok := lrsched.Builtin().Schedulers.Lookup(name)
	return ok && e.Value.Metered
}

// nameIn is the scheduler's name in an input.
func nameIn(in any) string {
	if list, ok := in.([]any); ok && len(list) > 0 {
		in = list[0]
	}
	name, _ := in.(string)
	return name
}

type flashListed struct {
	Name     string           `json:"name"`
	Interval lrsched.Interval `json:"interval"`
}

func (f *flash) availableSchedulers(t *testing.T, raw json.RawMessage) {
	var parts map[string]json.RawMessage
	decode(t, raw, &parts)
	intervals := map[string]lrsched.Interval{
		"interval_step": lrsched.ByStep, "interval_epoch": lrsched.ByEpoch, "hf_interval_step": lrsched.ByStep, "hf_interval_step_5_23": lrsched.ByStep,
	}
	have := task.AvailableLRSchedulers()
	var cases []section
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		var names []string
		switch {
		case key == "basis":
		case key == "torch_2_15":
			var m struct {
				Torch []string `json:"torch"`
				Note  string   `json:"note"`
			}
			decode(t, parts[key], &m)
			names = m.Torch
		case key == "hf_junk_keys_5_23": // helpers that leak into Flash's list
			if i := slices.IndexFunc(have, func(n string) bool { return strings.HasPrefix(n, "_") }); i >= 0 {
				t.Errorf("%s is listed", have[i])
			}
		case intervals[key] != "":
			decode(t, parts[key], &names)
		default:
			t.Errorf("nothing replays %q", key)
		}
		for _, n := range names {
			text, _ := json.Marshal(flashListed{n, intervals[key]})
			cases = append(cases, section{n, text})
		}
	}
	runCases(t, cases, func(t *testing.T, c flashListed) {
		e, ok := lrsched.Builtin().Schedulers.Lookup(c.Name)
		if !ok {
			t.Fatalf("%s is not there", c.Name)
		}
		if !slices.Contains(have, strings.ToLower(e.Name)) {
			t.Errorf("%s is not listed", c.Name)
		}
		f.differs(t, c.Interval == "" || e.Value.Interval == c.Interval, []string{"suitable-interval"}, "%s goes by %s, want %s", c.Name, e.Value.Interval, c.Interval)
	})
}

// defaultConfig holds the config that a scheduler gets which says nothing.
func (f *flash) defaultConfig(t *testing.T, raw json.RawMessage) {
	runCases(t, []section{{"default", raw}}, func(t *testing.T, want map[string]any) {
		delete(want, "scheduler") // null here; another value is overridden with a warning
		r, err := lrsched.Builtin().Resolve(lrsched.Named("ExponentialLR", lrsched.Args{"gamma": 0.5}))
		if err != nil {
			t.Fatal(err)
		}
		f.sameConfig(t, r, want, nil)
		if _, warnings, err := lrsched.ParseConfig(want); err != nil || len(warnings) > 0 {
			t.Errorf("the default config reads as %v, %v", warnings, err)
		}
	})
}

// sameConfig holds a resolved config against Flash's.
func (f *flash) sameConfig(t *testing.T, r *lrsched.Resolved, want map[string]any, causes []string) {
	t.Helper()
	none := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	have := map[string]any{
		"interval": string(r.Config.Interval), "frequency": r.Config.Frequency, "monitor": none(r.Config.Monitor),
		"strict": !r.Config.Lenient, "name": none(r.Config.Name), "reduce_on_plateau": needsMetric(r.Name), "opt_idx": nil,
	}
	for k, v := range want {
		if k == "class" {
			table := &lrsched.Table{Groups: []lrsched.Group{{LR: 0.1}}}
			s, err := r.Build(table, lrsched.Budget{TotalSteps: 10, StepsPerEpoch: 1, Epochs: 10}, nil)
			if err != nil || s.Class() != v {
				t.Errorf("class %v (%v), want %v", s, err, v)
			}
			continue
		}
		got, known := have[k]
		f.differs(t, known && alike(got, v), causes, "%s: %s is %v, want %v", r.Name, k, got, v)
	}
}

type flashMerge struct {
	Basis   string         `json:"basis"`
	Input   flashInput     `json:"input"`
	Result  map[string]any `json:"result"`
	Note    string         `json:"note"`
	Returns map[string]any `json:"recipe_returns"`
	Keys    []string       `json:"result_keys"`
	As      string         `json:"recipe_registered_as"`
	Lookup  string         `json:"lookup"`
	Error   *flashError    `json:"error"`
}

func (f *flash) configMerge(t *testing.T, c flashMerge) {
	switch {
	case c.As != "":
		f.recipeName(t, c)
		return
	case c.Returns != nil:
		f.recipeConfig(t, c)
		return
	}
	given := configIn(c.Input.v)
	r, err := chosenScheduler(c.Input.v, lrsched.Builtin())
	causes := append(cause(invalidConfig(given), "unknown-config-key"), cause(needsMetric(nameIn(c.Input.v)), "plateau-monitors")...)
	if f.differs(t, err == nil, causes, "%v", err); err != nil {
		return
	}
	delete(c.Result, "scheduler")
	f.sameConfig(t, r, c.Result, append(causes, cause(given["interval"] == nil, "suitable-interval")...))
}

// configIn is the scheduler config in an input; nil where there is none.
func configIn(in any) map[string]any {
	if list, ok := in.([]any); ok && len(list) == 3 {
		m, _ := list[2].(map[string]any)
		return m
	}
	return nil
}

// invalidConfig tells whether a config has a key that none has, or a value that
// its key does not take.
func invalidConfig(m map[string]any) bool {
	for k, v := range m {
		n, isInt := v.(int)
		switch k {
		case "interval":
			if v != "step" && v != "epoch" {
				return true
			}
		case "frequency":
			if !isInt || n < 1 {
				return true
			}
		case "opt_idx":
			if v != nil && n != 0 {
				return true
			}
		case "scheduler", "monitor", "strict", "name", "reduce_on_plateau":
		default:
			return true
		}
	}
	return false
}

// recipeName registers a recipe and looks it up.
func (f *flash) recipeName(t *testing.T, c flashMerge) {
	catalog := lrsched.Builtin().Clone()
	recipe := registry.Entry[lrsched.Component]{Name: c.As, Value: lrsched.Compose(func(lrsched.Args) (lrsched.Choice, error) {
		return lrsched.Named("StepLR", lrsched.Args{"step_size": 10}), nil
	})}
	if err := catalog.Schedulers.Add(recipe); err != nil {
		t.Fatal(err)
	}
	if err := catalog.Schedulers.Add(recipe); err == nil {
		t.Error("it is registered twice")
	}
	r, err := catalog.Resolve(lrsched.Named(c.Lookup, nil))
	f.differs(t, (err != nil) == (c.Error != nil), cause(c.As == c.Lookup, "recipe-found"), "found %v, %v", r, err)
	if c.As == c.Lookup && (err != nil || r.Name != c.As) {
		t.Errorf("registered as %s, found %v, %v", c.As, r, err)
	}
}

// recipeConfig lets a recipe return a scheduler config.
func (f *flash) recipeConfig(t *testing.T, c flashMerge) {
	name, _ := c.Returns["scheduler"].(string)
	rest := maps.Clone(c.Returns)
	delete(rest, "scheduler")
	catalog := lrsched.Builtin().Clone()
	err := catalog.Schedulers.Add(registry.Entry[lrsched.Component]{Name: "recipe", Value: lrsched.Compose(func(lrsched.Args) (lrsched.Choice, error) {
		config, _, err := lrsched.ParseConfig(rest)
		return lrsched.Named(name, lrsched.Args{"step_size": 10}, config), err
	})})
	if err != nil {
		t.Fatal(err)
	}
	r, err := catalog.Resolve(lrsched.Named("recipe", nil))
	if c.Error != nil || err != nil {
		f.differs(t, (err != nil) == (c.Error != nil), nil, "error %v, want %v", err, c.Error)
		c.Error.note(t, err)
		return
	}
	f.differs(t, r.Config.Interval == "" || len(c.Keys) > 1, []string{"complete-config"}, "the config is complete: %v", r.Config)
}

func (f *flash) schedulerError(t *testing.T, c flashErrorCase) {
	_, err := chosenScheduler(c.Input.v, lrsched.Builtin())
	_, known := lrsched.Builtin().Schedulers.Lookup(nameIn(c.Input.v))
	f.differs(t, err != nil, f.inputCauses(c, known), "no error, want %s", c.Error.Match)
	c.Error.note(t, err)
}

type flashWarmup struct {
	Steps    int     `json:"steps"`
	Fraction float64 `json:"fraction"`
	Warmup   int     `json:"warmup"`
}

type flashWarmupError struct {
	Steps     loose  `json:"num_warmup_steps"`
	NoTrainer bool   `json:"no_trainer"`
	Second    bool   `json:"second_configure_call"`
	Type      string `json:"type"`
	Match     string `json:"match"`
	Basis     string `json:"basis"`
	Note      string `json:"note"`
}

func (f *flash) warmup(t *testing.T, raw json.RawMessage) {
	var m struct {
		Rounding string          `json:"rounding"`
		OK       json.RawMessage `json:"ok"`
		Errors   json.RawMessage `json:"errors"`
	}
	decode(t, raw, &m)
	t.Run("ok", func(t *testing.T) {
		eachCase(t, m.OK, func(t *testing.T, c flashWarmup) {
			n, err := warmupSteps(lrsched.Args{"num_warmup_steps": c.Fraction}, c.Steps)
			if err != nil || n != c.Warmup {
				t.Errorf("%d steps (%v), want %d", n, err, c.Warmup)
			}
		})
	})
	t.Run("errors", func(t *testing.T) { eachCase(t, m.Errors, f.warmupError) })
}

// warmupSteps is what a warm-up becomes in a run of total steps, as the
// scheduler's state tells.
func warmupSteps(args lrsched.Args, total int) (int, error) {
	r, err := lrsched.Builtin().Resolve(lrsched.Named("cosine_schedule_with_warmup", args))
	if err != nil {
		return 0, err
	}
	table := &lrsched.Table{Groups: []lrsched.Group{{LR: 1}}}
	s, err := r.Build(table, lrsched.Budget{TotalSteps: total, StepsPerEpoch: total, Epochs: 1}, nil)
	if err != nil {
		return 0, err
	}
	var state struct {
		Lambdas []struct {
			Warmup int `json:"num_warmup_steps"`
		} `json:"lr_lambdas"`
		Warmup *int `json:"num_warmup_steps"`
	}
	if err := json.Unmarshal(s.State(), &state); err != nil {
		return 0, err
	}
	if state.Warmup != nil {
		return *state.Warmup, nil
	}
	if len(state.Lambdas) == 0 {
		return 0, fmt.Errorf("the state does not tell: %s", s.State())
	}
	return state.Lambdas[0].Warmup, nil
}

func (f *flash) warmupError(t *testing.T, c flashWarmupError) {
	args, total, causes := lrsched.Args{"num_warmup_steps": 0.5}, 10, []string(nil)
	switch v := c.Steps.v.(type) {
	case map[string]any:
		for kind, x := range v {
			n, isInt := x.(int)
			x0, isFloat := x.(float64)
			text, _ := x.(string)
			_, notNumber := strconv.ParseFloat(text, 64)
			if kind == "float" && isInt {
				x = float64(n)
			}
			args["num_warmup_steps"] = x
			causes = append(cause(isInt && n >= 0 || isFloat && x0 > 1 && x0 == math.Trunc(x0), "whole-warmup"), cause(notNumber == nil, "number-as-text")...)
		}
	case string:
		if v != "missing" {
			t.Fatalf("a warm-up of another kind: %s", v)
		}
		delete(args, "num_warmup_steps")
	}
	if c.NoTrainer {
		total = 0
	}
	before := maps.Clone(args)
	n, err := warmupSteps(args, total)
	if c.Second {
		causes = []string{"arguments-kept"}
		again, secondErr := warmupSteps(args, total)
		if err != nil || secondErr != nil || again != n {
			t.Errorf("%d (%v), the second time %d (%v)", n, err, again, secondErr)
		}
	}
	if !maps.Equal(args, before) {
		t.Errorf("the arguments were changed to %v", args)
	}
	f.differs(t, err != nil, causes, "no error, want %s", c.Match)
	(&flashError{c.Type, c.Match}).note(t, err)
	if want, ok := args["num_warmup_steps"].(int); ok && err == nil && n != want {
		t.Errorf("%d steps, want %d", n, want)
	}
}

type flashManual struct {
	Basis  string     `json:"basis"`
	Sched  flashInput `json:"sched"`
	Expect string     `json:"expect"`
	Test   string     `json:"test"`
}

// manual steps a scheduler by hand, without a trainer.
func (f *flash) manual(t *testing.T, raw json.RawMessage) {
	runCases(t, []section{{"one_step", raw}}, func(t *testing.T, c flashManual) {
		r, err := chosenScheduler(c.Sched.v, lrsched.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		table := &lrsched.Table{Groups: []lrsched.Group{{LR: 1}}}
		s, err := r.Build(table, lrsched.Budget{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Step(table); err != nil || s.LastEpoch() != 1 || table.Groups[0].LR == 1 {
			t.Errorf("after a step: %v, epoch %d, LR %v", err, s.LastEpoch(), table.Groups[0].LR)
		}
	})
}

type flashCosine struct {
	LR     float64 `json:"lr"`
	Warmup int     `json:"warmup"`
	Max    int     `json:"max"`
	Start  float64 `json:"warmup_start_lr"`
	Min    float64 `json:"eta_min"`
}

// warmupCosine holds the recursive form against the closed one, at every step.
func (f *flash) warmupCosine(t *testing.T, raw json.RawMessage) {
	var m struct {
		Basis    string          `json:"basis"`
		Property string          `json:"property"`
		Closed   string          `json:"closed_form"`
		Cases    json.RawMessage `json:"cases"`
	}
	decode(t, raw, &m)
	eachCase(t, m.Cases, func(t *testing.T, c flashCosine) {
		r, err := lrsched.Builtin().Resolve(lrsched.Named("LinearWarmupCosineAnnealingLR", lrsched.Args{
			"warmup_epochs": c.Warmup, "max_epochs": c.Max, "warmup_start_lr": c.Start, "eta_min": c.Min,
		}))
		if err != nil {
			t.Fatal(err)
		}
		table := &lrsched.Table{Groups: []lrsched.Group{{LR: c.LR}}}
		s, err := r.Build(table, lrsched.Budget{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []float64
		for step := range c.Max {
			got = append(got, table.Groups[0].LR)
			want = append(want, c.closed(step))
			if err := s.Step(table); err != nil {
				t.Fatal(err)
			}
		}
		tolerance{Rel: 1e-12, Abs: 1e-18}.compare(t, "LR", got, want)
	})
}

func (c flashCosine) closed(step int) float64 {
	if step < c.Warmup {
		return c.Start + float64(step)*(c.LR-c.Start)/float64(max(1, c.Warmup-1))
	}
	return c.Min + 0.5*(c.LR-c.Min)*(1+math.Cos(math.Pi*float64(step-c.Warmup)/float64(c.Max-c.Warmup)))
}
