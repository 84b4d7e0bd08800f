package schedule_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/schedule"
)

// TestDiff compares schedules. Commands:
//
//	model                  as in TestPlans
//	diff                   two schedules, a line "to" between them
func TestDiff(t *testing.T) {
	datadriven.Walk(t, "testdata/diff", func(t *testing.T, path string) {
		var infos []param.Info
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "model" {
				infos = readModel(t, d.Input)
				return ""
			}
			a, b, ok := strings.Cut(d.Input, "\nto\n")
			if !ok {
				t.Fatal("there are no two schedules")
			}
			diff := schedule.Diff(resolve(t, a, infos), resolve(t, b, infos))
			if diff.Empty() {
				return "none\n"
			}
			return diff.String()
		})
	})
}

func resolve(t testing.TB, text string, infos []param.Info) *schedule.Plan {
	t.Helper()
	s, found := parse(t, "schedule.yaml", text)
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	plan, found := s.Resolve(infos, schedule.Options{BaseMaxLR: 1e-5})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestOrderIsNoDifference shuffles what has no meaning in its order.
func TestOrderIsNoDifference(t *testing.T) {
	infos := readModel(t, "a.weight 2\na.bias 2\nb.weight 2\nb.bias 2\nc.weight 2\nc.bias 2")
	rapid.Check(t, func(t *rapid.T) {
		write := func(label string) *schedule.Schedule {
			s := &schedule.Schedule{}
			for i, names := range [][]string{{"c.weight", "c.bias"}, {"b.bias", "b.weight", "a.bias"}, {"a.weight"}} {
				ph := schedule.PhaseSpec{Key: i}
				for _, n := range rapid.Permutation(names).Draw(t, label) {
					ph.Params = append(ph.Params, schedule.Entry{Text: n})
				}
				s.Phases = append(s.Phases, ph)
			}
			return s
		}
		a, _ := write("a").Resolve(infos, schedule.Options{})
		b, _ := write("b").Resolve(infos, schedule.Options{})
		if d := schedule.Diff(a, b); !d.Empty() || d.String() != "" {
			t.Fatal(d)
		}
	})
}
