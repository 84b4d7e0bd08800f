package thaw

import (
	"errors"
	"path/filepath"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/data/image"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tree"
)

// imageTask is the section task.image_classification.
type imageTask struct {
	Model          string   `config:"model" doc:"picture model by name (thaw list models)"`
	Backbone       string   `config:"backbone" doc:"Flash's name of model"`
	Weights        string   `config:"weights" doc:"safetensors file or folder to start from; unset: random values"`
	Head           string   `config:"head" doc:"fresh: a new classifier over the weights; keep: the file's; unset: the file's where it fits"`
	LabelSmoothing float64  `config:"label_smoothing" doc:"share of the target spread over all classes, in [0,1]"`
	Metrics        []string `config:"metrics" doc:"accuracy, f1, mcc, auroc"`
}

// imageData is the section data of an image task.
type imageData struct {
	Folder          string             `config:"folder" doc:"folder or archive with train/<class>/… and val/<class>/…"`
	TrainFolder     string             `config:"train_folder" doc:"the training split's folder, instead of train"`
	ValFolder       string             `config:"val_folder" doc:"the validation split's folder, instead of val"`
	TestFolder      string             `config:"test_folder" doc:"the test split's folder, instead of test"`
	PredictFolder   string             `config:"predict_folder" doc:"folder of pictures to classify"`
	TrainCSV        string             `config:"train_csv" doc:"list of path,label, instead of folders"`
	ValCSV          string             `config:"val_csv" doc:"the validation split's list"`
	TestCSV         string             `config:"test_csv" doc:"the test split's list"`
	Columns         image.Columns      `config:"columns" doc:"the lists' columns: {path: …, label: …, root: …}"`
	ValSplit        float64            `config:"val_split" doc:"share of the training pictures to validate on, drawn by seed"`
	BatchSize       int                `config:"batch_size" doc:"pictures in a batch"`
	EvalBatchSize   int                `config:"eval_batch_size" doc:"pictures in a batch of validation, test and prediction; 0: batch_size"`
	Workers         int                `config:"num_workers" doc:"goroutines that read pictures; 0: one per core"`
	DropLast        bool               `config:"drop_last" doc:"leave out a last training batch that is not full"`
	Size            int                `config:"image_size" doc:"side to which pictures are resized; 0: the model's"`
	Channels        int                `config:"channels" doc:"1 for grey pictures, 3 for colour"`
	Mean            []float64          `config:"mean" doc:"subtracted from pixels in [0,1], one number or one a channel; unset: the model's"`
	Std             []float64          `config:"std" doc:"divides pixels after that"`
	TrainTransforms []config.Component `config:"train_transforms" doc:"instead of resize and random_horizontal_flip"`
	EvalTransforms  []config.Component `config:"eval_transforms" doc:"instead of resize"`
	OnError         string             `config:"on_error" enum:"fail,skip" doc:"what to do about a picture that cannot be read"`
	image.Decoding
}

// Schema is the JSON Schema of a run's configuration, the sections of the
// built-in tasks included.
func Schema() ([]byte, error) {
	return config.Schema(
		config.Section{Key: "task.image_classification", Options: defaultImageTask()},
		config.Section{Key: "data", Options: defaultImageData()},
		config.Section{Key: "schedule", Schema: scheduleForm()},
		config.Section{Key: "recipes", Schema: recipesForm()},
		config.Section{Key: "lr_scheduler", Schema: lrSchedulerForm()},
	)
}

func defaultImageTask() imageTask { return imageTask{Model: "resnet18"} }

func defaultImageData() imageData { return imageData{BatchSize: 32, Channels: 3, OnError: "fail"} }

// build makes the task and its data.
func (r *Run) build(e engine.Engine, opt task.Optimization) error {
	n := r.Config.Task
	if n == nil || n.Kind != tree.Map || len(n.Fields) != 1 {
		return n.Errorf("write task: {image_classification: {model: resnet18}}", "task says what is trained")
	}
	switch name := n.Fields[0].Key; registry.Fold(name.Text) {
	case "imageclassification", "imageclassifier":
		return r.buildImages(n.Fields[0].Value, e, opt)
	default:
		return name.Errorf("known tasks: image_classification", "unknown task %q", name.Text)
	}
}

func (r *Run) buildImages(n *tree.Node, e engine.Engine, opt task.Optimization) error {
	t := defaultImageTask()
	if err := config.Decode(n, &t); err != nil {
		return err
	}
	if t.Backbone != "" {
		t.Model = t.Backbone
	}
	m, err := r.components.Models.Find(t.Model)
	if err != nil {
		return n.Errorf("", "%v", err)
	}
	d := defaultImageData()
	d.Size = m.Value.Size
	if r.outline == nil && (r.Config.Data == nil || r.Config.Data.Kind != tree.Map) {
		return n.Errorf("write data: {folder: DIR}, the folder having train/<class>/<image>", "the configuration names no data")
	}
	if err := config.Decode(r.Config.Data, &d); err != nil {
		return err
	}
	if d.Mean == nil && d.Std == nil && d.Channels == 3 {
		for i := range m.Value.Mean {
			d.Mean, d.Std = append(d.Mean, float64(m.Value.Mean[i])), append(d.Std, float64(m.Value.Std[i]))
		}
	}
	b := &imageBuilder{run: r, cfg: d}
	if r.outline != nil && r.Config.Data == nil {
		r.outline.withoutData(errors.New("none are named"))
	} else if err := b.build(); r.outline != nil && err != nil {
		r.outline.withoutData(err)
	} else if err != nil {
		return err
	}
	weights := t.Weights
	if w := n.Field("weights"); w != nil && weights != "" {
		weights = r.path(w)
	}
	c := task.ImageClassifierConfig{
		Engine: e, Backbone: t.Model, Labels: r.classes, Channels: d.Channels, Weights: weights, Head: t.Head,
		LabelSmoothing: t.LabelSmoothing, Metrics: t.Metrics, Seed: r.Config.Seed, Optimization: opt,
		Models: r.components.Models, MetricSet: r.components.Metrics,
	}
	if r.outline != nil {
		r.outline.images(&c, m.Value, d)
	} else if weights == "" {
		r.Notes = append(r.Notes, n.Findingf(diag.Note, "weights", "%s starts from random weights: none are given", t.Model))
	}
	clf, err := task.NewImageClassifier(c)
	if err != nil {
		return n.Errorf("", "%v", err)
	}
	r.Task = clf
	return nil
}

// imageBuilder makes the loaders of a data section.
type imageBuilder struct {
	run *Run
	cfg imageData
}

// at is the place of a key of the data section.
func (b *imageBuilder) at(key string) *tree.Node {
	if n := b.run.Config.Data.Field(key); n != nil {
		return n
	}
	return b.run.Config.Data
}

func (b *imageBuilder) build() error {
	src, splits, err := b.list()
	if err != nil {
		return err
	}
	train, err := b.pipeline(b.cfg.TrainTransforms, true)
	if err != nil {
		return err
	}
	eval, err := b.pipeline(b.cfg.EvalTransforms, false)
	if err != nil {
		return err
	}
	if b.run.Config.Trainer.OverfitBatches.Value > 0 {
		train = eval
	}
	b.run.classes = splits.Train.Classes
	if splits.Val == nil && b.cfg.ValSplit == 0 && splits.Test != nil {
		b.run.warn(b.at("folder"), "there is no validation split: the test split is validated on, so its accuracy is not an independent measure")
		splits.Val = splits.Test
	}
	trainSet, err := image.NewDataset(src, splits.Train, train, b.cfg.Decoding)
	if err != nil {
		return err
	}
	valSet, err := b.evalSet(src, splits.Val, eval)
	if err != nil {
		return err
	}
	testSet, err := b.evalSet(src, splits.Test, eval)
	if err != nil {
		return err
	}
	d := &b.run.Data
	var set data.Dataset = trainSet
	if b.cfg.ValSplit > 0 {
		plain, err := image.NewDataset(src, splits.Train, eval, b.cfg.Decoding)
		if err != nil {
			return err
		}
		first, second, err := data.Split(trainSet, b.cfg.ValSplit, b.run.Config.Seed)
		if err != nil {
			return b.at("val_split").Errorf("", "%v", err)
		}
		set, valSet = first, data.Subset{Dataset: plain, Indices: second.Indices}
	}
	overfit := b.run.Config.Trainer.OverfitBatches.Value > 0
	if overfit {
		valSet = set
	}
	if d.Train, err = b.loader(set, true, !overfit); err != nil {
		return err
	}
	if d.Val, err = b.loader(valSet, overfit, false); err != nil {
		return err
	}
	if d.Test, err = b.loader(testSet, false, false); err != nil {
		return err
	}
	return b.predict(eval)
}

// list finds the files of the splits.
func (b *imageBuilder) list() (*image.Source, *image.Splits, error) {
	c := b.cfg
	if c.TrainCSV != "" {
		path := b.run.path(b.at("train_csv"))
		src, err := image.Open(filepath.Dir(path))
		if err != nil {
			return nil, nil, err
		}
		rel := func(key, name string) string {
			if name == "" {
				return ""
			}
			return filepath.ToSlash(filepath.Base(b.run.path(b.at(key))))
		}
		s, err := image.ListCSVs(src, image.SplitNames{Train: filepath.Base(path), Val: rel("val_csv", c.ValCSV), Test: rel("test_csv", c.TestCSV)}, c.Columns)
		return src, s, err
	}
	if c.Folder == "" {
		return nil, nil, b.run.Config.Data.Errorf("write folder: DIR, the folder having train/<class>/<image>, or train_csv: FILE", "the data section names no pictures")
	}
	src, err := image.Open(b.run.path(b.at("folder")))
	if err != nil {
		return nil, nil, err
	}
	s, err := image.ListFolders(src, image.SplitNames{Train: c.TrainFolder, Val: c.ValFolder, Test: c.TestFolder})
	return src, s, err
}

// evalSet is a split to measure on; nil where there is none.
func (b *imageBuilder) evalSet(src *image.Source, l *image.Listing, p *image.Pipeline) (data.Dataset, error) {
	if l == nil {
		return nil, nil
	}
	return image.NewDataset(src, l, p, b.cfg.Decoding)
}

// pipeline is the given transforms, or the usual ones, and the normalisation.
func (b *imageBuilder) pipeline(given []config.Component, train bool) (*image.Pipeline, error) {
	norm := image.Normalize{Mean: b.cfg.Mean, Std: b.cfg.Std}
	if given == nil {
		list := []image.Transform{&image.Resize{To: image.Extent{Exact: image.Square(b.cfg.Size)}, Interpolation: image.Bilinear}}
		if train {
			list = append(list, &image.RandomHorizontalFlip{P: 0.5})
		}
		if b.cfg.Channels == 1 {
			list = append(list, &image.Grayscale{Channels: 1})
		}
		return image.NewPipeline(norm, list...)
	}
	own := false
	for _, c := range given {
		own = own || registry.Fold(c.Name) == "normalize"
	}
	if !own && norm.Mean != nil {
		args := registry.Args{"mean": numbers(norm.Mean), "std": numbers(norm.Std)}
		given = append(given[:len(given):len(given)], config.Component{Spec: registry.Spec{Name: "normalize", Args: args}})
	}
	return image.Build(image.Builtin(), given)
}

func numbers(v []float64) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}

// loader serves a dataset; nil where there is none.
func (b *imageBuilder) loader(set data.Dataset, train, shuffle bool) (*data.Loader, error) {
	if set == nil {
		return nil, nil
	}
	size := b.cfg.BatchSize
	if !train && b.cfg.EvalBatchSize > 0 {
		size = b.cfg.EvalBatchSize
	}
	l, err := data.NewLoader(set, data.LoaderConfig{
		Sampler: data.Sampler{BatchSize: size, Shuffle: shuffle, Seed: b.run.Config.Seed, DropLast: train && b.cfg.DropLast},
		Workers: b.cfg.Workers, OnError: data.OnError(b.cfg.OnError),
	})
	if err != nil {
		return nil, b.run.Config.Data.Errorf("", "%v", err)
	}
	return l, nil
}

// predict makes the loader of pictures without labels.
func (b *imageBuilder) predict(p *image.Pipeline) error {
	if b.cfg.PredictFolder == "" {
		return nil
	}
	src, err := image.Open(b.run.path(b.at("predict_folder")))
	if err != nil {
		return err
	}
	l, err := image.ListImages(src, ".")
	if err != nil {
		return err
	}
	set, err := image.NewDataset(src, l, p, b.cfg.Decoding)
	if err != nil {
		return err
	}
	b.run.Data.Predict, err = b.loader(named{set}, false, false)
	return err
}

// named gives predictions the files' names.
type named struct{ *image.Dataset }

// Name is the file of sample i.
func (d named) Name(i int) string { return d.Path(i) }
