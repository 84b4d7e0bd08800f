package lrsched

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/goccy/go-yaml"

	"github.com/thaw-go/thaw/registry"
)

// TestStories runs the scripts in testdata/stories. A command's input is a
// choice in YAML; its options are the groups' LRs (lr=), the run's length
// (epochs=, steps=, per_epoch=), the number of steps, metrics, and a group that
// arrives late (late=LR after=STEP).
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{catalog: Builtin().Clone()}
		datadriven.RunTest(t, path, s.run)
	})
}

type story struct{ catalog *Catalog }

func (s *story) run(t *testing.T, d *datadriven.TestData) string {
	out, err := s.command(t, d)
	if err != nil {
		out += "error: " + err.Error() + "\n"
	}
	return out
}

func (s *story) command(t *testing.T, d *datadriven.TestData) (string, error) {
	switch d.Cmd {
	case "recipe":
		return "", s.recipe(t, d)
	case "list":
		return strings.Join(s.catalog.Schedulers.Names(), "\n") + "\n", nil
	case "describe":
		return s.describe(d.Input)
	}
	ch, err := ParseChoice(parsed(t, d.Input))
	if err != nil {
		return "", err
	}
	r, err := s.catalog.Resolve(ch)
	if err != nil {
		return "", err
	}
	switch d.Cmd {
	case "resolve":
		return resolution(r), nil
	case "trace":
		return trace(t, d, r)
	}
	return "", fmt.Errorf("unknown command %q", d.Cmd)
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *story) recipe(t *testing.T, d *datadriven.TestData) error {
	m, _ := parsed(t, d.Input).(map[string]any)
	c, doc, err := ParseRecipe(m)
	if err != nil {
		return err
	}
	return s.catalog.Schedulers.Add(registry.Entry[Component]{Name: d.CmdArgs[0].Key, Doc: doc, Value: c})
}

func (s *story) describe(name string) (string, error) {
	e, err := s.catalog.Schedulers.Find(strings.TrimSpace(name))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\nlr = %s\nby %s; source: %s\n", e.Name, e.Doc, e.Value.Formula, e.Value.Interval, e.Value.Source)
	for _, a := range e.Value.Arguments() {
		def := fmt.Sprint("default ", a.Default)
		switch {
		case a.Required:
			def = "required"
		case a.Default == nil:
			def = "optional"
		}
		fmt.Fprintf(&b, "  %s: %s, %s: %s\n", a.Name, a.Type, def, a.Doc)
	}
	return b.String(), nil
}

func resolution(r *Resolved) string {
	c := r.Config
	out := fmt.Sprintf("%s by %s, every %d", r.Name, c.Interval, c.Frequency)
	if c.Monitor != "" {
		out += ", on " + c.Monitor
	}
	if c.Lenient {
		out += ", not strict"
	}
	if c.Name != "" {
		out += ", logged as " + c.Name
	}
	out += "\n"
	for _, w := range r.Warnings {
		out += "warning: " + w + "\n"
	}
	return out
}

// numbersOf reads an option that is a list of numbers.
func numbersOf(t *testing.T, d *datadriven.TestData, key string) []float64 {
	t.Helper()
	var out []float64
	for _, a := range d.CmdArgs {
		if a.Key != key {
			continue
		}
		for _, v := range a.Vals {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, f)
		}
	}
	return out
}

func number(t *testing.T, d *datadriven.TestData, key string, def int) int {
	t.Helper()
	if v := numbersOf(t, d, key); len(v) > 0 {
		return int(v[0])
	}
	return def
}

func trace(t *testing.T, d *datadriven.TestData, r *Resolved) (string, error) {
	lrs := numbersOf(t, d, "lr")
	if len(lrs) == 0 {
		lrs = []float64{1}
	}
	tab := NewTable(lrs...)
	if d.HasArg("momentum") {
		tab.Momentum = PlainMomentum
	}
	b := Budget{TotalSteps: number(t, d, "steps", 0), StepsPerEpoch: number(t, d, "per_epoch", 0), Epochs: number(t, d, "epochs", 0)}
	var out strings.Builder
	s, err := r.Build(tab, b, func(text string) { fmt.Fprintln(&out, "note:", text) })
	if err != nil {
		return out.String(), err
	}
	row := func(i int) {
		fmt.Fprintf(&out, "%2d:", i)
		for _, g := range tab.Groups {
			fmt.Fprintf(&out, " %.6g", g.LR)
			if d.HasArg("momentum") {
				fmt.Fprintf(&out, " (%.4g)", g.Momentum)
			}
		}
		out.WriteByte('\n')
	}
	row(0)
	late, metrics := numbersOf(t, d, "late"), numbersOf(t, d, "metrics")
	for i := 1; i <= number(t, d, "n", 5); i++ {
		if len(late) > 0 && number(t, d, "after", 0) == i-1 {
			for _, lr := range late {
				tab.Groups = append(tab.Groups, Group{LR: lr, InitialLR: At(lr)})
			}
			if err := s.Extend(tab, late); err != nil {
				return out.String(), err
			}
		}
		if m, ok := s.(Metered); ok {
			err = m.StepMetric(tab, metrics[min(i, len(metrics))-1])
		} else {
			err = s.Step(tab)
		}
		if err != nil {
			return out.String(), err
		}
		row(i)
	}
	if d.HasArg("state") {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(s.State(), &m); err != nil {
			return out.String(), err
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			fmt.Fprintf(&out, "%s: %s\n", k, m[k])
		}
	}
	return out.String(), nil
}
