package conformance

import (
	"encoding/json"
	"testing"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/lrsched"
)

type flashBudget struct {
	Len       loose  `json:"len"`
	MaxEpochs *int   `json:"max_epochs"`
	MaxSteps  *int   `json:"max_steps"`
	Limit     loose  `json:"limit"`
	Accum     loose  `json:"accumulate"`
	Devices   int    `json:"devices"`
	Sampler   string `json:"sampler"`
	Shard     int    `json:"shard_len"`
	Steps     loose  `json:"steps"`
	Error     string `json:"error"`
}

// budget counts a fit's training steps.
func (f *flash) budget(t *testing.T, raw json.RawMessage) {
	var m struct {
		Formula string          `json:"formula"`
		Batches string          `json:"batches"`
		Cases   json.RawMessage `json:"cases"`
	}
	decode(t, raw, &m)
	eachCase(t, m.Cases, func(t *testing.T, c flashBudget) {
		tr := lrsched.Training{Batches: -1, MaxEpochs: config.DefaultRun().Trainer.MaxEpochs, MaxSteps: -1}
		switch {
		case c.MaxEpochs != nil:
			tr.MaxEpochs = *c.MaxEpochs
		case c.MaxSteps != nil && *c.MaxSteps != -1:
			tr.MaxEpochs = -1
		}
		switch n := c.Len.v.(type) {
		case int:
			// One sample a batch: the samples are shared out to the devices.
			tr.Batches = lrsched.Batches(n, 1, c.Devices, false)
			if c.Shard != 0 && tr.Batches != c.Shard {
				t.Errorf("a device sees %d batches, want %d", tr.Batches, c.Shard)
			}
		case string, nil:
		default:
			t.Fatalf("a length of another kind: %v", n)
		}
		switch l := c.Limit.v.(type) {
		case int:
			tr.Limit = lrsched.LimitBatches(l)
		case float64:
			tr.Limit = lrsched.LimitFraction(l)
		}
		if c.MaxSteps != nil {
			tr.MaxSteps = *c.MaxSteps
		}
		text, isText := c.Accum.v.(string)
		if m, ok := c.Accum.v.(map[string]any); ok {
			b, _ := json.Marshal(m)
			text, isText = string(b), true
		}
		if isText { // a schedule of accumulations
			run := config.DefaultRun()
			n, err := parseYAML("case.yaml", "trainer: {accumulate_grad_batches: "+text+"}")
			if err == nil {
				err = config.Decode(n, &run)
			}
			if (err != nil) != (c.Error != "") {
				t.Errorf("error %v, want %q", err, c.Error)
			}
			return
		}
		tr.Accumulate, _ = c.Accum.v.(int)
		b, err := tr.Budget()
		if (err != nil) != (c.Error != "") {
			t.Fatalf("error %v, want %q", err, c.Error)
		}
		want, ok := c.Steps.v.(int)
		if text, _ := c.Steps.v.(string); text == "inf" {
			want, ok = lrsched.Unbounded, true
		}
		if c.Error == "" && (!ok || b.TotalSteps != want) {
			t.Errorf("%d steps, want %v", b.TotalSteps, c.Steps.v)
		}
	})
}
