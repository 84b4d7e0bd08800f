package trainer

import (
	"context"
	"testing"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
)

// needs are the arguments without which an optimizer cannot be made, and the
// parameters of toy that it can train; nil: all of them.
var needs = map[string]struct {
	args   registry.Args
	params []schedule.Entry
	// without says why toy cannot be trained by it at all.
	without string
}{
	"Muon":       {params: []schedule.Entry{{Text: "model.in.weight"}, {Text: "model.out.weight"}}},
	"SGD":        {args: registry.Args{"lr": 0.05}},
	"SparseAdam": {without: "toy has no embedding, and so no sparse gradients"},
}

// TestEveryOptimizerResumes: a fit with any optimizer that is cut short ends as
// the same fit that is not, bit for bit: all that an optimizer remembers is in
// the checkpoint.
func TestEveryOptimizerResumes(t *testing.T) {
	for _, entry := range optim.Builtin().Entries() {
		t.Run(entry.Name, func(t *testing.T) {
			need := needs[entry.Name]
			if need.without != "" {
				t.Skip(need.without)
			}
			fit := func(stops ...int) string {
				dir := t.TempDir()
				for session := 0; ; session++ {
					e := newEngine(t)
					tk := toy(t, e, task.Optimization{Optimizer: registry.Spec{Name: entry.Name, Args: need.args}})
					c := DefaultConfig(e)
					c.Dir, c.MaxEpochs, c.GradientClipVal = dir, 2, 5
					infos := tk.Net.Params().Infos()
					plan := schedule.AllAtOnce(infos)
					if need.params != nil {
						one := &schedule.Schedule{Phases: []schedule.PhaseSpec{{Params: need.params}}}
						var found diag.List
						if plan, found = one.Resolve(infos, schedule.Options{}); found.Err() != nil {
							t.Fatal(found.Err())
						}
					}
					ctx, cancel := context.WithCancel(context.Background())
					seen := 0
					c.Sink = event.SinkFunc(func(ev event.Event) {
						if _, ok := ev.(event.StepDone); ok {
							if seen++; session < len(stops) && seen == stops[session] {
								cancel()
							}
						}
					})
					tr, err := New(c)
					if err != nil {
						t.Fatal(err)
					}
					res, err := tr.Fit(ctx, tk, toyData(t, 24, 4, c.Seed), Schedule{Plan: plan, Options: phase.DefaultOptions()})
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					if !res.Interrupted {
						if session != len(stops) {
							t.Fatalf("%d interruptions, wanted %d", session, len(stops))
						}
						return bits(tk)
					}
				}
			}
			start := bits(toy(t, newEngine(t), task.Optimization{}))
			whole := fit()
			if whole == start {
				t.Error("nothing was trained")
			}
			if got := fit(1, 4, 3); got != whole {
				t.Error("the interrupted fit ends with other weights")
			}
		})
	}
}
