package schedule_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/schedule"
)

// TestLint shows what the linter says of a schedule, besides what resolving it
// says. Commands:
//
//	model NAME       as in TestPlans
//	lint model=NAME  a schedule; every finding, in the order of the file
func TestLint(t *testing.T) {
	datadriven.Walk(t, "testdata/lint", func(t *testing.T, path string) {
		models := map[string][]param.Info{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "model" {
				models[d.CmdArgs[0].Key] = readModel(t, d.Input)
				return ""
			}
			var model string
			d.ScanArgs(t, "model", &model)
			s, found := parse(t, "schedule.yaml", d.Input)
			_, more := s.Lint(models[model], schedule.Options{BaseMaxLR: schedule.DefaultBaseMaxLR})
			found = append(found, more...)
			schedule.SortByPlace(found)
			if len(found) == 0 {
				return "nothing to say\n"
			}
			return show(found)
		})
	})
}

// TestGeneratedSchedulesLint holds the generators to the linter: what thaw
// writes itself gives no warning.
func TestGeneratedSchedulesLint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var infos []param.Info
		for i := range rapid.IntRange(2, 13).Draw(t, "layers") {
			name := "model.layer." + strings.Repeat("1", i%3+1) + string(rune('a'+i))
			infos = append(infos, param.Info{Name: name + ".weight", Module: name, Block: i, BlockName: name, Shape: []int{2}})
			if rapid.Bool().Draw(t, "bias") {
				infos = append(infos, param.Info{Name: name + ".bias", Module: name, Block: i, BlockName: name, Shape: []int{2}})
			}
		}
		preset := rapid.SampledFrom(schedule.Presets().Names()).Draw(t, "preset")
		s, err := schedule.Generate(preset, infos, schedule.PresetOptions{LR: 0.1, Epoch: 2, Milestones: [2]int{1, 3}, Layers: 1})
		if err != nil {
			t.Fatal(err)
		}
		plan, found := s.Lint(infos, schedule.Options{})
		for _, f := range found {
			if f.Code != "never-thawed" || preset != "freeze" {
				t.Errorf("%s: %s", preset, f.Error())
			}
		}
		if plan.Len() != len(s.Phases) {
			t.Errorf("%s: %d phases became %d", preset, len(s.Phases), plan.Len())
		}
	})
}
