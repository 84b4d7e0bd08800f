package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/schedule"
)

// TestFinetuningScheduler replays finetuning-scheduler's behaviour through the
// schedule package and the phase machine. Where we differ on purpose, a rule of
// ftsDifferences says why, and what holds instead is checked.
func TestFinetuningScheduler(t *testing.T) {
	f := loadFTS(t)
	each := func(t *testing.T, raw json.RawMessage) {
		eachCase(t, raw, f.replayCase)
	}
	parts := func(t *testing.T, raw json.RawMessage) {
		secs, err := members(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, sec := range secs {
			if sec.raw[0] != '[' {
				continue // a description
			}
			t.Run(sec.name, func(t *testing.T) {
				if sec.name == "expansion_cases" {
					eachCase(t, sec.raw, f.expand)
					return
				}
				each(t, sec.raw)
			})
		}
	}
	cases := func(t *testing.T, raw json.RawMessage) {
		var m map[string]json.RawMessage
		decode(t, raw, &m)
		each(t, m["cases"])
	}
	suite{
		file:    ftsName,
		context: []string{"meta", "run_defaults", "models", "schedules", "reinit_cfgs"},
		sections: map[string]sectionFunc{
			"schedule_generation": func(t *testing.T, raw json.RawMessage) {
				var m map[string]json.RawMessage
				decode(t, raw, &m)
				eachCase(t, m["cases"], f.generate)
			},
			"parsing": parts, "replays": each, "replays_executed": each, "probes": each,
			"lr_matrix": cases,
			"resume": func(t *testing.T, raw json.RawMessage) {
				var m map[string]json.RawMessage
				decode(t, raw, &m)
				t.Run("sessions_A", func(t *testing.T) { namedCases(t, m["sessions_A"], f.replayCase) })
				t.Run("cases", func(t *testing.T) { eachCase(t, m["cases"], f.resume) })
			},
		},
	}.replay(t)
}

// ftsGeneration is a generated schedule.
type ftsGeneration struct {
	ID        string              `json:"id"`
	Verified  string              `json:"verified"`
	ClassName string              `json:"class_name"`
	Params    json.RawMessage     `json:"params"`
	Shared    map[string]string   `json:"shared"`
	Note      string              `json:"note"`
	Phases    int                 `json:"n_phases"`
	Schedule  map[string][]string `json:"schedule"`
	Selected  map[string][]string `json:"selected_phases"`
	FileText  string              `json:"file_text"`
}

func (f *ftsFile) generate(t *testing.T, c ftsGeneration) {
	infos := f.params(t, &ftsRun{Params: c.Params, Shared: c.Shared})
	s := schedule.Default(infos)
	if len(s.Phases) != c.Phases {
		t.Errorf("%d phases, want %d", len(s.Phases), c.Phases)
	}
	if c.Schedule != nil && len(c.Schedule) != len(s.Phases) {
		t.Errorf("%d phases listed, want %d", len(s.Phases), len(c.Schedule))
	}
	for _, want := range []map[string][]string{c.Schedule, c.Selected} {
		for key, names := range want {
			i, _ := strconv.Atoi(key)
			var got []string
			for _, e := range s.Phases[i].Params {
				got = append(got, e.Text)
			}
			if !slices.Equal(got, names) {
				t.Errorf("phase %s: %v, want %v", key, got, names)
			}
		}
	}
	if c.FileText != "" && s.YAML() != c.FileText {
		t.Errorf("file:\n%s\nwant:\n%s", s.YAML(), c.FileText)
	}
	root, err := parseYAML("s.yaml", s.YAML())
	if err != nil {
		t.Fatal(err)
	}
	again, found := schedule.Parse(root)
	if len(found) > 0 || again.YAML() != s.YAML() {
		t.Errorf("the file does not read back: %v", found)
	}
}

// ftsExpansion is a schedule with patterns and the names they mean.
type ftsExpansion struct {
	ID       string              `json:"id"`
	Verified string              `json:"verified"`
	Params   json.RawMessage     `json:"params"`
	Shared   map[string]string   `json:"shared"`
	Input    map[string][]string `json:"input"`
	Resolved map[string][]string `json:"resolved"`
	Sizes    map[string]int      `json:"resolved_sizes"`
	Warnings []string            `json:"warning_contains"`
	Note     string              `json:"note"`
}

func (f *ftsFile) expand(t *testing.T, c ftsExpansion) {
	infos := f.params(t, &ftsRun{Params: c.Params, Shared: c.Shared})
	s := &schedule.Schedule{}
	for i := range len(c.Input) {
		ph := schedule.PhaseSpec{Key: i}
		for _, text := range c.Input[strconv.Itoa(i)] {
			ph.Params = append(ph.Params, schedule.Entry{Text: text})
		}
		s.Phases = append(s.Phases, ph)
	}
	plan, found := s.Resolve(infos, schedule.Options{})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	for key, want := range c.Resolved {
		i, _ := strconv.Atoi(key)
		if got := plan.Phase(i).Written; !slices.Equal(got, want) {
			t.Errorf("phase %s: %v, want %v", key, got, want)
		}
	}
	for key, want := range c.Sizes {
		i, _ := strconv.Atoi(key)
		if got := len(plan.Phase(i).Written); got != want {
			t.Errorf("phase %s: %d names, want %d", key, got, want)
		}
	}
	for _, phrase := range c.Warnings {
		if !strings.Contains(strings.ToLower(fmt.Sprint(found)), strings.ToLower(phrase)) {
			t.Errorf("no warning says %q: %v", phrase, found)
		}
	}
}
