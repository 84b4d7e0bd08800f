// Package conformance replays cases that were executed on the originals
// (torch, transformers, finetuning-scheduler, …) against our components. The
// cases stand in testdata/conformance at the root of the module, or in the
// directory named by THAW_CONFORMANCE_DIR; one test replays one file, with
// subtests section/case.
package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/thaw-go/thaw/registry"
)

// sectionFunc replays one section: it decodes the section and hands its cases
// to eachCase or namedCases, which count them.
type sectionFunc func(*testing.T, json.RawMessage)

// waiting lists the sections ("file/section") that wait for later work, with
// the reason. A section is replayed or stands here; there is no third way.
var waiting = map[string]string{
	"flash.yaml/finetuning":                       "needs the fine-tuning presets",
	"flash.yaml/trainer":                          "needs the task layer's trainer options",
	"flash.yaml/tasks":                            "needs the complete task layer",
	"flash.yaml/classification_outputs":           "needs the output formats of the tasks",
	"flash.yaml/target_formatters":                "needs the target formats of the data layer",
	"finetuning_scheduler.yaml/fsdp":              "needs sharded training",
	"finetuning_scheduler.yaml/model_parallel":    "needs model-parallel training",
	"finetuning_scheduler.yaml/adapter_discovery": "needs strategy adapters as plug-ins",
}

// dir is where the cases lie.
func dir() string {
	if d := os.Getenv("THAW_CONFORMANCE_DIR"); d != "" {
		return d
	}
	return filepath.Join("..", "..", "testdata", "conformance")
}

// section is one top-level entry of a file.
type section struct {
	name string
	raw  json.RawMessage
}

// load reads a file's sections in their order (YAML is read as JSON). It skips
// the test where the directory lacks the file.
func load(t *testing.T, file string) []section {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir(), file))
	if os.IsNotExist(err) {
		t.Skipf("%s is not in %s", file, dir())
	}
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(file) == ".yaml" {
		if text, err = yaml.YAMLToJSON(text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		text = quoteNonFinite(text)
	}
	sections, err := members(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return sections
}

// members splits a JSON object into its members, in the order of the text.
func members(text []byte) ([]section, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("want an object, got %v, %v", open, err)
	}
	var out []section
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, err
		}
		out = append(out, section{name.(string), raw})
	}
	return out, nil
}

// suite says how a file is replayed.
type suite struct {
	file string
	// context names the entries that hold no cases: the description, and inputs
	// that cases refer to.
	context  []string
	sections map[string]sectionFunc
}

// replay runs every section of the file as a subtest. A section that is neither
// replayed, nor context, nor in the waiting list fails.
func (s suite) replay(t *testing.T) {
	t.Helper()
	for _, sec := range load(t, s.file) {
		if slices.Contains(s.context, sec.name) {
			continue
		}
		t.Run(sec.name, func(t *testing.T) {
			run, ok := s.sections[sec.name]
			reason, waits := waiting[s.file+"/"+sec.name]
			switch {
			case ok && waits:
				t.Fatalf("%s/%s is replayed, yet it stands in the waiting list", s.file, sec.name)
			case ok:
				run(t, sec.raw)
			case waits:
				t.Skipf("waits for later work: %s", reason)
			default:
				t.Fatalf("%s has a section %q that nothing replays", s.file, sec.name)
			}
		})
	}
}

// context decodes one entry of a file into v; absent is an error.
func context(t *testing.T, file, name string, v any) {
	t.Helper()
	for _, sec := range load(t, file) {
		if sec.name == name {
			decode(t, sec.raw, v)
			return
		}
	}
	t.Fatalf("%s has no %q", file, name)
}

// decode reads raw into v and fails on a key that v does not have.
func decode(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
}

// eachCase replays a section that is a list of cases: each is decoded strictly
// into a C and run as a subtest named by its number and what it is about.
func eachCase[C any](t *testing.T, raw json.RawMessage, run func(*testing.T, C)) {
	t.Helper()
	var list []json.RawMessage
	decode(t, raw, &list)
	cases := make([]section, len(list))
	for i, r := range list {
		cases[i] = section{label(i, r), r}
	}
	runCases(t, cases, run)
}

// namedCases replays a section that is an object of cases by name.
func namedCases[C any](t *testing.T, raw json.RawMessage, run func(*testing.T, C)) {
	t.Helper()
	cases, err := members(raw)
	if err != nil {
		t.Fatal(err)
	}
	runCases(t, cases, run)
}

// runCases prints "N of M cases": how many passed, and how many were skipped for
// a reason that they give. None is a failure, since a section without cases
// proves nothing.
func runCases[C any](t *testing.T, cases []section, run func(*testing.T, C)) {
	t.Helper()
	passed, skips := 0, 0
	for _, c := range cases {
		skipped := false
		ok := t.Run(c.name, func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			var v C
			decode(t, c.raw, &v)
			run(t, v)
		})
		if skipped {
			skips++
		} else if ok {
			passed++
		}
	}
	fmt.Printf("%s: %d of %d cases\n", t.Name(), passed, len(cases))
	if skips > 0 {
		fmt.Printf("%s: %d skipped\n", t.Name(), skips)
	}
	if passed == 0 {
		t.Error("not one case was replayed")
	}
}

// label names the i-th case of a list by its id, or else by what it tests.
func label(i int, raw json.RawMessage) string {
	var c map[string]any
	if json.Unmarshal(raw, &c) == nil {
		if id, ok := c["id"].(string); ok {
			return id
		}
		for _, key := range []string{"scheduler", "optimizer", "name", "class", "layer", "what", "op", "condition"} {
			if s, ok := c[key].(string); ok {
				return fmt.Sprintf("%03d_%s", i, s)
			}
		}
	}
	return fmt.Sprintf("%03d", i)
}

// number is a float64 that may be written as one of the strings nan, inf, -inf.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*n = number(f)
	return err
}

// numbers is one number or a list of numbers, nested at will and flattened in
// row-major order.
type numbers []float64

func (n *numbers) UnmarshalJSON(text []byte) error {
	*n = numbers{}
	if len(text) == 0 || text[0] != '[' {
		var x number
		if err := x.UnmarshalJSON(text); err != nil {
			return err
		}
		*n = append(*n, float64(x))
		return nil
	}
	var list []numbers
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, l := range list {
		*n = append(*n, l...)
	}
	return nil
}

// arguments are a component's arguments; integers and floats stay apart, as in
// Python (10 is an int, 10.0 a float).
type arguments registry.Args

func (a *arguments) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return err
	}
	for k, v := range m {
		m[k] = plain(v)
	}
	*a = m
	return nil
}

// plain replaces json.Number by int or float64, at any depth.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.Atoi(v.String()); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// tolerance is how far a value may be from the expected one: by Rel times the
// expected one, or by Abs. NaN equals NaN, and an infinity itself.
type tolerance struct{ Rel, Abs float64 }

func (tol tolerance) near(got, want float64) bool {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return got == want || math.IsNaN(got) && math.IsNaN(want)
	}
	return math.Abs(got-want) <= max(tol.Abs, tol.Rel*math.Abs(want))
}

// compare reports how many of got differ from want, and the first that does.
func (tol tolerance) compare(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	first, bad := -1, 0
	for i := range want {
		if !tol.near(got[i], want[i]) {
			if first < 0 {
				first = i
			}
			bad++
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d values differ, first at %d: got %v, want %v", what, bad, len(want), first, got[first], want[first])
	}
}
