package task

import (
	"fmt"
	"os"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

// classifier is what the classifiers share: cross-entropy over class logits.
type classifier struct {
	name         string
	net          *nn.Network
	classes      int
	labels       []string
	smoothing    float64
	metrics      []registry.Entry[metric.Constructor]
	optimization Optimization
	ids          []int64
}

func newClassifier(name string, net *nn.Network, classes int, metrics []string, set *registry.Set[metric.Constructor]) (classifier, error) {
	c := classifier{name: name, net: net, classes: classes}
	if set == nil {
		set = metric.Builtin()
	}
	if metrics == nil {
		metrics = []string{"accuracy"}
	}
	for _, m := range metrics {
		e, err := set.Find(m)
		if err != nil {
			return c, err
		}
		if _, err := e.Value(metric.Config{Classes: classes}); err != nil {
			return c, err
		}
		c.metrics = append(c.metrics, e)
	}
	return c, nil
}

// Name implements Task.
func (c *classifier) Name() string { return c.name }

// Network implements Task.
func (c *classifier) Network() *nn.Network { return c.net }

// Optimization implements Task.
func (c *classifier) Optimization() Optimization { return c.optimization }

// Labels name the classes; nil where they have no names.
func (c *classifier) Labels() []string { return c.labels }

// Metrics implements Task.
func (c *classifier) Metrics() []Metric {
	out := make([]Metric, len(c.metrics))
	for i, e := range c.metrics {
		m, err := e.Value(metric.Config{Classes: c.classes})
		if err != nil {
			panic(err) // newClassifier has made one like it
		}
		out[i] = Metric{e.Name, m}
	}
	return out
}

// output is the loss and the scores of a batch's logits [n, classes].
func (c *classifier) output(t *tensor.Tape, logits *tensor.Tensor, b *data.Batch) Output {
	out := Output{Scores: logits}
	labels, ok := b.Fields["labels"]
	if !ok {
		return out
	}
	for i, l := range labels.I64 {
		if l >= int64(c.classes) || l < 0 && l != ignored {
			t.Throw(fmt.Errorf("sample %d has class %d, the task has %d", b.Indices[i], l, c.classes))
		}
	}
	out.Targets = labels.I64
	target := t.FromI64(engine.Of(labels.Shape...), labels.I64)
	out.Loss = t.CrossEntropy(logits, target, tensor.CrossEntropyOptions{Smoothing: c.smoothing})
	return out
}

// ignored is the target that no loss counts, torch's ignore_index.
const ignored = -100

// sampleIDs are the samples' numbers, which key dropout.
func (c *classifier) sampleIDs(b *data.Batch) []int64 {
	c.ids = c.ids[:0]
	for _, i := range b.Indices {
		c.ids = append(c.ids, int64(i))
	}
	return c.ids
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}
