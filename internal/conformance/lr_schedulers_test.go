package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
)

const lrSchedulersFile = "torch_lr_schedulers.json"

// traceTolerance is the file's: relative 1e-12, and the same absolutely, near
// zero, on the scale of the trace.
func traceTolerance(rows []numbers) tolerance {
	tol := tolerance{Rel: 1e-12}
	for _, r := range rows {
		for _, x := range r {
			tol.Abs = max(tol.Abs, 1e-12*min(1, max(x, -x)))
		}
	}
	return tol
}

// TestTorchLRSchedulers replays torch's own LR schedulers.
func TestTorchLRSchedulers(t *testing.T) {
	suite{
		file:    lrSchedulersFile,
		context: []string{"about", "metrics"},
		sections: map[string]sectionFunc{
			"cases":      func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayLRs) },
			"plateau":    func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayPlateau) },
			"errors":     func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayLRError) },
			"state_dict": func(t *testing.T, raw json.RawMessage) { eachCase(t, raw, replayLRState) },
		},
	}.replay(t)
}

// lrSetting is an optimizer with a scheduler to be built on it.
type lrSetting struct {
	Scheduler string    `json:"scheduler"`
	Kwargs    arguments `json:"kwargs"`
	LRsInit   []float64 `json:"lrs_init"`
	Optimizer struct {
		Name   string         `json:"name"`
		Kwargs map[string]any `json:"kwargs"`
	} `json:"optimizer"`
	Groups []map[string]float64 `json:"groups"`
	Note   string               `json:"note"`
}

// addedGroup joins the optimizer while the scheduler, unaware of it, runs.
type addedGroup struct {
	AfterSteps int      `json:"after_steps"`
	LR         float64  `json:"lr"`
	InitialLR  *float64 `json:"initial_lr"`
}

func (a *addedGroup) join(tab *lrsched.Table, steps int) {
	if a == nil || a.AfterSteps != steps {
		return
	}
	g := lrsched.Group{LR: a.LR}
	if a.InitialLR != nil {
		g.InitialLR = lrsched.At(*a.InitialLR)
	}
	tab.Groups = append(tab.Groups, g)
}

// table is the optimizer's groups before the scheduler is built. What an
// optimizer's momentum is called, and starts at, is torch's.
func (s lrSetting) table(t *testing.T) *lrsched.Table {
	t.Helper()
	tab := lrsched.NewTable(s.LRsInit...)
	initial := 0.0
	switch s.Optimizer.Name {
	case "", "SGD", "RMSprop":
		tab.Momentum = lrsched.PlainMomentum
		if s.Optimizer.Name == "" {
			initial = 0.9
		}
	case "Muon":
		tab.Momentum, initial = lrsched.PlainMomentum, 0.95
	case "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "SparseAdam":
		tab.Momentum, initial = lrsched.Beta1, 0.9
	case "Adagrad", "Adadelta", "ASGD", "Rprop", "Adafactor", "LBFGS":
	default:
		t.Fatalf("the optimizer %q has no entry here", s.Optimizer.Name)
	}
	if m, ok := s.Optimizer.Kwargs["momentum"].(float64); ok {
		initial = m
	}
	if betas, ok := s.Optimizer.Kwargs["betas"].([]any); ok {
		initial = betas[0].(float64)
	}
	for i := range tab.Groups {
		g := &tab.Groups[i]
		g.Momentum = initial
		if i >= len(s.Groups) {
			continue
		}
		for key, v := range s.Groups[i] {
			switch key {
			case "initial_lr":
				g.InitialLR = lrsched.At(v)
			case "max_lr":
				g.MaxLR = lrsched.At(v)
			case "min_lr":
				g.MinLR = lrsched.At(v)
			case "max_momentum":
				g.MaxMomentum = lrsched.At(v)
			case "base_momentum":
				g.BaseMomentum = lrsched.At(v)
			case "swa_lr":
				g.SWALR = lrsched.At(v)
			default:
				t.Fatalf("a group's %q is not known here", key)
			}
		}
	}
	return tab
}

// resolve finds the scheduler the way a user's config does.
func (s lrSetting) resolve() (*lrsched.Resolved, error) {
	args, _ := nested(map[string]any(s.Kwargs)).(map[string]any)
	return lrsched.Builtin().Resolve(lrsched.Named(s.Scheduler, args, lrsched.Config{Monitor: "metric"}))
}

func (s lrSetting) build(tab *lrsched.Table) (lrsched.Scheduler, error) {
	r, err := s.resolve()
	if err != nil {
		return nil, err
	}
	return r.Build(tab, lrsched.Budget{}, nil)
}

// nested writes schedulers within arguments, {scheduler, kwargs}, as our data
// form does.
func nested(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := v["scheduler"]; ok && len(v) <= 2 {
			args := v["kwargs"]
			if args == nil {
				args = map[string]any{}
			}
			return map[string]any{"name": name, "args": nested(args)}
		}
		out := map[string]any{}
		for k, x := range v {
			out[k] = nested(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = nested(x)
		}
		return out
	}
	return v
}

type lrCase struct {
	lrSetting
	Expected         []numbers  `json:"expected"`
	ExpectedMomentum []numbers  `json:"expected_momentum"`
	Epochs           int        `json:"epochs"`
	StepArg          []*float64 `json:"step_arg"`
	SetLR            *struct {
		AfterSteps int       `json:"after_steps"`
		LRs        []float64 `json:"lrs"`
	} `json:"set_lr"`
	AddGroup             *addedGroup `json:"add_group"`
	RaisesAtStep         int         `json:"raises_at_step"`
	Raises               string      `json:"raises"`
	RaisesAtConstruction string      `json:"raises_at_construction"`
	DiffersFrom113       bool        `json:"differs_from_1_13"`
	WasIn113             string      `json:"was_in_1_13"`
}

// replayLRs steps a scheduler and compares the groups' LRs and momenta.
func replayLRs(t *testing.T, c lrCase) {
	tab := c.table(t)
	s, err := c.build(tab)
	if c.RaisesAtConstruction != "" {
		if err == nil {
			t.Fatalf("built; want an error like %q", c.RaisesAtConstruction)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var lrs, momenta []float64
	var want, wantMomenta []float64
	record := func() {
		lrs = append(lrs, tab.LRs()...)
		// A momentum is recorded of the groups that the trace has; late groups
		// have none of the table's.
		for i := 0; i < len(tab.Groups) && len(c.ExpectedMomentum) > 0 && i < len(c.ExpectedMomentum[0]); i++ {
			momenta = append(momenta, tab.Groups[i].Momentum)
		}
	}
	record()
	for step := 1; step < len(c.Expected) || c.RaisesAtStep == step; step++ {
		if c.SetLR != nil && c.SetLR.AfterSteps == step-1 {
			for i, lr := range c.SetLR.LRs {
				tab.Groups[i].LR = lr
			}
		}
		c.AddGroup.join(tab, step-1)
		if step-1 < len(c.StepArg) && c.StepArg[step-1] != nil {
			err = s.(lrsched.Seeker).StepTo(tab, *c.StepArg[step-1])
		} else {
			err = s.Step(tab)
		}
		if c.RaisesAtStep == step {
			if err == nil {
				t.Fatalf("step %d: no error; want one like %q", step, c.Raises)
			}
			break
		}
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		record()
	}
	for _, row := range c.Expected {
		want = append(want, row...)
	}
	for _, row := range c.ExpectedMomentum {
		wantMomenta = append(wantMomenta, row...)
	}
	traceTolerance(c.Expected).compare(t, "LRs", lrs, want)
	if len(c.ExpectedMomentum) > 0 {
		tolerance{Rel: 1e-12, Abs: 1e-12}.compare(t, "momenta", momenta, wantMomenta)
	}
}

type plateauCase struct {
	lrSetting
	Metrics  json.RawMessage `json:"metrics"`
	Expected []numbers       `json:"expected"`
	Best     numbers         `json:"best"`
	Bad      []int           `json:"num_bad_epochs"`
	Cooldown []int           `json:"cooldown_counter"`
	AddGroup *addedGroup     `json:"add_group"`

	RaisesAtStep int    `json:"raises_at_step"`
	Raises       string `json:"raises"`
}

// replayPlateau steps a scheduler with metrics and compares its counters too.
func replayPlateau(t *testing.T, c plateauCase) {
	var metrics numbers
	var name string
	if json.Unmarshal(c.Metrics, &name) == nil {
		lists := map[string]numbers{}
		context(t, lrSchedulersFile, "metrics", &lists)
		metrics = lists[name]
	} else {
		decode(t, c.Metrics, &metrics)
	}
	tab := c.table(t)
	built, err := c.build(tab)
	if err != nil {
		t.Fatal(err)
	}
	s := built.(lrsched.Metered)
	traceTolerance(c.Expected).compare(t, "LRs at the start", tab.LRs(), c.Expected[0])
	for i, m := range metrics {
		c.AddGroup.join(tab, i)
		err := s.StepMetric(tab, m)
		if c.RaisesAtStep == i+1 {
			if err == nil {
				t.Fatalf("step %d: no error; want one like %q", i+1, c.Raises)
			}
			return
		}
		if err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
		if i+1 >= len(c.Expected) {
			break
		}
		traceTolerance(c.Expected).compare(t, "LRs", tab.LRs(), c.Expected[i+1])
		var state struct {
			Best     number `json:"best"`
			Bad      int    `json:"num_bad_epochs"`
			Cooldown int    `json:"cooldown_counter"`
		}
		if err := json.Unmarshal(s.State(), &state); err != nil {
			t.Fatal(err)
		}
		tolerance{}.compare(t, "best", []float64{float64(state.Best)}, c.Best[i:i+1])
		if state.Bad != c.Bad[i] || state.Cooldown != c.Cooldown[i] {
			t.Fatalf("step %d: bad %d, cooldown %d; want %d, %d", i+1, state.Bad, state.Cooldown, c.Bad[i], c.Cooldown[i])
		}
	}
}

type lrStateCase struct {
	lrSetting
	Steps            int                        `json:"steps"`
	State            map[string]json.RawMessage `json:"state_dict"`
	KeysAdded        []string                   `json:"group_keys_added"`
	BitEqual         bool                       `json:"continues_bit_equal"`
	LRAfterSchedOnly float64                    `json:"lr_after_loading_only_the_scheduler"`
	LRSaved          float64                    `json:"lr_saved"`
}

// replayLRState compares a state with torch's state_dict, loads both, and goes
// on. The metrics that led to ReduceLROnPlateau's state are not in the file, so
// torch's state stands for ours there.
func replayLRState(t *testing.T, c lrStateCase) {
	tab := c.table(t)
	s, err := c.build(tab)
	if err != nil {
		t.Fatal(err)
	}
	torch, err := json.Marshal(c.State)
	if err != nil {
		t.Fatal(err)
	}
	_, metered := s.(lrsched.Metered)
	if metered {
		if err := s.Load(torch); err != nil {
			t.Fatal(err)
		}
		tab.Groups[0].LR = c.LRSaved
	} else {
		for range c.Steps {
			if err := s.Step(tab); err != nil {
				t.Fatal(err)
			}
		}
	}
	sameState(t, "", s.State(), torch)
	tolerance{Rel: 1e-12}.compare(t, "saved LR", []float64{tab.Groups[0].LR}, []float64{c.LRSaved})
	if got, want := keysOf(tab.Groups[0]), slices.Sorted(slices.Values(c.KeysAdded)); !slices.Equal(got, want) {
		t.Errorf("the group has %v, want %v", got, want)
	}

	other := c.table(t)
	loaded, err := c.build(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := loaded.Load(s.State()); err != nil {
		t.Fatal(err)
	}
	tolerance{Rel: 1e-12}.compare(t, "LR after loading only the scheduler", other.LRs(), []float64{c.LRAfterSchedOnly})
	*other = *tab.Clone()
	for range c.Steps {
		if err := step(s, tab, 1); err != nil {
			t.Fatal(err)
		}
		if err := step(loaded, other, 1); err != nil {
			t.Fatal(err)
		}
		if c.BitEqual && !slices.Equal(tab.LRs(), other.LRs()) {
			t.Fatalf("went on with %v, and after loading with %v", tab.LRs(), other.LRs())
		}
	}
	if err := loaded.Load(torch); err != nil {
		t.Errorf("torch's own state: %v", err)
	}
}

// step advances any scheduler; a metered one gets the metric.
func step(s lrsched.Scheduler, tab *lrsched.Table, metric float64) error {
	if m, ok := s.(lrsched.Metered); ok {
		return m.StepMetric(tab, metric)
	}
	return s.Step(tab)
}

// stateFlags are what torch keeps in a state and ours does not: flags that are
// false between two steps.
var stateFlags = []string{"_is_initial", "_get_lr_called_within_step"}

// sameState compares two states: keys, and values within the tolerance.
func sameState(t *testing.T, path string, got, want json.RawMessage) {
	t.Helper()
	var g, w map[string]json.RawMessage
	if json.Unmarshal(want, &w) != nil || json.Unmarshal(got, &g) != nil {
		sameValue(t, path, got, want)
		return
	}
	for _, flag := range stateFlags {
		delete(w, flag)
	}
	for _, k := range slices.Sorted(maps.Keys(w)) {
		if _, ok := g[k]; !ok {
			t.Errorf("%s: torch's state has %q, ours has not", path, k)
			continue
		}
		sameState(t, path+"."+k, g[k], w[k])
		delete(g, k)
	}
	for k := range g {
		t.Errorf("%s: our state has %q, torch's has not", path, k)
	}
}

func sameValue(t *testing.T, path string, got, want json.RawMessage) {
	t.Helper()
	var gl, wl []json.RawMessage
	if json.Unmarshal(want, &wl) == nil && json.Unmarshal(got, &gl) == nil && len(wl) == len(gl) {
		for i := range wl {
			sameState(t, path, gl[i], wl[i])
		}
		return
	}
	var g, w number
	if w.UnmarshalJSON(want) == nil && g.UnmarshalJSON(got) == nil {
		tolerance{Rel: 1e-12, Abs: 1e-15}.compare(t, path, []float64{float64(g)}, []float64{float64(w)})
		return
	}
	if string(got) != string(want) {
		t.Errorf("%s: %s, want %s", path, got, want)
	}
}

// keysOf lists what a scheduler left in a group.
func keysOf(g lrsched.Group) []string {
	out := []string{}
	for key, s := range map[string]lrsched.Setting{
		"initial_lr": g.InitialLR, "max_lr": g.MaxLR, "min_lr": g.MinLR,
		"max_momentum": g.MaxMomentum, "base_momentum": g.BaseMomentum, "swa_lr": g.SWALR,
	} {
		if s.Set {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
