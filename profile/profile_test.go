package profile

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/tensor"
)

func TestCollector(t *testing.T) {
	e := reference.New(host.Options{Threads: 1})
	defer e.Close()
	w, err := tensor.NewLeaf(e, engine.F32, engine.Of(8, 4))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Set(make([]float32, 32)); err != nil {
		t.Fatal(err)
	}
	w.SetRequiresGrad(true)
	c := New()
	tape := tensor.NewTape(e)
	defer tape.Close()
	tape.SetObserver(c)
	for phase := range 2 {
		c.Emit(event.PhaseStarted{Phase: phase})
		err := tape.Do(func() {
			x := tape.FromF32(engine.Of(3, 4), make([]float32, 12))
			y := tape.Block("head", func() *tensor.Tensor { return tape.Linear(x, w, nil) })
			tape.Backward(tape.Mean(y), nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		tape.Reset()
		w.ZeroGrad()
	}
	c.Mark("optimizer step", time.Now(), 5*time.Millisecond)

	text := c.String()
	for _, want := range []string{"mat_mul ", "mat_mul (backward)", "\nhead ", "head (backward)", "optimizer step", "\n0 ", "\n1 ", "GFLOP/s"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tables lack %q:\n%s", want, text)
		}
	}
	// Two products of 3×4 by 4×8: 2·3·4·8 operations each.
	if s := c.sums[key{0, "head", "mat_mul", false}]; s == nil || s.calls != 1 || s.flops != 2*3*4*8 {
		t.Errorf("the product of phase 0 counts %+v", s)
	}
	var out strings.Builder
	if err := c.WriteTrace(&out); err != nil {
		t.Fatal(err)
	}
	var trace struct {
		TraceEvents []traceEvent `json:"traceEvents"`
	}
	if err := json.Unmarshal([]byte(out.String()), &trace); err != nil {
		t.Fatal(err)
	}
	if len(trace.TraceEvents) != len(c.spans) || len(c.spans) < 7 {
		t.Fatalf("%d events of %d spans", len(trace.TraceEvents), len(c.spans))
	}
	last := trace.TraceEvents[len(trace.TraceEvents)-1]
	if last.Name != "optimizer step" || last.Phase != "X" || last.Duration != 5000 || last.Category != "trainer" {
		t.Errorf("the last event is %+v", last)
	}
}
