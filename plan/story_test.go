package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
)

// TestMetrics reads what a simulation is fed with. Commands:
//
//	csv      metrics as a file has them
//	inline   as a command line has them, a series a line
//	log      an event log: the trace, and what the run did
func TestMetrics(t *testing.T) {
	datadriven.Walk(t, "testdata/metrics", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var tr phase.Trace
			var err error
			head := ""
			switch d.Cmd {
			case "csv":
				tr, err = plan.ReadMetrics("m.csv", strings.NewReader(d.Input))
			case "inline":
				tr, err = plan.ParseMetrics(strings.Split(d.Input, "\n"))
			case "log":
				var l *plan.Log
				if l, err = plan.ReadLog("events.ndjson", strings.NewReader(d.Input)); err == nil {
					tr = l.Trace
					head = fmt.Sprintf("%d steps an epoch, phases begin in epochs %v, ended %v: %s\n", l.StepsPerEpoch, l.Began, l.Ended, l.Reason)
				}
			default:
				t.Fatalf("unknown command %s", d.Cmd)
			}
			if err != nil {
				return fmt.Sprintf("error: %v\n", err)
			}
			return head + show(tr)
		})
	})
}

func show(tr phase.Trace) string {
	var b strings.Builder
	words := func(m map[string]float64) string {
		var out []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			out = append(out, fmt.Sprintf("%s %v", k, m[k]))
		}
		return strings.Join(out, " ")
	}
	for i, e := range tr.Epochs {
		fmt.Fprintf(&b, "epoch %d: %s\n", i, words(e.Train))
		for _, v := range e.Validations {
			fmt.Fprintf(&b, "  step %d: %s\n", v.Step, words(v.Metrics))
		}
	}
	return b.String()
}

// FuzzMetrics reads texts of any kind as metrics and as event logs: nothing
// panics, and epochs that are read hold what a machine can be fed with.
func FuzzMetrics(f *testing.F) {
	f.Add("epoch,step,val_loss\n0,1,3\n1,,nan\n")
	f.Add("val_loss=1,2,3")
	f.Add(`{"event":"validated","Epoch":1,"Step":3,"Metrics":{"a":"NaN"}}` + "\n" + `{"event":"epoch_done","Epoch":1,"Step":6}`)
	f.Fuzz(func(t *testing.T, text string) {
		var all []phase.Trace
		if tr, err := plan.ReadMetrics("m", strings.NewReader(text)); err == nil {
			all = append(all, tr)
		}
		if tr, err := plan.ParseMetrics(strings.Fields(text)); err == nil {
			all = append(all, tr)
		}
		if l, err := plan.ReadLog("l", strings.NewReader(text)); err == nil {
			all = append(all, l.Trace)
		}
		for _, tr := range all {
			for i, e := range tr.Epochs {
				for _, v := range e.Validations {
					if len(v.Metrics) == 0 && len(e.Train) == 0 {
						t.Fatalf("epoch %d has a validation without metrics", i)
					}
				}
			}
		}
	})
}
