package plan_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
	"github.com/thaw-go/thaw/runlog"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// TestReplay runs a real fit, and plays its event log through the same schedule:
// the simulation takes the same course, step by step. With another patience it
// takes another one.
func TestReplay(t *testing.T) {
	e := reference.New(host.Options{Threads: 2})
	defer e.Close()
	clf := classifier(t, e)
	ch := lrsched.Named("CosineAnnealingLR", lrsched.Args{"T_max": 30}, lrsched.Config{Interval: lrsched.ByStep})
	tk := scheduled{clf, &ch}
	plan3, found := schedule.Default(clf.Network().Params().Infos()).Resolve(clf.Network().Params().Infos(), schedule.Options{BaseMaxLR: 1e-2})
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	es, ck := phase.DefaultEarlyStopping(), phase.DefaultCheckpoint()
	es.Patience, es.MinDelta = 2, 0.05
	opts := phase.DefaultOptions()
	opts.MaxDepth = 2
	s := trainer.Schedule{Plan: plan3, Options: opts, EarlyStopping: &es, Checkpoint: &ck}

	c := trainer.DefaultConfig(e)
	c.MaxEpochs, c.Dir, c.ValCheckInterval, c.AccumulateGradBatches = 12, t.TempDir(), trainer.Limit{Share: true, Value: 0.5}, 2
	var log bytes.Buffer
	nd := runlog.NewNDJSON(&log)
	var was []string
	c.Sink = event.SinkFunc(func(ev event.Event) {
		nd.Emit(ev)
		switch ev := ev.(type) {
		case event.StepDone:
			was = append(was, fmt.Sprintf("step %d phase %d: %v", ev.Step-1, ev.Phase, ev.LRs))
		case event.Validated:
			was = append(was, fmt.Sprintf("validated after %d: wait %d", ev.Step, ev.Wait))
		case event.PhaseStarted:
			if ev.Reason != "" {
				was = append(was, fmt.Sprintf("phase %d: %s, restored %s", ev.Phase, ev.Reason, ev.Restored))
			}
		}
	})
	tr, err := trainer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	d := trainer.Data{Train: loader(t, 32, 8), Val: loader(t, 8, 8)}
	res, err := tr.Fit(context.Background(), tk, d, s)
	if err != nil {
		t.Fatal(err)
	}
	l, err := plan.ReadLog("events.ndjson", &log)
	if err != nil {
		t.Fatal(err)
	}
	o, err := tr.Outlook(tk, d, s)
	if err != nil {
		t.Fatal(err)
	}
	if o.Machine.StepsPerEpoch != l.StepsPerEpoch || o.Validations != 2 || !slices.Equal(o.Metrics, []string{"train_loss", "val_loss", "val_accuracy"}) {
		t.Errorf("outlook %d steps, %d validations, %v; the log says %d steps", o.Machine.StepsPerEpoch, o.Validations, o.Metrics, l.StepsPerEpoch)
	}
	l.Trace.Accumulate = 2
	sim, err := phase.Simulate(o.Machine, l.Trace)
	if err != nil {
		t.Fatal(err)
	}
	if got := course(sim); !slices.Equal(got, was) {
		t.Errorf("the simulation:\n%s\nthe run:\n%s", strings.Join(got, "\n"), strings.Join(was, "\n"))
	}
	if sim.Stop == nil || sim.Stop.Reason != res.Reason {
		t.Errorf("the simulation ends with %+v, the run with %q", sim.Stop, res.Reason)
	}
	if sim.Phase != 2 {
		t.Fatalf("the run ends in phase %d, so there is little to compare", sim.Phase)
	}
	es.Patience = 1
	other, err := phase.Simulate(o.Machine, l.Trace)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := began(sim), began(other); slices.Equal(a, b) || b[1] > a[1] {
		t.Errorf("phases begin in epochs %v with patience 2, %v with patience 1", a, b)
	}
}

// scheduled is a task with an LR scheduler.
type scheduled struct {
	*task.ImageClassifier
	ch *lrsched.Choice
}

func (s scheduled) Optimization() task.Optimization {
	o := s.ImageClassifier.Optimization()
	o.LRScheduler = s.ch
	return o
}

// course is a simulation as the run's events tell theirs.
func course(s *phase.Simulation) []string {
	var out []string
	step, k := 0, 0
	for _, e := range s.Epochs {
		if e.Reason != "" {
			out = append(out, fmt.Sprintf("phase %d: %s, restored %s", e.Phase, e.Reason, e.Restored))
		}
		for _, c := range e.Checks {
			for ; step < c.Step; step++ {
				for k+1 < len(s.Rates) && s.Rates[k+1].Step <= step {
					k++
				}
				out = append(out, fmt.Sprintf("step %d phase %d: %v", step, e.Phase, s.Rates[k].LRs))
			}
			out = append(out, fmt.Sprintf("validated after %d: wait %d", c.Step, c.Wait))
		}
	}
	return out
}

func began(s *phase.Simulation) []int {
	var out []int
	for _, e := range s.Epochs {
		for len(out) <= e.Phase {
			out = append(out, e.Epoch)
		}
	}
	return out
}
