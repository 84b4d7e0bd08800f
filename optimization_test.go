package thaw_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
)

// pageBase is what the page's configurations are laid over: two steps an epoch.
const pageBase = `
task: {image_classification: {model: cifar_resnet8}}
data: {folder: pictures, batch_size: 2, image_size: 8}
trainer: {max_epochs: 12, log_every_n_steps: 1, limit_train_batches: 2, limit_val_batches: 1, enable_checkpointing: false}
`

// pageEpochs and pageSteps are the length of a fit with pageBase.
const pageEpochs, pageSteps = 12, 24

// snippet is a block of the page as Go has it, and what its fit logs.
type snippet struct {
	first string // line of the YAML that tells it
	opt   task.Optimization
	// components to choose from; nil: the defaults.
	components *thaw.Components
	label      string
	byStep     bool
	// lr is the learning rate of a step or epoch; nil: it depends on metrics.
	lr   func(i int) float64
	note string
}

func flat(int) float64 { return 1e-4 }

// adamWith is what most of the page is about.
func adamWith(ch lrsched.Choice) task.Optimization {
	return task.Optimization{Optimizer: optim.Named("Adam", nil), LearningRate: thaw.Ptr(1e-4), LRScheduler: &ch}
}

func snippets(t *testing.T) []snippet {
	t.Helper()
	lr := thaw.Ptr(1e-4)
	adam := optim.DefaultAdam()
	adam.AMSGrad = true
	stairs := func(every int) func(i int) float64 {
		return func(i int) float64 { return 1e-4 * math.Pow(0.1, float64(i/every)) }
	}
	c := thaw.Defaults()
	recipe := registry.Entry[lrsched.Component]{
		Name: "my_steplr_recipe",
		Value: lrsched.Compose(func(lrsched.Args) (lrsched.Choice, error) {
			return lrsched.Use(lrsched.StepLR{StepSize: 10, Gamma: 0.1}), nil
		}),
	}
	gentle := registry.Entry[optim.Component]{Name: "gentle", Value: optim.Compose(func(args optim.Args) (registry.Spec, error) {
		return optim.Named("AdamW", optim.Args{"weight_decay": 0.005, "lr": args["lr"]}), nil
	})}
	if err := c.LRSchedulers.Schedulers.Add(recipe); err != nil {
		t.Fatal(err)
	}
	if err := c.Optimizers.Add(gentle); err != nil {
		t.Fatal(err)
	}
	if c.LRSchedulers.Schedulers.Add(recipe) == nil || c.Optimizers.Add(gentle) == nil {
		t.Error("a recipe was registered twice")
	}
	return []snippet{
		{first: "optimizer: Adam", opt: task.Optimization{Optimizer: optim.Named("Adam", nil), LearningRate: lr}, label: "lr-Adam", lr: flat},
		{first: "optimizer: [Adam", opt: task.Optimization{Optimizer: optim.Named("Adam", optim.Args{"amsgrad": true}), LearningRate: lr}, label: "lr-Adam", lr: flat},
		{first: "optimizer: {class_path", opt: task.Optimization{Optimizer: optim.Use(adam), LearningRate: lr}, label: "lr-Adam", lr: flat},
		{first: "lr_scheduler: constant_schedule", opt: adamWith(lrsched.Named("constant_schedule", nil)), label: "lr-Adam", byStep: true, lr: flat},
		{first: "lr_scheduler: [StepLR, {step_size: 10}]", opt: adamWith(lrsched.Named("StepLR", lrsched.Args{"step_size": 10})), label: "lr-Adam", lr: stairs(10)},
		{
			first: "lr_scheduler: {class_path", opt: adamWith(lrsched.Use(lrsched.CyclicLR{
				StepSizeUp: 1500, Mode: "exp_range", Gamma: 0.5, ScaleMode: "cycle",
				CycleMomentum: true, BaseMomentum: lrsched.Each(0.8), MaxMomentum: lrsched.Each(0.9),
			})), label: "lr-Adam", byStep: true,
			lr:   func(i int) float64 { return 1e-4 + 9e-4*float64(i)/1500*math.Pow(0.5, float64(i)) },
			note: "base_lr [0.0001], max_lr [0.001]",
		},
		{
			first: "lr_scheduler: [StepLR, {step_size: 10}, {", opt: adamWith(lrsched.Named("StepLR", lrsched.Args{"step_size": 10},
				lrsched.Config{Interval: lrsched.ByStep, Frequency: 1, Monitor: "val_loss", Name: "stairs"})), label: "lr-stairs", byStep: true,
			// The step counter of an epoch has two batches: each is due.
			lr: stairs(10),
		},
		{first: "lr_scheduler: [reducelronplateau", opt: adamWith(lrsched.Named("reducelronplateau", lrsched.Args{"mode": "max"}, lrsched.Config{Monitor: "val_accuracy"})), label: "lr-Adam"},
		{
			first: "lr_scheduler: [cosine_schedule_with_warmup", opt: adamWith(lrsched.Named("cosine_schedule_with_warmup", lrsched.Args{"num_warmup_steps": 0.1})),
			label: "lr-Adam", byStep: true, lr: func(i int) float64 { // a tenth of 24 steps are 2
				if i < 2 {
					return 1e-4 * float64(i) / 2
				}
				return 1e-4 * 0.5 * (1 + math.Cos(math.Pi*float64(i-2)/22))
			},
		},
		{
			first: "lr_scheduler:\n", opt: adamWith(lrsched.Use(lrsched.SequentialLR{
				Schedulers: lrsched.Members{
					lrsched.LinearLR{StartFactor: 0.5, EndFactor: 1, TotalIters: 2},
					lrsched.LambdaLR{Lambda: lrsched.EachLambda(lrsched.LambdaFunc(func(epoch int) float64 { return math.Pow(0.9, float64(epoch)/2) }))},
				},
				Milestones: []int{2},
			})), label: "lr-Adam", lr: func(i int) float64 {
				if i < 2 {
					return 1e-4 * (0.5 + 0.25*float64(i))
				}
				return 1e-4 * math.Pow(0.9, float64(i-2)/2)
			},
		},
		{
			first: "recipes:", components: &c, label: "lr-AdamW", lr: stairs(10), opt: task.Optimization{
				Optimizer: optim.Named("gentle", nil), LearningRate: lr, LRScheduler: thaw.Ptr(lrsched.Named("my_steplr_recipe", nil)),
			},
		},
	}
}

// TestOptimizationPage runs every YAML block of docs/optimization.md as a
// configuration, and its counterpart in Go on the same data: both log the
// learning rates that the formula says, to the bit the same.
func TestOptimizationPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "optimization.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	list := snippets(t)
	if len(blocks) != len(list) {
		t.Fatalf("%d blocks of YAML on the page, %d here", len(blocks), len(list))
	}
	text, err = thaw.Schema()
	schema := resolvedSchema(t, text, err)
	t.Chdir(t.TempDir())
	drawPictures(t, "pictures")
	for i, s := range list {
		t.Run(strings.Fields(s.first)[0]+fmt.Sprint(i), func(t *testing.T) {
			yaml := blocks[i][1]
			if !strings.Contains(yaml, s.first) {
				t.Fatalf("the page's block is another one:\n%s", yaml)
			}
			if err := schema.Validate(instance(t, "page.yaml", []byte(yaml))); err != nil {
				t.Error(err)
			}
			e := reference.New(host.Options{})
			defer e.Close()
			byYAML, said := fitYAML(t, e, yaml)
			byGo := fitGo(t, e, s)
			if !slices.Equal(byYAML, byGo) {
				t.Errorf("by YAML %v\nby Go   %v", byYAML, byGo)
			}
			s.check(t, byYAML)
			if s.note != "" && !strings.Contains(said, s.note) {
				t.Errorf("nothing says %q:\n%s", s.note, said)
			}
		})
	}
}

func (s snippet) check(t *testing.T, rates []float64) {
	t.Helper()
	n := pageEpochs
	if s.byStep {
		n = pageSteps
	}
	if len(rates) != n {
		t.Errorf("%d learning rates, want %d", len(rates), n)
	}
	for i, got := range rates {
		if s.lr != nil && math.Abs(got-s.lr(i)) > 1e-12*1e-4 {
			t.Errorf("at %d: %v, want %v", i, got, s.lr(i))
		}
	}
}

// fitYAML fits by the page's configuration; it also gives what was said.
func fitYAML(t *testing.T, e engine.Engine, yaml string) (rates []float64, said string) {
	t.Helper()
	for name, text := range map[string]string{"base.yaml": pageBase, "page.yaml": yaml} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := thaw.Load([]string{"base.yaml", "page.yaml"}, []string{"log_dir=" + t.TempDir()}, e, thaw.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	var l listener
	if _, err := r.Fit(context.Background(), e, &l); err != nil {
		t.Fatal(err)
	}
	return l.rates, strings.Join(l.said, "\n")
}

// fitGo fits by the Go counterpart, on the configuration's data.
func fitGo(t *testing.T, e engine.Engine, s snippet) []float64 {
	t.Helper()
	r, err := thaw.Load([]string{"base.yaml"}, nil, e, thaw.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	clf, err := task.NewImageClassifier(task.ImageClassifierConfig{
		Engine: e, Labels: []string{"dark", "light"}, Backbone: "cifar_resnet8", Seed: r.Config.Seed, Optimization: s.opt,
	})
	if err != nil {
		t.Fatal(err)
	}
	c := trainer.DefaultConfig(e)
	c.MaxEpochs, c.LogEveryNSteps, c.LimitTrainBatches, c.LimitValBatches = pageEpochs, 1, trainer.Count(2), trainer.Count(1)
	if s.components != nil {
		c.Optimizers, c.LRSchedulers = s.components.Optimizers, s.components.LRSchedulers
	}
	l := listener{label: s.label}
	c.Sink = &l
	tr, err := trainer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background(), clf, r.Data, trainer.Schedule{}); err != nil {
		t.Fatal(err)
	}
	if l.wrong != "" {
		t.Errorf("logged as %s, want %s", l.wrong, s.label)
	}
	return l.rates
}

// listener keeps the learning rates of the only group.
type listener struct {
	label, wrong string
	rates        []float64
	said         []string
}

func (l *listener) Emit(ev event.Event) {
	switch ev := ev.(type) {
	case event.LRs:
		for _, name := range slices.Sorted(maps.Keys(ev.Values)) {
			l.rates = append(l.rates, ev.Values[name])
			if name != l.label {
				l.wrong = name
			}
		}
	case event.Note:
		l.said = append(l.said, ev.Text)
	case event.Warning:
		l.said = append(l.said, ev.Text)
	}
}

// drawPictures makes a folder of dark and light squares.
func drawPictures(t *testing.T, dir string) {
	t.Helper()
	for _, split := range []string{"train", "val"} {
		for i := range 8 {
			m := image.NewGray(image.Rect(0, 0, 8, 8))
			class := []string{"dark", "light"}[i%2]
			for j := range m.Pix {
				m.Pix[j] = uint8(50 + 120*(i%2) + (i*j)%40)
			}
			m.Set(0, 0, color.Black)
			folder := filepath.Join(dir, split, class)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, m); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPlateauWithoutMonitor: it is refused before a step is made.
func TestPlateauWithoutMonitor(t *testing.T) {
	e := reference.New(host.Options{})
	defer e.Close()
	clf, err := task.NewImageClassifier(task.ImageClassifierConfig{
		Engine: e, Classes: 2, Backbone: "cifar_resnet8", Optimization: adamWith(lrsched.Named("reducelronplateau", lrsched.Args{"mode": "max"})),
	})
	check(err)
	steps := 0
	c := trainer.DefaultConfig(e)
	c.MaxEpochs = 1
	c.Sink = event.SinkFunc(func(ev event.Event) {
		if _, ok := ev.(event.StepDone); ok {
			steps++
		}
	})
	tr, err := trainer.New(c)
	check(err)
	if _, err = tr.Fit(context.Background(), clf, pictures(), trainer.Schedule{}); err == nil || !strings.Contains(err.Error(), "monitor") || steps > 0 {
		t.Errorf("after %d steps: %v", steps, err)
	}
}

// Every optimizer and LR scheduler can be listed.
func Example_available() {
	optimizers, schedulers := task.AvailableOptimizers(), task.AvailableLRSchedulers()
	for _, name := range []string{"adadelta", "adam", "sgd"} {
		fmt.Println(name, slices.Contains(optimizers, name))
	}
	for _, name := range []string{"lambdalr", "constant_schedule", "cosineannealingwarmrestarts"} {
		fmt.Println(name, slices.Contains(schedulers, name))
	}
	// Output:
	// adadelta true
	// adam true
	// sgd true
	// lambdalr true
	// constant_schedule true
	// cosineannealingwarmrestarts true
}
