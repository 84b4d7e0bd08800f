package schedule_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/schedule"
)

// notInRE2 are the constructs of Python's re that are refused, though Python
// takes them.
var notInRE2 = []string{
	"model.encoder.(?=layer.1)", "model.(?!encoder).*", `(model).\1`, ".*(?<=query).weight", "(?P<a>m)odel(?P=a)",
}

// TestPythonPatterns holds patterns against what Python's re.match takes; see
// testdata/python_re.py.
func TestPythonPatterns(t *testing.T) {
	text, err := os.ReadFile("testdata/python_re.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Names []string `json:"names"`
		Cases []struct {
			Pattern string   `json:"pattern"`
			Names   []string `json:"names"`
			Error   string   `json:"error"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil || len(file.Cases) < 50 {
		t.Fatal(len(file.Cases), err)
	}
	infos := make([]param.Info, len(file.Names))
	for i, n := range file.Names {
		infos[i].Name = n
	}
	// A name without the prefix keeps patterns from being taken as meant.
	infos = append(infos, param.Info{Name: "~"})
	for _, c := range file.Cases {
		if c.Pattern == "" || c.Pattern == "." {
			continue // an empty entry is refused; "." takes our "~" too
		}
		s := &schedule.Schedule{Phases: []schedule.PhaseSpec{{Params: []schedule.Entry{{Text: c.Pattern}}}}}
		plan, found := s.Resolve(infos, schedule.Options{})
		refused := slices.ContainsFunc(found, func(f diag.Finding) bool { return f.Code == "bad-pattern" })
		switch {
		case c.Error != "" || slices.Contains(notInRE2, c.Pattern):
			if !refused {
				t.Errorf("%q is taken; Python says %q: %v", c.Pattern, c.Error, found)
			}
		case refused:
			t.Errorf("%q is refused: %v", c.Pattern, found)
		default:
			var got []string
			if plan != nil {
				got = slices.DeleteFunc(plan.Phase(0).Written, func(n string) bool { return n == "~" })
			}
			if !slices.Equal(got, c.Names) {
				t.Errorf("%q takes %v, Python %v", c.Pattern, got, c.Names)
			}
		}
	}
}

// TestPlanReading reads what a plan tells beyond its table.
func TestPlanReading(t *testing.T) {
	infos := []param.Info{{Name: "a"}, {Name: "b"}, {Name: "b.running_mean", Buffer: true}, {Name: "c"}, {Name: "d", SharedWith: "a"}}
	s := schedule.Default(infos)
	plan, found := s.Resolve(infos, schedule.Options{})
	if plan == nil || !plan.Generated() || plan.Name() != "default" || plan.Len() != 2 {
		t.Fatal(plan, found)
	}
	if got := plan.Thawed(0); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("phase 0 trains %v", got)
	}
	if got := plan.Thawed(9); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("at last %v train", got)
	}
	all := schedule.AllAtOnce(infos)
	if all.Len() != 1 || !slices.Equal(all.Phase(0).Params, []string{"a", "b", "c"}) || len(all.Params()) != 3 || len(all.Unscheduled()) != 0 {
		t.Errorf("all at once: %v", all)
	}
	holes := &schedule.Schedule{Phases: []schedule.PhaseSpec{{Key: 1, Params: []schedule.Entry{{Text: "a"}}}, {Key: 4, Params: []schedule.Entry{{Text: "nobody"}}}}}
	if got := holes.Renumbered(); got.Phases[0].Key != 0 || got.Phases[1].Key != 1 || holes.Phases[1].Key != 4 {
		t.Errorf("renumbered %v, was %v", got.Phases, holes.Phases)
	}
	if plan, found := (&schedule.Schedule{}).Resolve(infos, schedule.Options{BaseMaxLR: -1}); plan != nil || len(found.Errors()) != 2 {
		t.Errorf("no phases and a bad lr: %v", found)
	}
	if schedule.FileName("ImageClassifier") != "ImageClassifier_ft_schedule.yaml" {
		t.Error(schedule.FileName("ImageClassifier"))
	}
}
