package phase_test

import (
	"testing"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
)

// BenchmarkStepEnd measures what the machine costs a training step.
func BenchmarkStepEnd(b *testing.B) {
	cfg := fuzzConfig()
	ch := lrsched.Named("StepLR", registry.Args{"step_size": 1000}, lrsched.Config{Interval: lrsched.ByStep})
	cfg.LRScheduler = &ch
	m, err := phase.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := m.Step(phase.FitStart{}); err != nil {
		b.Fatal(err)
	}
	if _, err := m.Step(phase.EpochStart{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := m.Step(phase.StepEnd{Batch: i}); err != nil {
			b.Fatal(err)
		}
	}
}
