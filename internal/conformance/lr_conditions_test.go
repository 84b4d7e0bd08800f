package conformance

import (
	"maps"
	"regexp"
	"strconv"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
)

type lrErrorCase struct {
	Scheduler string `json:"scheduler"`
	// Condition says in words what was wrong; see conditions.
	Condition string  `json:"condition"`
	Error     *string `json:"error"`
	Message   string  `json:"message"`
	Warns     string  `json:"warns"`
}

// enough are arguments with which each scheduler can be built; a condition
// changes them.
var enough = map[string]arguments{
	"LambdaLR":                    {"lr_lambda": "1"},
	"MultiplicativeLR":            {"lr_lambda": "1"},
	"StepLR":                      {"step_size": 3},
	"MultiStepLR":                 {"milestones": []any{3}},
	"ConstantLR":                  {},
	"LinearLR":                    {},
	"ExponentialLR":               {"gamma": 0.9},
	"PolynomialLR":                {},
	"CosineAnnealingLR":           {"T_max": 10},
	"CosineAnnealingWarmRestarts": {"T_0": 5},
	"CyclicLR":                    {"base_lr": 0.01, "max_lr": 0.1},
	"OneCycleLR":                  {"max_lr": 0.1, "total_steps": 10},
	"SequentialLR":                {"schedulers": []any{constantPart, decayPart}, "milestones": []any{3}},
	"ChainedScheduler":            {"schedulers": []any{constantPart, decayPart}},
	"ReduceLROnPlateau":           {},
	"SWALR":                       {"swa_lr": 0.01},
	"any":                         {"step_size": 3},
}

var (
	constantPart = []any{"ConstantLR", map[string]any{}}
	decayPart    = []any{"ExponentialLR", map[string]any{"gamma": 0.9}}
)

// unlike are deliberate differences, by cause.
const (
	typed    = "Go's types leave no way to pass it"
	textual  = "a number may be written as text, since YAML 1.1 reads 1e-06 so"
	loopWide = "the training loop owns the order of optimizer and scheduler"
)

// condition reads a condition's words, changes the setting accordingly, and may
// name a deliberate difference.
type condition struct {
	words  *regexp.Regexp
	change func(s *lrSetting, w []string) (difference string)
}

func words(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`^` + pattern + `(?:: accepted)?$`)
}

// groups makes the setting have n groups.
func (s *lrSetting) groups(n string) {
	count, _ := strconv.Atoi(n)
	s.LRsInit = make([]float64, count)
	for i := range s.LRsInit {
		s.LRsInit[i] = 0.1
	}
}

// set sets an argument; one of OneCycleLR's other ways to give its length
// replaces total_steps.
func (s *lrSetting) set(name string, v any) {
	if name == "epochs" || name == "steps_per_epoch" {
		delete(s.Kwargs, "total_steps")
		for _, other := range []string{"epochs", "steps_per_epoch"} {
			if _, ok := s.Kwargs[other]; !ok {
				s.Kwargs[other] = 2
			}
		}
	}
	s.Kwargs[name] = v
}

func repeated(v any, n string) []any {
	count, _ := strconv.Atoi(n)
	list := make([]any, count)
	for i := range list {
		list[i] = v
	}
	return list
}

func literal(text string) any {
	if i, err := strconv.Atoi(text); err == nil {
		return i
	}
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

var conditions = []condition{
	{words(`the optimizer is not an Optimizer|schedulers of two optimizers`), func(*lrSetting, []string) string { return typed }},
	{words(`step\(\) before the first optimizer\.step\(\)`), func(s *lrSetting, _ []string) string { s.Scheduler = "StepLR"; return loopWide }},
	{words(`(\d+) lambdas, (\d+) groups?`), func(s *lrSetting, w []string) string {
		s.groups(w[2])
		s.set("lr_lambda", repeated("1", w[1]))
		return ""
	}},
	{words(`(\w+) of (\d+) values?, (\d+) groups?`), func(s *lrSetting, w []string) string {
		s.groups(w[3])
		s.set(w[1], repeated(0.05, w[2]))
		return ""
	}},
	{words(`(\w+) is a number`), func(s *lrSetting, w []string) string { s.set(w[1], 0.5); return "" }},
	{words(`(\w+) a string`), func(s *lrSetting, w []string) string { s.set(w[1], "0"); return textual }},
	{words(`(\w+) (?:the int )?(-?\d+|-?\d*\.\d*|-?[\d.]+e-?\d+)`), func(s *lrSetting, w []string) string { s.set(w[1], literal(w[2])); return "" }},
	{words(`(\w+) missing`), func(s *lrSetting, w []string) string { delete(s.Kwargs, w[1]); return "" }},
	{words(`(\w+) without (\w+)`), func(s *lrSetting, w []string) string { s.set(w[1], 3); delete(s.Kwargs, w[2]); return "" }},
	{words(`(\w+) with (\w+)(?: of momentum 0)?`), func(s *lrSetting, w []string) string {
		s.Optimizer.Name = w[2]
		s.set(w[1], true)
		return ""
	}},
	{words(`no schedulers`), func(s *lrSetting, _ []string) string { s.set("schedulers", []any{}); return "" }},
	{words(`(\w+) inside`), func(s *lrSetting, w []string) string {
		s.set("schedulers", []any{constantPart, []any{w[1], map[string]any{}}})
		return ""
	}},
	{words(`an element is not a scheduler`), func(s *lrSetting, _ []string) string { s.set("schedulers", []any{constantPart, 7}); return "" }},
	{words(`(\d+) schedulers?, (\d+) milestones?`), func(s *lrSetting, w []string) string {
		s.set("schedulers", repeated(decayPart, w[1]))
		s.set("milestones", repeated(3, w[2]))
		return ""
	}},
	{words(`(\w+) (\w+)(?:, no (\w+))?`), func(s *lrSetting, w []string) string {
		s.set(w[1], w[2])
		delete(s.Kwargs, w[3])
		return ""
	}},
}

// replayLRError puts a condition into practice: what torch refuses we refuse,
// what it accepts we accept.
func replayLRError(t *testing.T, c lrErrorCase) {
	base, ok := enough[c.Scheduler]
	if !ok {
		t.Fatalf("the scheduler %q has no entry here", c.Scheduler)
	}
	s := lrSetting{Scheduler: c.Scheduler, Kwargs: maps.Clone(base), LRsInit: []float64{0.1}}
	for _, cond := range conditions {
		w := cond.words.FindStringSubmatch(c.Condition)
		if w == nil {
			continue
		}
		difference := cond.change(&s, w)
		if difference == typed {
			t.Skip(typed)
		}
		tab := s.table(t)
		_, err := s.build(tab)
		wantError := c.Error != nil && difference == ""
		if wantError && err == nil {
			t.Errorf("built; want an error like %q", c.Message)
		}
		if !wantError && err != nil {
			t.Errorf("%v; want none (%s)", err, difference)
		}
		if err != nil && !sameLRs(tab, s) {
			t.Errorf("after an error the groups have the LRs %v", tab.LRs())
		}
		return
	}
	t.Fatalf("no rule reads the condition %q", c.Condition)
}

func sameLRs(tab *lrsched.Table, s lrSetting) bool {
	for i, g := range tab.Groups {
		if g.LR != s.LRsInit[i] || g.InitialLR.Set {
			return false
		}
	}
	return true
}
