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
)

const hfFile = "optimizers_and_hf_schedules.json"

// TestOptimizersAndHFSchedules replays the small golden traces: transformers'
// schedules and some of torch's here, optimizers in hfOptimizerSections.
func TestOptimizersAndHFSchedules(t *testing.T) {
	sections := map[string]sectionFunc{
		"schedulers_torch":           namedSection(replayDescribed),
		"reduce_on_plateau":          listSection(replayGoldenPlateau),
		"flash_linear_warmup_cosine": listSection(replayFlashCosine),
		"hf_schedules":               namedSection(replayFactors),
		"hf_greedy":                  listSection(replayGreedy),
		"hf_get_scheduler":           listSection(replayGetScheduler),
		"hf_errors":                  listSection(replayGetScheduler),
		"hf_names":                   listSection(replayName),
		"hf_adafactor_schedule":      listSection(replayAdafactor),
	}
	maps.Copy(sections, hfOptimizerSections)
	suite{file: hfFile, context: []string{"about", "readme", "problem"}, sections: sections}.replay(t)
}

func listSection[C any](run func(*testing.T, C)) sectionFunc {
	return func(t *testing.T, raw json.RawMessage) { t.Helper(); eachCase(t, raw, run) }
}

func namedSection[C any](run func(*testing.T, C)) sectionFunc {
	return func(t *testing.T, raw json.RawMessage) { t.Helper(); namedCases(t, raw, run) }
}

// goldenTolerance is that of float64 formulas that are the same but for
// rounding; recursive ones may drift.
var goldenTolerance = tolerance{Rel: 1e-12, Abs: 1e-15}

type describedCase struct {
	// Desc is the constructor's call in shorthand: "CyclicLR(0.01,0.1,up=2)".
	Desc  string    `json:"desc"`
	LR0   float64   `json:"lr0"`
	Trace []numbers `json:"trace"`
}

// replayDescribed builds what the shorthand says. A trace of two lists has the
// momenta in the second.
func replayDescribed(t *testing.T, c describedCase) {
	name, args := shorthand(t, c.Desc)
	tab := lrsched.NewTable(c.LR0)
	tab.Momentum, tab.Groups[0].Momentum = lrsched.PlainMomentum, 0.9
	s := built(t, lrsched.Named(name, args), tab)
	var lrs, momenta numbers
	wantLRs, wantMomenta := flat(c.Trace), numbers(nil)
	if len(c.Trace) == 2 && len(c.Trace[0]) > 1 {
		wantLRs, wantMomenta = c.Trace[0], c.Trace[1]
	}
	for i := range wantLRs {
		if i > 0 {
			if err := s.Step(tab); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
		lrs = append(lrs, tab.Groups[0].LR)
		momenta = append(momenta, tab.Groups[0].Momentum)
	}
	goldenTolerance.compare(t, "LRs", lrs, wantLRs)
	if wantMomenta != nil {
		goldenTolerance.compare(t, "momenta", momenta, wantMomenta)
	}
}

func built(t *testing.T, ch lrsched.Choice, tab *lrsched.Table) lrsched.Scheduler {
	t.Helper()
	ch.Config.Monitor = "metric"
	r, err := lrsched.Builtin().Resolve(ch)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Build(tab, lrsched.Budget{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func flat(rows []numbers) numbers {
	var out numbers
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

// shorthand reads a call with positional arguments, abbreviated names and bare
// words for the values of an enumeration and for flags.
func shorthand(t *testing.T, desc string) (string, lrsched.Args) {
	t.Helper()
	name, rest, ok := strings.Cut(strings.TrimSuffix(desc, ")"), "(")
	entry, found := lrsched.Builtin().Schedulers.Lookup(name)
	if !ok || !found {
		t.Fatalf("%q is no call of a scheduler", desc)
	}
	params := entry.Value.Arguments()
	args := lrsched.Args{}
	for i, part := range strings.Split(rest, ",") {
		part = strings.TrimSpace(part)
		key, value, named := strings.Cut(part, "=")
		_, notNumber := strconv.ParseFloat(part, 64)
		switch {
		case part == "":
		case named:
			args[fullName(t, params, key)] = literalOrText(value)
		case notNumber == nil:
			args[params[i].Name] = literal(part)
		default:
			key, v := bareWord(params, part)
			args[key] = v
		}
	}
	return entry.Name, args
}

// fullName finds the parameter that an abbreviation stands for: a prefix, a
// last word, or the initials.
func fullName(t *testing.T, params []lrsched.Arg, short string) string {
	t.Helper()
	for _, match := range []func(name string) bool{
		func(name string) bool { return name == short },
		func(name string) bool { return strings.HasPrefix(name, short) },
		func(name string) bool { return strings.HasSuffix(name, "_"+short) },
		func(name string) bool {
			initials := ""
			for _, w := range strings.Split(name, "_") {
				initials += w[:1]
			}
			return initials == short
		},
	} {
		for _, p := range params {
			if match(p.Name) {
				return p.Name
			}
		}
	}
	t.Fatalf("no argument is abbreviated %q", short)
	return ""
}

// bareWord is a flag's name, or a value of the enumeration that has it.
func bareWord(params []lrsched.Arg, word string) (string, any) {
	for _, p := range params {
		if p.Name == word {
			return word, true
		}
	}
	for _, p := range params {
		if p.Type == "text" && strings.Contains(p.Doc, word) {
			return p.Name, word
		}
	}
	return word, word
}

func literalOrText(text string) any {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return literal(text)
	}
	return text
}

type goldenPlateauCase struct {
	Kwargs  arguments `json:"kwargs"`
	Metrics numbers   `json:"metrics"`
	LRs     numbers   `json:"lrs"`
}

// replayGoldenPlateau starts from LR 1.
func replayGoldenPlateau(t *testing.T, c goldenPlateauCase) {
	tab := lrsched.NewTable(1)
	s := built(t, lrsched.Named("ReduceLROnPlateau", lrsched.Args(c.Kwargs)), tab)
	goldenTolerance.compare(t, "LRs", metered(t, s, tab, c.Metrics), c.LRs)
}

// metered gives the first group's LR after each metric.
func metered(t *testing.T, s lrsched.Scheduler, tab *lrsched.Table, metrics numbers) []float64 {
	t.Helper()
	var lrs []float64
	for _, m := range metrics {
		if err := step(s, tab, m); err != nil {
			t.Fatal(err)
		}
		lrs = append(lrs, tab.Groups[0].LR)
	}
	return lrs
}

type flashCosineCase struct {
	LR      float64            `json:"lr"`
	Warmup  int                `json:"warmup"`
	Max     int                `json:"max"`
	Start   float64            `json:"warmup_start_lr"`
	EtaMin  float64            `json:"eta_min"`
	Samples map[string]float64 `json:"samples"`
}

// replayFlashCosine compares samples of a recursion over up to thousands of
// steps.
func replayFlashCosine(t *testing.T, c flashCosineCase) {
	tab := lrsched.NewTable(c.LR)
	s := built(t, lrsched.Named("LinearWarmupCosineAnnealingLR", lrsched.Args{
		"warmup_epochs": c.Warmup, "max_epochs": c.Max, "warmup_start_lr": c.Start, "eta_min": c.EtaMin,
	}), tab)
	var steps []int
	for k := range c.Samples {
		i, err := strconv.Atoi(k)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, i)
	}
	slices.Sort(steps)
	var got, want []float64
	for _, at := range steps {
		for s.LastEpoch() < at {
			if err := s.Step(tab); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, tab.Groups[0].LR)
		want = append(want, c.Samples[strconv.Itoa(at)])
	}
	tolerance{Rel: 1e-9, Abs: 1e-12 * c.LR}.compare(t, fmt.Sprint("LRs at ", steps), got, want)
}

type factorsCase struct {
	Kwargs  arguments `json:"kwargs"`
	LR0     float64   `json:"lr0"`
	Factors numbers   `json:"factors"`
}

// replayFactors replays get_<name>; a text after @ only tells cases apart.
func replayFactors(t *testing.T, c factorsCase) {
	name, _, _ := strings.Cut(t.Name()[strings.LastIndex(t.Name(), "hf_schedules/")+len("hf_schedules/"):], "@")
	tab := lrsched.NewTable(c.LR0)
	s := built(t, lrsched.Named(name, lrsched.Args(c.Kwargs)), tab)
	var got []float64
	for i := range c.Factors {
		if i > 0 {
			if err := s.Step(tab); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, tab.Groups[0].LR/c.LR0)
	}
	goldenTolerance.compare(t, "factors", got, c.Factors)
}

type greedyCase struct {
	Kwargs  arguments `json:"kwargs"`
	Metrics numbers   `json:"metrics"`
	LRs     numbers   `json:"lrs"`
}

// replayGreedy: kwargs.lr is the optimizer's.
func replayGreedy(t *testing.T, c greedyCase) {
	tab := lrsched.NewTable(c.Kwargs["lr"].(float64))
	delete(c.Kwargs, "lr")
	s := built(t, lrsched.Named("greedy", lrsched.Args(c.Kwargs)), tab)
	goldenTolerance.compare(t, "LRs", metered(t, s, tab, c.Metrics), c.LRs)
}

type getSchedulerCase struct {
	Name      string    `json:"name"`
	Warmup    *int      `json:"num_warmup_steps"`
	Total     *int      `json:"num_training_steps"`
	Specific  arguments `json:"scheduler_specific_kwargs"`
	LRsInit   []float64 `json:"lrs_init"`
	DefaultLR *float64  `json:"optimizer_default_lr"`
	Metrics   numbers   `json:"metrics"`
	LRs       []numbers `json:"lrs"`
	Class     string    `json:"class"`
	Note      string    `json:"note"`
	Raises    string    `json:"raises_at_construction"`

	RaisesAtStep int    `json:"raises_at_step"`
	RaisesThere  string `json:"raises"`
}

// replayGetScheduler replays transformers' get_scheduler.
func replayGetScheduler(t *testing.T, c getSchedulerCase) {
	tab := lrsched.NewTable(c.LRsInit...)
	if c.DefaultLR != nil {
		tab.DefaultLR = *c.DefaultLR
	}
	s, err := c.build(tab)
	if c.Raises != "" {
		if err == nil {
			t.Errorf("built; want an error like %q", c.Raises)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.Class() != c.Class {
		t.Errorf("class %s, want %s", s.Class(), c.Class)
	}
	got := tab.LRs()
	for i := 1; i < len(c.LRs) || i == c.RaisesAtStep; i++ {
		metric := 0.0
		if len(c.Metrics) > 0 {
			metric = c.Metrics[i-1]
		}
		err := step(s, tab, metric)
		if i == c.RaisesAtStep {
			if err == nil {
				t.Errorf("step %d: no error; want one like %q", i, c.RaisesThere)
			}
			break
		}
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		got = append(got, tab.LRs()...)
	}
	tol := goldenTolerance
	tol.Abs = 1e-12 * slices.Max(c.LRsInit)
	tol.compare(t, "LRs", got, flat(c.LRs))
}

func (c getSchedulerCase) build(tab *lrsched.Table) (lrsched.Scheduler, error) {
	ch, err := lrsched.TransformersChoice{
		Name: c.Name, WarmupSteps: c.Warmup, TrainingSteps: c.Total, Args: lrsched.Args(c.Specific),
	}.Choice()
	if err != nil {
		return nil, err
	}
	ch.Config.Monitor = "metric"
	r, err := lrsched.Builtin().Resolve(ch)
	if err != nil {
		return nil, err
	}
	return r.Build(tab, lrsched.Budget{}, nil)
}

// replayName: every name of transformers' SchedulerType finds a schedule.
func replayName(t *testing.T, name string) {
	if !slices.Contains(lrsched.TransformersNames(), name) {
		t.Errorf("%q is not among %v", name, lrsched.TransformersNames())
	}
	if _, err := lrsched.Builtin().Schedulers.Find(name); err != nil {
		t.Error(err)
	}
}

type adafactorCase struct {
	InitialLR float64 `json:"initial_lr"`
	W0        numbers `json:"w0"`
	Gradient  string  `json:"gradient"`
	LRs       numbers `json:"get_lr"`
	Note      string  `json:"note"`
}

// replayAdafactor runs transformers' Adafactor, with its defaults, on a vector:
// u = g/√v, v = β·v + (1 − β)(g² + 1e-30), β = 1 − t^−0.8, u clipped to a root
// mean square of 1. The gradient is a multiple of w.
func replayAdafactor(t *testing.T, c adafactorCase) {
	slope, err := strconv.ParseFloat(strings.TrimSuffix(c.Gradient, "*w"), 64)
	if err != nil {
		t.Fatalf("gradient %q: %v", c.Gradient, err)
	}
	tab := lrsched.NewTable(0)
	s := built(t, lrsched.Named("adafactor_schedule", lrsched.Args{"initial_lr": c.InitialLR}), tab)
	got := []float64{tab.Groups[0].LR}
	w, v := slices.Clone(c.W0), make([]float64, len(c.W0))
	for step := 1; step < len(c.LRs); step++ {
		lr := lrsched.RelativeStep(step, rms(w), 1e-3, false)
		beta := 1 - math.Pow(float64(step), -0.8)
		u := make([]float64, len(w))
		for i := range w {
			g := slope * w[i]
			v[i] = beta*v[i] + (1-beta)*(g*g+1e-30)
			u[i] = g / math.Sqrt(v[i])
		}
		clip := max(1, rms(u))
		for i := range w {
			w[i] -= lr * u[i] / clip
		}
		tab.Groups[0].OwnLR = lrsched.At(lr)
		if err := s.Step(tab); err != nil {
			t.Fatal(err)
		}
		got = append(got, tab.Groups[0].LR)
	}
	goldenTolerance.compare(t, "reported LRs", got, c.LRs)
}

func rms(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}
