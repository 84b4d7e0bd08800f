package task

import (
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// Custom is a task of one's own, from its parts.
type Custom struct {
	// TypeName is what Name returns.
	TypeName string
	Net      *nn.Network
	// Run computes the loss of a batch, and the scores for the metrics.
	Run func(t *tensor.Tape, b *data.Batch) Output
	// NewMetrics makes the accumulators of one evaluation; nil: none.
	NewMetrics func() []Metric
	Optimize   Optimization
}

// Name implements Task.
func (c *Custom) Name() string { return c.TypeName }

// Network implements Task.
func (c *Custom) Network() *nn.Network { return c.Net }

// Step implements Task.
func (c *Custom) Step(t *tensor.Tape, b *data.Batch) Output { return c.Run(t, b) }

// Metrics implements Task.
func (c *Custom) Metrics() []Metric {
	if c.NewMetrics == nil {
		return nil
	}
	return c.NewMetrics()
}

// Optimization implements Task.
func (c *Custom) Optimization() Optimization { return c.Optimize }
