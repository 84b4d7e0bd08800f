package plan

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
)

// Log is what a run's event log tells of its course.
type Log struct {
	// Trace is what it measured.
	Trace phase.Trace
	// StepsPerEpoch counts optimizer steps; 0 where no epoch ended.
	StepsPerEpoch int
	// Began are the epochs in which phases began, by phase.
	Began []int
	// Ended tells that the run came to its end, and why.
	Ended  bool
	Reason string
}

// logged is a line of an event log: the fields of the events that count here.
type logged struct {
	Event       string
	Epoch, Step int
	Phase       int
	Resumed     string
	Metrics     map[string]lrsched.Real
	TrainLoss   lrsched.Real
	Reason      string
	Interrupted bool
}

// maxLine bounds a line of an event log.
const maxLine = 16 << 20

// ReadLog reads a run's events.ndjson. What a resumed run did again counts
// once, as it was done last.
func ReadLog(name string, r io.Reader) (*Log, error) {
	var events []logged
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		e, err := readLine(lines.Bytes())
		if err != nil {
			if last := !lines.Scan(); last && lines.Err() == nil {
				break // cut short by a kill
			}
			return nil, fmt.Errorf("%s:%d: this is no line of an event log: %w", name, n, err)
		}
		if e.Event == "run_started" && e.Resumed != "" {
			events = before(events, e)
		}
		events = append(events, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return join(name, events)
}

// readLine reads an event. A line that a kill cut short stands before the first
// one of the run that went on.
func readLine(line []byte) (logged, error) {
	var e logged
	err := json.Unmarshal(line, &e)
	if i := bytes.LastIndex(line, []byte(`{"event":`)); err != nil && i > 0 {
		e = logged{}
		err = json.Unmarshal(line[i:], &e)
	}
	return e, err
}

// before keeps the events that a resumed run goes on from.
func before(events []logged, resumed logged) []logged {
	var out []logged
	for _, e := range events {
		done := e.Epoch < resumed.Epoch
		if e.Event == "validated" || e.Event == "phase_started" {
			done = e.Step <= resumed.Step
		}
		if done {
			out = append(out, e)
		}
	}
	return out
}

// join makes the log of its events.
func join(name string, events []logged) (*Log, error) {
	l := &Log{}
	for _, e := range events {
		if e.Event == "epoch_done" && l.StepsPerEpoch == 0 {
			l.StepsPerEpoch = e.Step / (e.Epoch + 1)
		}
	}
	t := tracer{}
	for _, e := range events {
		if e.Epoch < 0 || e.Epoch > maxEpochs {
			return nil, fmt.Errorf("%s: an event in epoch %d", name, e.Epoch)
		}
		switch e.Event {
		case "validated":
			v := phase.Validation{Step: e.Step - e.Epoch*l.StepsPerEpoch, Metrics: map[string]float64{}}
			for k, x := range e.Metrics {
				v.Metrics[k] = float64(x)
			}
			if err := t.add(e.Epoch, v, nil); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case "epoch_done":
			if err := t.add(e.Epoch, phase.Validation{}, map[string]float64{"train_loss": float64(e.TrainLoss)}); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		case "phase_started":
			for len(l.Began) <= e.Phase && e.Phase <= maxEpochs {
				l.Began = append(l.Began, e.Epoch)
			}
		case "run_done":
			l.Ended, l.Reason = !e.Interrupted, e.Reason
		}
	}
	if len(t.trace.Epochs) == 0 {
		return nil, fmt.Errorf("%s: the log holds no epoch", name)
	}
	l.Trace = t.trace
	return l, nil
}
