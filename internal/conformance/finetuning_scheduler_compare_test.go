package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ftsCase is a case of any section that replays a run.
type ftsCase struct {
	ID        string                     `json:"id"`
	Verified  string                     `json:"verified"`
	Note      string                     `json:"note"`
	About     string                     `json:"about"`
	Run       json.RawMessage            `json:"run"`
	Outcome   string                     `json:"outcome"`
	Error     *ftsError                  `json:"error"`
	Warnings  []string                   `json:"warning_contains"`
	NoWarning []string                   `json:"no_warning_contains"`
	Written   map[string]json.RawMessage `json:"written"`
	ES        *ftsStopping               `json:"es_effective"`
	Resolved  map[string]ftsPhase        `json:"schedule_resolved"`
	Events    []ftsEvent                 `json:"events"`
	Epochs    map[string]ftsEpoch        `json:"epochs"`
	StepLRs   map[string][]numbers       `json:"step_lrs"`
	Final     *ftsFinal                  `json:"final"`
	Depth     []int                      `json:"depth"`
	LRs       []numbers                  `json:"lrs"`
	// of a resumed session
	SessionA    string          `json:"session_A"`
	ResumeFrom  string          `json:"resume_from"`
	Via         string          `json:"via"`
	SameDirpath *bool           `json:"same_dirpath"`
	Upstream    json.RawMessage `json:"upstream_expected"`
}

type ftsError struct {
	Class    string `json:"class"`
	Contains string `json:"contains"`
	Raised   string `json:"raised"`
	Epoch    int    `json:"epoch"`
	Message  string `json:"message"`
}

func (e *ftsError) stage() stage {
	part := map[string]int{"setup": inSetup, "fit_start": inFitStart, "transition": inTransition, "train": inTraining}
	return stage{e.Epoch, part[e.Raised]}
}

type ftsStopping struct {
	Monitor  string `json:"monitor"`
	Patience int    `json:"patience"`
	MinDelta number `json:"min_delta"`
	Mode     string `json:"mode"`
}

type ftsPhase struct {
	Params []string `json:"params"`
	MTE    *number  `json:"max_transition_epoch"`
	LR     *number  `json:"lr"`
}

// near is the file's tolerance for floats.
var near = tolerance{Abs: 1e-12, Rel: 1e-9}

// mismatch is a value that differs from the expected one.
type mismatch struct {
	// field names the kind of value: "epochs.lrs", "final.kth", "error", ….
	field     string
	epoch     int
	got, want any
}

func (m mismatch) String() string {
	return fmt.Sprintf("%s at epoch %d: got %s, want %s", m.field, m.epoch, asText(m.got), asText(m.want))
}

// MarshalJSON writes a number as the cases do.
func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(strings.ToLower(strings.TrimPrefix(fmt.Sprint(f), "+")))
	}
	return json.Marshal(float64(n))
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// comparison collects mismatches.
type comparison struct{ found []mismatch }

func (c *comparison) add(field string, epoch int, got, want any) {
	c.found = append(c.found, mismatch{field, epoch, got, want})
}

// fields compares two structs of one type, field by field under their JSON
// names. Fields that expected leaves out, by a nil, are not compared.
func (c *comparison) fields(prefix string, epoch int, got, want any) {
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range w.NumField() {
		name, _, _ := strings.Cut(w.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		optional := slices.Contains(optionalFields, prefix+name)
		if optional && w.Field(i).IsNil() {
			continue
		}
		if name == "max_transition_epoch" { // a fraction is the next whole epoch
			w := w.Field(i).Interface().(*number)
			if w != nil && float64(*g.Field(i).Interface().(*number)) == math.Ceil(float64(*w)) {
				continue
			}
		}
		if !equal(g.Field(i).Interface(), w.Field(i).Interface()) {
			c.add(prefix+name, epoch, g.Field(i).Interface(), w.Field(i).Interface())
		}
	}
}

// optionalFields are left out of rows that do not differ from the row before,
// or that a run does not have.
var optionalFields = []string{
	"epochs.pg", "epochs.train", "epochs.bn", "epochs.w", "epochs.fin", "epochs.esb",
	"events.m", "events.cm", "events.w", "events.done", "events.stop", "events.bd",
	"final.stopped_epoch", "final.wait_count", "final.es_best_score", "final.best_ckpt_depth", "final.current_ckpt_depth",
}

// equal compares values, floats within the tolerance.
func equal(got, want any) bool {
	switch w := want.(type) {
	case number:
		return near.near(float64(got.(number)), float64(w))
	case *number:
		g := got.(*number)
		return (g == nil) == (w == nil) && (g == nil || near.near(float64(*g), float64(*w)))
	case numbers:
		return slices.EqualFunc(got.(numbers), w, near.near)
	case []numbers:
		return slices.EqualFunc(got.([]numbers), w, func(a, b numbers) bool { return slices.EqualFunc(a, b, near.near) })
	case []*number:
		return slices.EqualFunc(got.([]*number), w, func(a, b *number) bool { return equal(a, b) })
	case *ftsSched:
		return equalSched(got.(*ftsSched), w)
	}
	return reflect.DeepEqual(got, want)
}

func equalSched(g, w *ftsSched) bool {
	if g == nil || w == nil {
		return g == w
	}
	class := func(name string) string {
		if name == "LinearWarmupLR" { // upstream's subclass
			return "LambdaLR"
		}
		return name
	}
	return class(g.Class) == class(w.Class) && g.Interval == w.Interval && g.Last == w.Last &&
		slices.EqualFunc(g.Base, w.Base, near.near) && slices.EqualFunc(g.Min, w.Min, near.near)
}

// judge compares what was observed with what the case expects.
func judge(c *ftsCase, log *ftsLog) []mismatch {
	cmp := &comparison{}
	if done := cmp.outcome(c, log); done {
		return cmp.found
	}
	cmp.effective(c, log)
	cmp.resolved(c, log)
	cmp.rows(c, log)
	if c.Final != nil {
		switch {
		case c.Error != nil: // what FTS looked like when it crashed
		case log.final == nil:
			cmp.add("final", -1, nil, c.Final)
		default:
			cmp.fields("final.", -1, *log.final, *c.Final)
		}
	}
	return cmp.found
}

// outcome compares errors and warnings. It reports whether the run ended before
// there were rows to compare.
func (cmp *comparison) outcome(c *ftsCase, log *ftsLog) bool {
	said := strings.ToLower(strings.Join(log.warnings, "\n"))
	switch {
	case c.Error == nil && log.err != nil:
		cmp.add("error", log.at.epoch, log.err.Error(), nil)
		return true
	case c.Error != nil && log.err == nil:
		cmp.add("error", c.Error.Epoch, nil, c.Error)
		return true
	case c.Error != nil && c.Error.stage().before(log.at):
		cmp.add("error.raised", c.Error.Epoch, log.at, c.Error.stage())
	}
	for _, phrase := range c.Warnings {
		if !strings.Contains(said, strings.ToLower(phrase)) {
			cmp.add("warning", -1, log.warnings, phrase)
		}
	}
	for _, phrase := range c.NoWarning {
		if strings.Contains(said, strings.ToLower(phrase)) {
			cmp.add("no_warning", -1, log.warnings, phrase)
		}
	}
	return c.Error != nil && log.at.before(stage{0, inTraining})
}

func (cmp *comparison) effective(c *ftsCase, log *ftsLog) {
	if c.ES == nil {
		return
	}
	es := log.setup.cfg.EarlyStopping
	if es == nil {
		cmp.add("es_effective", -1, nil, c.ES)
		return
	}
	got := ftsStopping{es.Monitor, es.Patience, number(es.MinDelta), es.Mode}
	if es.Mode == "min" {
		got.MinDelta = -got.MinDelta
	}
	cmp.fields("es_effective.", -1, got, *c.ES)
}

func (cmp *comparison) resolved(c *ftsCase, log *ftsLog) {
	if c.Resolved == nil {
		return
	}
	plan := log.setup.cfg.Plan
	if plan.Len() != len(c.Resolved) {
		cmp.add("resolved", -1, plan.Len(), len(c.Resolved))
		return
	}
	for key, want := range c.Resolved {
		i, _ := strconv.Atoi(key)
		ph := plan.Phase(i)
		got := ftsPhase{Params: append([]string{}, ph.Written...), MTE: ptr(number(ph.MaxTransitionEpoch))}
		if i > 0 {
			got.LR = ptr(number(ph.LR))
		}
		cmp.fields("resolved.", i, got, want)
	}
}

// rows compares events, epochs, step LRs and the compact form.
func (cmp *comparison) rows(c *ftsCase, log *ftsLog) {
	for i, want := range c.Events {
		if i >= len(log.events) {
			cmp.add("events", want.E, nil, want)
			break
		}
		cmp.fields("events.", want.E, log.events[i], want)
	}
	if len(c.Events) > 0 && len(log.events) > len(c.Events) && c.Error == nil {
		cmp.add("events", log.events[len(c.Events)].E, log.events[len(c.Events)], nil)
	}
	for _, e := range sortedKeys(c.Epochs) {
		got, ok := log.epochs[e]
		if !ok {
			cmp.add("epochs", e, nil, c.Epochs[strconv.Itoa(e)])
			continue
		}
		cmp.fields("epochs.", e, got, c.Epochs[strconv.Itoa(e)])
	}
	if len(c.Epochs) > 0 && c.Error == nil {
		for _, e := range slices.Sorted(maps.Keys(log.epochs)) {
			if _, ok := c.Epochs[strconv.Itoa(e)]; !ok {
				cmp.add("epochs", e, log.epochs[e], nil)
			}
		}
	}
	for _, e := range sortedKeys(c.StepLRs) {
		if want := c.StepLRs[strconv.Itoa(e)]; !equal(log.stepLRs[e], want) {
			cmp.add("step_lrs", e, log.stepLRs[e], want)
		}
	}
	cmp.compact(c, log)
}

func (cmp *comparison) compact(c *ftsCase, log *ftsLog) {
	for e, want := range c.Depth {
		if got, ok := log.epochs[e]; !ok || got.D != want {
			cmp.add("depth", e, got.D, want)
		}
	}
	for e, want := range c.LRs {
		if got := log.epochs[e].LRs; !slices.EqualFunc(got, want, near.near) {
			cmp.add("lrs", e, got, want)
		}
	}
	if c.Depth != nil && len(log.epochs) != len(c.Depth) {
		cmp.add("depth", len(c.Depth), len(log.epochs), len(c.Depth))
	}
}

func sortedKeys[V any](m map[string]V) []int {
	var out []int
	for k := range m {
		i, _ := strconv.Atoi(k)
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

// replayCase runs a case and holds it to its expectations, or to the rules of
// our differences.
func (f *ftsFile) replayCase(t *testing.T, c ftsCase) {
	if c.Run == nil || string(c.Run) == "null" {
		t.Skip("has no run of its own: " + c.Note)
	}
	r := f.run(t, c.Run)
	s := &scene{file: f, c: &c, run: r, log: f.drive(t, r, ftsStart{})}
	s.settle(t, append(judge(&c, s.log), f.written(t, &c, s.log)...))
}

// written compares the schedule files that FTS writes where keys had to be
// renumbered.
func (f *ftsFile) written(t *testing.T, c *ftsCase, log *ftsLog) (out []mismatch) {
	for name, raw := range c.Written {
		var want map[string]map[string]any
		decode(t, raw, &want)
		if !strings.HasSuffix(name, "_ft_schedule_valid.yaml") || log.setup.written == nil {
			out = append(out, mismatch{"written", -1, nil, name})
			continue
		}
		root, err := parseYAML(name, log.setup.written.YAML())
		if err != nil {
			t.Fatal(err)
		}
		got, _ := json.Marshal(root.Value())
		exp, _ := json.Marshal(want)
		if string(got) != string(exp) {
			out = append(out, mismatch{"written", -1, root.Value(), want})
		}
	}
	return out
}
