package lrsched

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// examples holds arguments for every built-in scheduler.
func examples() map[string]Args {
	decay := []any{"ExponentialLR", map[string]any{"gamma": 0.9}}
	rise := []any{"LinearLR", map[string]any{"start_factor": 0.1, "total_iters": 4}}
	return map[string]Args{
		"LambdaLR":                      {"lr_lambda": "0.9 ** epoch"},
		"MultiplicativeLR":              {"lr_lambda": "0.5 if epoch % 3 == 0 else 1"},
		"StepLR":                        {"step_size": 2},
		"MultiStepLR":                   {"milestones": []any{1, 4, 4, 9}},
		"ConstantLR":                    {"factor": 0.3, "total_iters": 4},
		"LinearLR":                      {"total_iters": 7},
		"ExponentialLR":                 {"gamma": 0.8},
		"PolynomialLR":                  {"total_iters": 30, "power": 2.0},
		"CosineAnnealingLR":             {"T_max": 5, "eta_min": 0.001},
		"CosineAnnealingWarmRestarts":   {"T_0": 3, "T_mult": 2},
		"CyclicLR":                      {"step_size_up": 3, "mode": "exp_range", "gamma": 0.95},
		"OneCycleLR":                    {"max_lr": 0.5},
		"SequentialLR":                  {"schedulers": []any{rise, decay}, "milestones": []any{4}},
		"ChainedScheduler":              {"schedulers": []any{rise, decay}},
		"ReduceLROnPlateau":             {"patience": 1, "cooldown": 1, "min_lr": 0.01},
		"SWALR":                         {"swa_lr": 0.05, "anneal_epochs": 6},
		"constant_schedule":             nil,
		"constant_schedule_with_warmup": {"num_warmup_steps": 3},
		"linear_schedule_with_warmup":   {"num_warmup_steps": 0.1},
		"cosine_schedule_with_warmup":   {"num_warmup_steps": 0.1},
		"cosine_with_hard_restarts_schedule_with_warmup":  {"num_warmup_steps": 2, "num_cycles": 3},
		"polynomial_decay_schedule_with_warmup":           {"num_warmup_steps": 2, "power": 2},
		"inverse_sqrt_schedule":                           {"num_warmup_steps": 5},
		"cosine_with_min_lr_schedule_with_warmup":         {"num_warmup_steps": 2, "min_lr": 0.01},
		"cosine_with_min_lr_schedule_with_warmup_lr_rate": {"num_warmup_steps": 2, "min_lr_rate": 0.1},
		"wsd_schedule":                  {"num_warmup_steps": 0.2, "num_decay_steps": 0.2, "decay_type": "1-sqrt"},
		"greedy_schedule":               {"patience": 1, "factor": 0.7, "smooth": true, "window_size": 3, "reset_start": 2},
		"adafactor_schedule":            {"initial_lr": 0.1},
		"LinearWarmupCosineAnnealingLR": {"warmup_epochs": 3, "max_epochs": 20},
		"slanted_triangular":            nil,
	}
}

var exampleBudget = Budget{TotalSteps: 40, StepsPerEpoch: 2, Epochs: 40}

func resolved(t interface{ Fatal(args ...any) }, name string) *Resolved {
	args, ok := examples()[name]
	if !ok {
		t.Fatal(name, "has no example")
	}
	r, err := Builtin().Resolve(Named(name, args, Config{Monitor: "m"}))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func advance(s Scheduler, t *Table, metric float64) error {
	if m, ok := s.(Metered); ok {
		return m.StepMetric(t, metric)
	}
	return s.Step(t)
}

// TestEveryScheduler: each built-in one is documented, found by all its names,
// and runs with its example.
func TestEveryScheduler(t *testing.T) {
	names := map[string]bool{}
	for _, e := range Builtin().Schedulers.Entries() {
		names[e.Name] = true
		if e.Doc == "" || e.Value.Formula == "" || e.Value.Source == "" || e.Value.Interval == "" {
			t.Errorf("%s lacks a doc, a formula, a source or an interval", e.Name)
		}
		for _, a := range e.Value.Arguments() {
			if a.Doc == "" || a.Required && a.Default != nil {
				t.Errorf("%s: the argument %+v", e.Name, a)
			}
		}
		for _, alias := range e.Aliases {
			if found, err := Builtin().Schedulers.Find(alias); err != nil || found.Name != e.Name {
				t.Errorf("%s finds %q, %v; want %s", alias, found.Name, err, e.Name)
			}
		}
		tab := NewTable(0.1, 0.2)
		tab.Momentum = PlainMomentum
		rows, err := resolved(t, e.Name).Trace(tab, exampleBudget, 40, 3, 2, 1, 1, 1)
		if err != nil || len(rows) != 41 {
			t.Errorf("%s: %d rows, %v", e.Name, len(rows), err)
		}
	}
	if got := len(examples()); got != len(names) {
		t.Errorf("%d examples for %d schedulers", got, len(names))
	}
}

// TestRestore: at any step, also after groups arrived late, a scheduler made
// anew with the saved state goes on bit for bit.
func TestRestore(t *testing.T) {
	names := slices.Sorted(maps.Keys(examples()))
	rapid.Check(t, func(rt *rapid.T) {
		r := resolved(rt, rapid.SampledFrom(names).Draw(rt, "scheduler"))
		tab := NewTable(rapid.SliceOfN(rapid.Float64Range(0.01, 0.5), 1, 3).Draw(rt, "lrs")...)
		tab.Momentum = Beta1
		s, err := r.Build(tab, exampleBudget, nil)
		if err != nil {
			rt.Fatal(err)
		}
		metric := rapid.Float64Range(0, 1)
		for range rapid.IntRange(0, 15).Draw(rt, "steps before") {
			if rapid.IntRange(0, 5).Draw(rt, "dice") == 0 {
				lr := rapid.Float64Range(1e-4, 0.1).Draw(rt, "late")
				tab.Groups = append(tab.Groups, Group{LR: lr, InitialLR: At(lr)})
				if err := s.Extend(tab, []float64{lr}); err != nil {
					rt.Fatal(err)
				}
			}
			if err := advance(s, tab, metric.Draw(rt, "metric")); err != nil {
				rt.Fatal(err)
			}
		}
		saved, err := json.Marshal(tab)
		if err != nil {
			rt.Fatal(err)
		}
		var other Table
		if err := json.Unmarshal(saved, &other); err != nil {
			rt.Fatal(err)
		}
		again, err := r.Restore(&other, exampleBudget, s.State())
		if err != nil {
			rt.Fatal(err)
		}
		if string(again.State()) != string(s.State()) {
			rt.Fatalf("state %s, restored %s", s.State(), again.State())
		}
		for i := range 20 {
			m := metric.Draw(rt, "metric")
			if err := advance(s, tab, m); err != nil {
				rt.Fatal(err)
			}
			if err := advance(again, &other, m); err != nil {
				rt.Fatal(err)
			}
			if !slices.Equal(tab.Groups, other.Groups) {
				rt.Fatalf("step %d: %v, restored %v", i, tab.Groups, other.Groups)
			}
		}
	})
}

// TestLateGroupFollows: where the LR is a function of the base LR, a group that
// arrives late with the first group's base has the first group's LR from the
// next step on.
func TestLateGroupFollows(t *testing.T) {
	bases := map[string]float64{
		"LambdaLR": 0.1, "CosineAnnealingWarmRestarts": 0.1, "CyclicLR": 0.1, "OneCycleLR": 0.5,
		"linear_schedule_with_warmup": 0.1, "wsd_schedule": 0.1, "slanted_triangular": 0.1,
		"cosine_with_min_lr_schedule_with_warmup": 0.1,
	}
	for name, lr := range bases {
		for late := range 12 {
			tab := NewTable(0.1)
			tab.Momentum = PlainMomentum
			s, err := resolved(t, name).Build(tab, exampleBudget, nil)
			if err != nil {
				t.Fatal(err)
			}
			for step := range 20 {
				if step == late {
					tab.Groups = append(tab.Groups, Group{LR: lr, InitialLR: At(lr)})
					if err := s.Extend(tab, []float64{lr}); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Step(tab); err != nil {
					t.Fatal(err)
				}
				if step >= late && (tab.Groups[0].LR != tab.Groups[1].LR || tab.Groups[0].Momentum != tab.Groups[1].Momentum) {
					t.Fatalf("%s, joined at %d, step %d: %v", name, late, step, tab.Groups)
				}
			}
		}
	}
}

// TestUntold: a group that joins without the scheduler being told is an error,
// at once or where the base LRs are needed, and never a panic.
func TestUntold(t *testing.T) {
	for name := range examples() {
		tab := NewTable(0.1)
		tab.Momentum = PlainMomentum
		s, err := resolved(t, name).Build(tab, exampleBudget, nil)
		if err != nil {
			t.Fatal(err)
		}
		tab.Groups = append(tab.Groups, Group{LR: 0.1})
		for range 15 {
			before := slices.Clone(tab.Groups)
			if err := advance(s, tab, 1); err != nil {
				if name != "ChainedScheduler" && !slices.Equal(before, tab.Groups) {
					t.Errorf("%s: after the error the groups are %v, not %v", name, tab.Groups, before)
				}
				break
			}
		}
	}
}

// TestForeignState: another scheduler's state is refused.
func TestForeignState(t *testing.T) {
	build := func(name string) Scheduler {
		tab := NewTable(0.1)
		tab.Momentum = PlainMomentum
		s, err := resolved(t, name).Build(tab, exampleBudget, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	step := build("StepLR").State()
	for name := range examples() {
		switch name {
		case "StepLR", "ExponentialLR": // ExponentialLR's state is part of StepLR's
			continue
		}
		if err := build(name).Load(step); err == nil {
			t.Errorf("%s took StepLR's state", name)
		}
	}
	for _, bad := range []string{"", "null", "[]", `{"base_lrs": "x"}`, `{"step_size":2,"gamma":"x","base_lrs":[1],"last_epoch":0,"_step_count":1,"_last_lr":[1]}`} {
		if err := build("StepLR").Load(json.RawMessage(bad)); err == nil {
			t.Errorf("StepLR took the state %q", bad)
		}
	}
}

// FuzzChoice: no choice and no state makes a scheduler panic, and one that
// fails to build leaves the table alone.
func FuzzChoice(f *testing.F) {
	for name, args := range examples() {
		text, err := json.Marshal([]any{name, args})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), `{"base_lrs":[1],"last_epoch":3,"_step_count":4,"_last_lr":[1]}`)
	}
	f.Add(`{"class_path": "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts", "init_args": {"T_0": 1, "T_mult": 1000000000000000000}}`, `{}`)
	f.Add(`["OneCycleLR", {"max_lr": [0.1, "1e-06"], "total_steps": 1, "pct_start": 1.0}, {"interval": "step"}]`, `{}`)
	f.Fuzz(func(t *testing.T, choice, state string) {
		var v any
		if json.Unmarshal([]byte(choice), &v) != nil {
			return
		}
		ch, err := ParseChoice(v)
		if err != nil {
			return
		}
		ch.Config.Monitor = "m"
		r, err := Builtin().Resolve(ch)
		if err != nil {
			return
		}
		tab := NewTable(0.1, 0.01)
		tab.Momentum = PlainMomentum
		before := tab.Clone()
		s, err := r.Build(tab, Budget{TotalSteps: 20}, nil)
		if err != nil {
			if !slices.Equal(tab.Groups, before.Groups) {
				t.Fatalf("after %v the groups are %v", err, tab.Groups)
			}
			return
		}
		for range 10 {
			if advance(s, tab, 1) != nil {
				break
			}
		}
		if seeker, ok := s.(Seeker); ok {
			_ = seeker.StepTo(tab, 1e9)
		}
		if _, err := r.Restore(tab, Budget{TotalSteps: 20}, s.State()); err != nil {
			t.Fatalf("its own state %s: %v", s.State(), err)
		}
		restored, err := r.Restore(tab, Budget{TotalSteps: 20}, json.RawMessage(state))
		if err != nil {
			return
		}
		for range 5 {
			if advance(restored, tab, 1) != nil {
				break
			}
		}
	})
}
