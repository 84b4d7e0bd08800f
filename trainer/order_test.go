package trainer

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/event"
)

// TestOrder pins the order that doc.go documents: two epochs of three batches
// with a validation each, a change of phase between them.
func TestOrder(t *testing.T) {
	e := newEngine(t)
	tk, s, c := scenario(t, e)
	c.MaxEpochs, c.AccumulateGradBatches, c.LimitTrainBatches, c.LimitValBatches = 3, 2, Count(3), Count(1)
	c.Dir = t.TempDir()
	var got []string
	c.Sink = event.SinkFunc(func(ev event.Event) {
		switch ev := ev.(type) {
		case event.StepDone:
			got = append(got, fmt.Sprintf("step %d after batch %d", ev.Step, ev.Batch))
		case event.PhaseStarted:
			got = append(got, strings.TrimSpace(fmt.Sprintf("phase %d restores %s", ev.Phase, ev.Restored)))
		case event.CheckpointSaved:
			got = append(got, "saved "+ev.Name)
		case event.Progress, event.Warning, event.Note:
		case event.EpochStarted:
			got = append(got, fmt.Sprintf("epoch %d", ev.Epoch))
		default:
			got = append(got, ev.Kind())
		}
	})
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background(), tk, toyData(t, 12, 4, 1), s); err != nil {
		t.Fatal(err)
	}
	want := `run_started
phase 0 restores
epoch 0
step 1 after batch 1
step 2 after batch 2
validated
saved epoch=0-step=2
epoch_done
epoch 1
step 3 after batch 1
step 4 after batch 2
validated
saved epoch=1-step=4
epoch_done
phase 1 restores epoch=1-step=4
epoch 2
step 5 after batch 1
step 6 after batch 2
validated
saved epoch=2-step=6
epoch_done
run_done`
	if g := strings.Join(got, "\n"); g != want {
		t.Errorf("got\n%s\nwant\n%s", g, want)
	}
}
