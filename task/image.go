package task

import (
	"fmt"
	"slices"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/safetensors"
	"github.com/thaw-go/thaw/tensor"
)

// ImageClassifierConfig describes an image classifier.
type ImageClassifierConfig struct {
	// Engine does the arithmetic. Obligatory.
	Engine engine.Engine
	// Backbone is a picture model by name; empty stands for resnet18.
	Backbone string
	// Labels name the classes; Classes counts them where they have no names.
	Labels  []string
	Classes int
	// Channels of the pictures; 0 stands for 3.
	Channels int
	// Weights is a safetensors file, or a folder with one, to start from; empty
	// starts from random values. WeightFile takes the place of a path.
	Weights    string
	WeightFile *safetensors.File
	// Head is "fresh" for a new classifier over the loaded weights, "keep" for
	// the file's own, "" for the file's own where it fits the classes and a new
	// one where it does not.
	Head string
	// Lazy leaves the parameters undefined: for a look at the network.
	Lazy bool
	// LabelSmoothing in [0,1] spreads that share of the target over all classes.
	LabelSmoothing float64
	// Metrics by name; nil stands for accuracy.
	Metrics []string
	// Seed of the initial values.
	Seed uint64
	Optimization
	// Models and MetricSet hold what Backbone and Metrics name; nil: the
	// built-in ones.
	Models    *registry.Set[model.Image]
	MetricSet *registry.Set[metric.Constructor]
}

// ImageClassifier classifies pictures: batches hold "pixel_values" [n,c,h,w]
// and, but for prediction, "labels" [n].
type ImageClassifier struct {
	classifier
	model model.Image
	// FreshHead tells that the classifier's own parameters start anew.
	FreshHead bool
}

// NewImageClassifier builds the network and loads its weights.
func NewImageClassifier(c ImageClassifierConfig) (*ImageClassifier, error) {
	if c.Classes == 0 {
		c.Classes = len(c.Labels)
	}
	if c.Classes < 1 {
		return nil, fmt.Errorf("image classifier: labels or the number of classes must be given")
	}
	if c.Backbone == "" {
		c.Backbone = "resnet18"
	}
	if c.Models == nil {
		c.Models = model.Images()
	}
	e, err := c.Models.Find(c.Backbone)
	if err != nil {
		return nil, err
	}
	if e.Value.New == nil {
		return nil, fmt.Errorf("image classifier: the model %s cannot be built", e.Name)
	}
	s := nn.NewScope(nn.Config{Engine: c.Engine, Seed: c.Seed, Lazy: c.Lazy, Prefix: Prefix})
	net := e.Value.New(s, model.Config{Channels: c.Channels, Classes: c.Classes})
	if err := net.Err(); err != nil {
		return nil, err
	}
	t := &ImageClassifier{model: e.Value}
	t.classifier, err = newClassifier("ImageClassifier", net, c.Classes, c.Metrics, c.MetricSet)
	if err != nil {
		return nil, err
	}
	t.labels, t.smoothing, t.optimization = c.Labels, c.LabelSmoothing, c.Optimization
	return t, t.load(c)
}

// load takes the weights over, with or without the file's head.
func (t *ImageClassifier) load(c ImageClassifierConfig) error {
	file := c.WeightFile
	if file == nil {
		if c.Weights == "" {
			t.FreshHead = true
			return nil
		}
		f, err := openWeights(c.Weights)
		if err != nil {
			return fmt.Errorf("loading the weights: %w", err)
		}
		defer f.Close()
		file = f
	}
	o := nn.LoadOptions{}
	switch c.Head {
	case "fresh":
		t.FreshHead = true
	case "keep":
	case "":
		t.FreshHead = !t.headFits(file)
	default:
		return fmt.Errorf("image classifier: head is fresh or keep, not %q", c.Head)
	}
	if t.FreshHead {
		o.Fresh = []string{t.model.Head + "."}
	}
	if err := nn.Load(t.net.Params().All(), file, o); err != nil {
		return fmt.Errorf("loading the weights: %w", err)
	}
	return nil
}

// headFits tells whether the file holds a classifier for as many classes.
func (t *ImageClassifier) headFits(f *safetensors.File) bool {
	for _, p := range t.net.Params().All() {
		if p.Local() != t.model.Head+".weight" {
			continue
		}
		for _, name := range []string{p.Local(), p.Name} {
			if x, err := f.Tensor(name); err == nil {
				return slices.Equal(x.Shape, p.Shape)
			}
		}
	}
	return false
}

func openWeights(path string) (*safetensors.File, error) {
	if isDir(path) {
		return safetensors.OpenDir(path)
	}
	return safetensors.Open(path)
}

// Model is the architecture: its picture size and normalisation.
func (t *ImageClassifier) Model() model.Image { return t.model }

// Step implements Task.
func (t *ImageClassifier) Step(tp *tensor.Tape, b *data.Batch) Output {
	px, ok := b.Fields["pixel_values"]
	if !ok {
		tp.Throw(fmt.Errorf("the batch has no pixel_values"))
	}
	x := tp.FromF32(engine.Of(px.Shape...), px.F32)
	tp.SetSamples(t.sampleIDs(b))
	return t.output(tp, t.net.Run(tp, nil, x), b)
}
