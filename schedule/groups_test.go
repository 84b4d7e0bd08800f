package schedule_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/schedule"
)

// TestGroups: the entries of schedules lay groups out, and what is wrong is said
// of groups.
func TestGroups(t *testing.T) {
	var infos []param.Info
	for _, n := range []string{"model.a.weight", "model.a.bias", "model.b.weight", "model.b.bias"} {
		infos = append(infos, param.Info{Name: n, Shape: []int{1}, Block: -1})
	}
	lists := func(texts ...string) (out [][]schedule.Entry) {
		for _, l := range texts {
			var es []schedule.Entry
			for _, text := range strings.Fields(l) {
				es = append(es, schedule.Entry{Text: text})
			}
			out = append(out, es)
		}
		return out
	}
	got, found := schedule.Groups(infos, lists("model.b.*", "rest"))
	if found.Err() != nil || fmt.Sprint(got) != "[[model.b.weight model.b.bias] [model.a.weight model.a.bias]]" {
		t.Errorf("got %v, %v", got, found.Err())
	}
	for want, l := range map[string][]string{
		"groups are not disjoint":                                {"model.a.*", "model.a.bias"},
		"specified in group 1 did not match any named parameter": {"model.a.*", "model.c"},
	} {
		if _, found := schedule.Groups(infos, lists(l...)); found.Err() == nil || !strings.Contains(found.Err().Error(), want) || strings.Contains(found.Err().Error(), "phase") {
			t.Errorf("%v: got %v, want %q", l, found.Err(), want)
		}
	}
}
