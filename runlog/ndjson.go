// Package runlog holds the sinks that listen to a run: progress on a terminal
// or in plain lines, and the event log as newline-delimited JSON.
package runlog

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/thaw-go/thaw/event"
)

// NDJSON writes each event as one line: {"event": kind, "time": RFC 3339, …the
// event's fields}. Numbers that JSON lacks are written as the strings "NaN",
// "+Inf" and "-Inf". Steps that log_every_n_steps passes over are left out.
type NDJSON struct {
	w   io.Writer
	now func() time.Time
	err error
}

// NewNDJSON writes to w, which is not closed.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{w: w, now: time.Now} }

// Err is the first error of writing, after which nothing more is written.
func (n *NDJSON) Err() error { return n.err }

// Emit implements event.Sink.
func (n *NDJSON) Emit(e event.Event) {
	if n.err != nil {
		return
	}
	switch s := e.(type) {
	case event.StepDone:
		if !s.Log {
			return
		}
	case event.Progress:
		return
	}
	fields, err := object(e)
	if err == nil {
		line := append([]byte(fmt.Sprintf(`{"event":%q,"time":%q`, e.Kind(), n.now().UTC().Format(time.RFC3339Nano))), fields...)
		_, err = n.w.Write(append(line, '\n'))
	}
	if err != nil {
		n.err = fmt.Errorf("writing the event log: %w", err)
	}
}

// object encodes an event's fields behind those of the head: `,"Epoch":1}`.
func object(e event.Event) ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		// NaN and infinities: encode through strings.
		b, err = json.Marshal(finite(e))
	}
	if err != nil {
		return nil, err
	}
	if len(b) == 2 {
		return []byte("}"), nil
	}
	return append([]byte{','}, b[1:]...), nil
}

// number is a float that encodes NaN and infinities as strings.
type number float64

// MarshalJSON implements json.Marshaler.
func (f number) MarshalJSON() ([]byte, error) {
	v := float64(f)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return json.Marshal(fmt.Sprintf("%+g", v))
	}
	return json.Marshal(v)
}

func numbers(m map[string]float64) map[string]number {
	out := make(map[string]number, len(m))
	for k, v := range m {
		out[k] = number(v)
	}
	return out
}

// finite gives the events that may carry a non-finite number in a form that
// JSON can hold; the field names stay.
func finite(e event.Event) any {
	switch e := e.(type) {
	case event.StepDone:
		type plain event.StepDone
		return struct {
			plain
			Loss, GradNorm number
		}{plain(e), number(e.Loss), number(e.GradNorm)}
	case event.Validated:
		type plain event.Validated
		return struct {
			plain
			Metrics map[string]number
		}{plain(e), numbers(e.Metrics)}
	case event.LRs:
		type plain event.LRs
		return struct {
			plain
			Values map[string]number
		}{plain(e), numbers(e.Values)}
	case event.EpochDone:
		type plain event.EpochDone
		return struct {
			plain
			TrainLoss number
		}{plain(e), number(e.TrainLoss)}
	case event.RunDone:
		type plain event.RunDone
		return struct {
			plain
			BestScore number
		}{plain(e), number(e.BestScore)}
	}
	return e
}
