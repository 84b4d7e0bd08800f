// Package metric holds accumulators of quality measures: fed batch by batch,
// merged over ranks, read once at the end of an epoch. Sums are of integers or
// in float64 in the order of the samples, so that the result depends neither on
// batch size nor on threads.
package metric

import (
	"fmt"

	"github.com/thaw-go/thaw/registry"
)

// Metric accumulates over samples.
type Metric interface {
	// Update adds a batch of n samples: scores holds n rows of one score a
	// class (logits or probabilities), targets the n class indices.
	Update(scores []float64, targets []int64)
	// Merge adds what another metric of the same kind has accumulated.
	Merge(o Metric)
	// Value is the measure so far; NaN before the first sample.
	Value() float64
	// Reset forgets everything.
	Reset()
}

// Config is what every metric is made from.
type Config struct {
	// Classes is the number of scores a row.
	Classes int
}

// Constructor makes a metric.
type Constructor func(c Config) (Metric, error)

// Builtin is the set of metrics: accuracy, f1 (macro), mcc, auroc.
func Builtin() *registry.Set[Constructor] {
	s := registry.NewSet[Constructor]("metric")
	for _, e := range []registry.Entry[Constructor]{
		{Name: "accuracy", Doc: "share of samples whose highest score is the target's", Value: newAccuracy},
		{Name: "f1", Aliases: []string{"f1_macro", "f1score"}, Doc: "mean over the classes of the harmonic mean of precision and recall", Value: newF1},
		{Name: "mcc", Aliases: []string{"matthews_correlation"}, Doc: "Matthews correlation coefficient", Value: newMCC},
		{Name: "auroc", Aliases: []string{"auc", "roc_auc"}, Doc: "area under the ROC curve of class 1 (two classes)", Value: newAUROC},
	} {
		if err := s.Add(e); err != nil {
			panic(err) // two built-in metrics of one name: a programmer's error
		}
	}
	return s
}

// argmax is the first of the largest scores; NaN counts as the largest.
func argmax(row []float64) int {
	best := 0
	for i, v := range row {
		if v > row[best] || v != v && row[best] == row[best] {
			best = i
		}
	}
	return best
}

// rows checks that the scores divide into a row for each target.
func rows(scores []float64, targets []int64, classes int) {
	if len(scores) != len(targets)*classes {
		panic(fmt.Sprintf("metric: %d scores for %d targets of %d classes", len(scores), len(targets), classes))
	}
}
