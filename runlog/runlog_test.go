package runlog

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/thaw-go/thaw/event"
)

// clock advances by a second at each look.
func clock() func() time.Time {
	t := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time { t = t.Add(time.Second); return t }
}

var story = []event.Event{
	event.RunStarted{Name: "bees", Dir: "runs/bees/version_0", Task: "ImageClassifier", Engine: "native", Path: "avx2", Seed: 42, Phases: 2, Parameters: 75002, TrainSamples: 50, ValSamples: 1000},
	event.PhaseStarted{Phase: 0, Phases: 2, Thawed: []string{"model.linear.weight", "model.linear.bias"}, Trainable: 650, Total: 75002, Groups: []event.Group{{LR: 1e-3}}},
	event.EpochStarted{Batches: 4},
	event.StepDone{Batches: 4, Loss: 2.31, LRs: []float64{1e-3}, SamplesPerSecond: 1234, Log: true},
	event.LRs{Values: map[string]float64{"lr-Adam/pg1": 1e-3, "lr-Adam/pg2": math.Inf(1)}},
	event.StepDone{Batch: 1, Batches: 4, Step: 1, Loss: math.NaN(), LRs: []float64{1e-3}, SamplesPerSecond: 1234},
	event.Validated{Metrics: map[string]float64{"val_loss": 2.1, "val_accuracy": .25}, Best: true, Patience: 3},
	event.EpochDone{TrainLoss: 2.3, Seconds: 2, Samples: 50},
	event.Validated{Epoch: 1, Metrics: map[string]float64{"val_loss": math.Inf(1)}, Wait: 1, Patience: 3},
	event.PhaseStarted{Phase: 1, Phases: 2, Epoch: 2, Reason: "val_loss stopped improving", Restored: "epoch=0-step=4", Thawed: []string{"a", "b", "c", "d", "e"}, Trainable: 75002, Total: 75002, Groups: []event.Group{{LR: 1e-3}, {LR: 1e-5}}},
	event.Warning{Text: "strategy ddp runs as one process"},
	event.Note{Text: "the last phase has begun"},
	event.RunDone{Reason: "max_epochs", Epoch: 3, Step: 12, Seconds: 185, Best: "epoch=0-step=4", BestScore: 2.1},
}

const plain = `fit ImageClassifier: 75,002 parameters in 2 phases, 50 training and 1,000 validation samples, engine native (avx2), seed 42
run folder runs/bees/version_0
phase 0 of 2 from epoch 0
    thaws model.linear.weight, model.linear.bias; trains 650 of 75,002 parameters (0.9 %), lr 0.001
epoch 0  phase 0  step 0  val_accuracy 0.2500  val_loss 2.1000  (best)
epoch 0  train_loss 2.3000  50 samples in 2.0s (25/s)
epoch 1  phase 0  step 0  val_loss +Inf  (no better for 1 of 3)
phase 1 of 2 from epoch 2: val_loss stopped improving
    restored the best checkpoint, epoch=0-step=4
    thaws a, b, c and 2 more; trains 75,002 of 75,002 parameters (100.0 %), lr 0.001 1e-05
warning: strategy ddp runs as one process
note: the last phase has begun
done after 3 epochs, 12 steps, 3m05s: max_epochs
best checkpoint epoch=0-step=4 (2.1000)
`

func TestPlainLines(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, false)
	p.now = clock()
	for _, e := range story {
		p.Emit(e)
	}
	if b.String() != plain {
		t.Errorf("got\n%s\nwant\n%s", b.String(), plain)
	}
}

func TestLiveLineIsRedrawnAndCleared(t *testing.T) {
	var b strings.Builder
	p := NewProgress(&b, true)
	p.now = clock()
	for _, e := range story {
		p.Emit(e)
	}
	got := b.String()
	if !strings.Contains(got, "\r\x1b[Kepoch 0  phase 0  [==        ] 1/4  loss 2.3100  lr 0.001  1,234 samples/s  ETA ") {
		t.Errorf("no live line in %q", got)
	}
	// What stays on the screen is what a file would hold.
	var screen strings.Builder
	for line := range strings.Lines(got) {
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		screen.WriteString(line)
	}
	if screen.String() != plain {
		t.Errorf("the screen ends as\n%s", screen.String())
	}
}

func TestNDJSON(t *testing.T) {
	var b strings.Builder
	n := NewNDJSON(&b)
	n.now = clock()
	for _, e := range story {
		n.Emit(e)
	}
	if n.Err() != nil {
		t.Fatal(n.Err())
	}
	var kinds []string
	for line := range strings.Lines(b.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		kinds = append(kinds, m["event"].(string))
		if m["event"] == "validated" && m["Epoch"] == 1.0 && m["Metrics"].(map[string]any)["val_loss"] != "+Inf" {
			t.Errorf("infinity reads %v", m["Metrics"])
		}
		if m["event"] == "lrs" && (m["Values"].(map[string]any)["lr-Adam/pg1"] != 1e-3 || m["Values"].(map[string]any)["lr-Adam/pg2"] != "+Inf") {
			t.Errorf("learning rates read %v", m["Values"])
		}
	}
	want := "run_started phase_started epoch_started step_done lrs validated epoch_done validated phase_started warning note run_done"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
