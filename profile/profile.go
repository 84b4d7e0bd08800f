// Package profile measures where the time of a fit goes: by operator, by block
// and by phase, as tables and as a trace for Perfetto.
package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/tensor"
)

// maxSpans bounds what the trace keeps; the tables count everything.
const maxSpans = 200_000

// Collector listens to a tape's kernels and to a run's events. It belongs to
// the trainer's goroutine.
type Collector struct {
	began time.Time
	phase int
	sums  map[key]*sum
	spans []span
	lost  int
}

// key is what a sum is over.
type key struct {
	phase    int
	block    string
	what     string
	backward bool
}

// sum is the work of all spans of a key.
type sum struct {
	calls        int
	time         time.Duration
	flops, bytes int64
}

func (s *sum) add(o sum) {
	s.calls += o.calls
	s.time += o.time
	s.flops += o.flops
	s.bytes += o.bytes
}

type span struct {
	key
	start, duration time.Duration
	flops           int64
}

// New starts a measurement.
func New() *Collector { return &Collector{began: time.Now(), sums: map[key]*sum{}} }

var (
	_ tensor.Observer = (*Collector)(nil)
	_ event.Sink      = (*Collector)(nil)
)

// Emit implements event.Sink: it tells the phases apart.
func (c *Collector) Emit(e event.Event) {
	if p, ok := e.(event.PhaseStarted); ok {
		c.phase = p.Phase
	}
}

// Observe implements tensor.Observer.
func (c *Collector) Observe(s tensor.Span) {
	what := s.Call.Op.String()
	switch s.Call.Op {
	case engine.OpUnary, engine.OpUnaryGrad, engine.OpBinary, engine.OpElementLoss, engine.OpElementLossGrad:
		what = s.Call.Attr.Fn.String()
	}
	flops, bytes := engine.Cost(s.Call)
	c.count(key{c.phase, s.Block, what, s.Backward}, s.Start, sum{1, s.Duration, flops, bytes})
}

// Mark counts work that is no kernel, such as an optimizer step or waiting for
// data.
func (c *Collector) Mark(what string, start time.Time, d time.Duration) {
	c.count(key{phase: c.phase, what: what}, start, sum{calls: 1, time: d})
}

func (c *Collector) count(k key, start time.Time, s sum) {
	t := c.sums[k]
	if t == nil {
		t = &sum{}
		c.sums[k] = t
	}
	t.add(s)
	if len(c.spans) >= maxSpans {
		c.lost++
		return
	}
	c.spans = append(c.spans, span{k, start.Sub(c.began), s.time, s.flops})
}

// String is the tables: by operator, by block, by phase, the longest first.
func (c *Collector) String() string {
	var b strings.Builder
	direction := func(k key) string {
		if k.backward {
			return " (backward)"
		}
		return ""
	}
	c.table(&b, "operator", func(k key) string { return k.what + direction(k) })
	b.WriteByte('\n')
	c.table(&b, "block", func(k key) string {
		if k.block == "" {
			return "(outside of blocks)"
		}
		return k.block + direction(k)
	})
	b.WriteByte('\n')
	c.table(&b, "phase", func(k key) string { return fmt.Sprint(k.phase) })
	return b.String()
}

// table writes the sums by a property.
func (c *Collector) table(b *strings.Builder, title string, by func(key) string) {
	rows := map[string]*sum{}
	var total sum
	for k, s := range c.sums {
		name := by(k)
		if rows[name] == nil {
			rows[name] = &sum{}
		}
		rows[name].add(*s)
		total.add(*s)
	}
	names := make([]string, 0, len(rows))
	for n := range rows {
		names = append(names, n)
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(rows[y].time, rows[x].time), strings.Compare(x, y))
	})
	fmt.Fprintf(b, "%-36s %10s %12s %7s %10s %8s\n", title, "calls", "ms", "share", "GFLOP/s", "GB/s")
	for _, n := range names {
		line(b, n, *rows[n], total.time)
	}
	line(b, "all", total, total.time)
}

func line(b *strings.Builder, name string, s sum, total time.Duration) {
	secs := max(s.time.Seconds(), 1e-9)
	fmt.Fprintf(b, "%-36s %10d %12.1f %6.1f%% %10.1f %8.1f\n", name, s.calls, 1e3*s.time.Seconds(),
		100*s.time.Seconds()/max(total.Seconds(), 1e-9), float64(s.flops)/secs/1e9, float64(s.bytes)/secs/1e9)
}

// traceEvent is a complete event of the Trace Event Format, which Perfetto
// opens; times are in microseconds.
type traceEvent struct {
	Name     string         `json:"name"`
	Category string         `json:"cat"`
	Phase    string         `json:"ph"`
	Start    float64        `json:"ts"`
	Duration float64        `json:"dur"`
	Process  int            `json:"pid"`
	Thread   int            `json:"tid"`
	Args     map[string]any `json:"args,omitempty"`
}

// WriteTrace writes the spans for ui.perfetto.dev or chrome://tracing.
func (c *Collector) WriteTrace(w io.Writer) error {
	events := make([]traceEvent, len(c.spans))
	for i, s := range c.spans {
		category := "forward"
		switch {
		case s.backward:
			category = "backward"
		case s.block == "":
			category = "trainer"
		}
		events[i] = traceEvent{
			Name: s.what, Category: category, Phase: "X", Start: micros(s.start), Duration: micros(s.duration), Process: 1, Thread: 1,
			Args: map[string]any{"block": s.block, "phase": s.phase, "flops": s.flops},
		}
	}
	out := map[string]any{"traceEvents": events, "displayTimeUnit": "ms", "otherData": map[string]any{"spans left out": c.lost}}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return fmt.Errorf("writing the trace: %w", err)
	}
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
