package thaw

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/trainer"
)

// LoadCheckpoint takes over the weights of a checkpoint folder, of the best
// checkpoint of a run folder, or of a weight file; with "" those of the best
// checkpoint of the newest run of this configuration's name. It returns what
// it took.
func (r *Run) LoadCheckpoint(path string) (string, error) {
	file, err := r.findWeights(path)
	if err != nil {
		return "", err
	}
	f, err := safetensors.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return file, nn.Load(r.Task.Network().Params().All(), f, nn.LoadOptions{})
}

func (r *Run) findWeights(path string) (string, error) {
	if path == "" {
		newest, err := newestFolder(r.Config.LogDir, r.Config.Name)
		if err != nil {
			return "", err
		}
		path = newest
	}
	st, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("finding the checkpoint: %w", err)
	}
	if !st.IsDir() {
		return path, nil
	}
	if file := filepath.Join(path, trainer.WeightsFile); exists(file) {
		return file, nil
	}
	store, err := checkpoint.Open(checkpoint.OS{}, trainer.CheckpointDir(path))
	if err != nil {
		return "", err
	}
	best, err := trainer.Best(store)
	if err != nil {
		return "", err
	}
	return store.Path(best, trainer.WeightsFile), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Evaluate measures the task on the "val" or the "test" data.
func (r *Run) Evaluate(ctx context.Context, e engine.Engine, sink event.Sink, split string) (map[string]float64, error) {
	l := r.Data.Val
	if split == "test" {
		l = r.Data.Test
	}
	if l == nil {
		return nil, fmt.Errorf("the configuration names no %s data", split)
	}
	tr, err := trainer.New(r.trainerConfig(e, "", sink))
	if err != nil {
		return nil, err
	}
	return tr.Evaluate(ctx, r.Task, l, split)
}

// Predict classifies the prediction data and hands each sample's name and
// result to yield. Output is "labels" (the name of the likeliest class),
// "classes" (its index), "probabilities" or "logits".
func (r *Run) Predict(ctx context.Context, e engine.Engine, output string, yield func(name string, value any) error) error {
	if r.Data.Predict == nil {
		return fmt.Errorf("the configuration names no prediction data\n    hint: --data.predict_folder=DIR")
	}
	tr, err := trainer.New(r.trainerConfig(e, "", event.Sinks(nil)))
	if err != nil {
		return err
	}
	return tr.Predict(ctx, r.Task, r.Data.Predict, func(b *data.Batch, scores []float64) error {
		n := len(scores) / max(b.Size, 1)
		for k := range b.Size {
			if err := yield(r.sampleName(b.Indices[k]), r.format(output, scores[k*n:(k+1)*n])); err != nil {
				return err
			}
		}
		return nil
	})
}

// format is a sample's result in the wanted form.
func (r *Run) format(output string, logits []float64) any {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	switch output {
	case "logits":
		return logits
	case "probabilities":
		p := make([]float64, len(logits))
		var sum float64
		for i, v := range logits {
			p[i] = math.Exp(v - logits[best])
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	case "labels":
		if best < len(r.classes) {
			return r.classes[best]
		}
	}
	return best
}

// sampleName is what the prediction data call a sample.
func (r *Run) sampleName(i int) string {
	if n, ok := r.Data.Predict.Dataset().(interface{ Name(i int) string }); ok {
		return n.Name(i)
	}
	return fmt.Sprint(i)
}
