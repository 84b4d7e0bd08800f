package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// train runs one arm with one seed and returns its accuracy.
func (o Options) train(ctx context.Context, a arm, all Images, seed uint64) (float64, error) {
	few, rest := fewShot(all, o.PerClass, seed)
	d, err := loaders(few, rest.first(o.TestImages), seed)
	if err != nil {
		return 0, err
	}
	clf, err := o.classifier(a, seed)
	if err != nil {
		return 0, err
	}
	defer clf.Network().Params().Release()
	s := trainer.Schedule{Options: phase.DefaultOptions()}
	s.Options.FrozenBatchNorm = phase.BatchNormEval
	c := trainer.DefaultConfig(o.Engine)
	c.MaxEpochs, c.Seed, c.CheckValEveryNEpoch = epochs, seed, epochs
	if a.loud(seed) {
		c.CheckValEveryNEpoch = lookEvery
	}
	var acc float64
	tell := &teller{o: o, arm: a, seed: seed, accuracy: &acc}
	c.Sink = tell
	if a.phased {
		if s.Plan, err = o.plan(clf); err != nil {
			return 0, err
		}
		s.Options.RestoreBest = false
		if o.Dir != "" {
			c.Dir = filepath.Join(o.Dir, fmt.Sprintf("%s-%d", a.name, seed))
			defer os.RemoveAll(c.Dir)
		}
	}
	tr, err := trainer.New(c)
	if err != nil {
		return 0, err
	}
	if _, err := tr.Fit(ctx, clf, d, s); err != nil {
		return 0, err
	}
	tell.done()
	return acc, ctx.Err()
}

// lookEvery is how many epochs lie between two measurements where they are
// shown; phases change at multiples of it. Elsewhere the end is measured.
const lookEvery = 2

// loud tells the run that is shown phase by phase.
func (a arm) loud(seed uint64) bool { return a.phased && seed == 0 }

// classifier is the network of an arm; all have heads that start anew.
func (o Options) classifier(a arm, seed uint64) (*task.ImageClassifier, error) {
	c := task.ImageClassifierConfig{
		Engine: o.Engine, Backbone: "cifar_resnet8", Classes: 10, Channels: 1, Seed: seed, Head: "fresh",
		Optimization: task.Optimization{Optimizer: registry.Spec{Name: "adamw"}, LearningRate: new(float64)},
	}
	*c.LearningRate = rate
	if a.pretrained {
		f, err := safetensors.Parse("resnet8.safetensors", weights)
		if err != nil {
			return nil, err
		}
		c.WeightFile = f
	}
	return task.NewImageClassifier(c)
}

// plan resolves the embedded schedule.
func (o Options) plan(clf *task.ImageClassifier) (*schedule.Plan, error) {
	s, err := o.Parse("schedule.yaml", Schedule)
	if err != nil {
		return nil, err
	}
	plan, found := s.Resolve(clf.Network().Params().Infos(), schedule.Options{BaseMaxLR: schedule.DefaultBaseMaxLR})
	return plan, found.Err()
}

// loaders serve a few-shot split. Pixels are normalised by the statistics of
// the pictures that the network was pretrained on.
func loaders(few, rest Images, seed uint64) (trainer.Data, error) {
	var d trainer.Data
	train, err := few.dataset(pixelMean, pixelStd)
	if err != nil {
		return d, err
	}
	test, err := rest.dataset(pixelMean, pixelStd)
	if err != nil {
		return d, err
	}
	d.Train, err = data.NewLoader(train, data.LoaderConfig{Sampler: data.Sampler{BatchSize: batchSize, Shuffle: true, Seed: seed}})
	if err != nil {
		return d, err
	}
	d.Val, err = data.NewLoader(test, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 100}})
	return d, err
}

// Mean and standard deviation of Fashion-MNIST's training pixels.
const pixelMean, pixelStd = 0.286, 0.353

// teller prints the phased arm of the first seed phase by phase, and a line
// for each other run.
type teller struct {
	o        Options
	arm      arm
	seed     uint64
	accuracy *float64
	steps    int
}

// Emit implements event.Sink.
func (t *teller) Emit(e event.Event) {
	loud := t.arm.loud(t.seed)
	switch e := e.(type) {
	case event.PhaseStarted:
		if !loud {
			return
		}
		if e.Reason != "" {
			fmt.Fprintf(t.o.Out, "           phase %d ends: %s\n", e.Phase-1, e.Reason)
		}
		fmt.Fprintf(t.o.Out, "  epoch %2d phase %d thaws %s: %d of %d parameters train\n", e.Epoch, e.Phase, blocks(e.Thawed), e.Trainable, e.Total)
	case event.Validated:
		*t.accuracy = e.Metrics["val_accuracy"]
		t.steps = e.Step
		if loud {
			fmt.Fprintf(t.o.Out, "  epoch %2d phase %d accuracy %.3f\n", e.Epoch+1, e.Phase, *t.accuracy)
		}
	}
}

func (t *teller) done() {
	fmt.Fprintf(t.o.Out, "seed %d  %-7s  %3d steps  accuracy %.3f\n", t.seed, t.arm.name, t.steps, *t.accuracy)
}

// blocks names the blocks that parameters belong to, each once.
func blocks(names []string) string {
	var out []string
	for _, n := range names {
		b, _, _ := strings.Cut(strings.TrimPrefix(n, task.Prefix), ".")
		if len(out) == 0 || out[len(out)-1] != b {
			out = append(out, b)
		}
	}
	return strings.Join(out, ", ")
}
