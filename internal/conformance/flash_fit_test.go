package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
	"github.com/thaw-go/thaw/trainer"
)

// flashFit trains one linear layer on random pictures, one a batch.
type flashFit struct {
	samples, inputs, outputs int
	opt                      task.Optimization
	optimizers               *optim.Catalog
	schedulers               *lrsched.Catalog
	limit                    trainer.Limit
	epochs                   int
}

// run fits and gives the steps made, and the learning rates logged.
func (c flashFit) run(t *testing.T) (steps int, rates []event.LRs) {
	t.Helper()
	e := reference.New(host.Options{})
	defer e.Close()
	s := nn.NewScope(nn.Config{Engine: e, Seed: 1, Prefix: task.Prefix})
	net := nn.NewNetwork(s)
	net.AddModule("linear", nn.NewLinear(s.Sub("linear").InBlock(), c.inputs, c.outputs, true))
	r := rng.New(rng.Name("pictures"))
	x, y := make([]float32, c.samples*c.inputs), make([]int64, c.samples)
	for i := range x {
		x[i] = float32(r.Normal())
	}
	for i := range y {
		y[i] = int64(i % c.outputs)
	}
	set, err := data.NewArrays(map[string]data.Array{"x": data.Floats(x, c.samples, c.inputs), "labels": data.Ints(y, c.samples)})
	if err != nil {
		t.Fatal(err)
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{Sampler: data.Sampler{BatchSize: 1}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := trainer.DefaultConfig(e)
	cfg.MaxEpochs, cfg.LimitTrainBatches, cfg.LogEveryNSteps = c.epochs, c.limit, 1
	cfg.Optimizers, cfg.LRSchedulers = c.optimizers, c.schedulers
	cfg.Sink = event.SinkFunc(func(ev event.Event) {
		if l, ok := ev.(event.LRs); ok {
			l.Values = maps.Clone(l.Values)
			rates = append(rates, l)
		}
	})
	tr, err := trainer.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	tk := &task.Custom{TypeName: "Flash", Net: net, Optimize: c.opt, Run: func(tp *tensor.Tape, b *data.Batch) task.Output {
		out := net.Run(tp, nil, tp.FromF32(engine.Of(b.Size, c.inputs), b.Fields["x"].F32))
		target := tp.FromI64(engine.Of(b.Size), b.Fields["labels"].I64)
		return task.Output{Loss: tp.CrossEntropy(out, target, tensor.CrossEntropyOptions{})}
	}}
	res, err := tr.Fit(t.Context(), tk, trainer.Data{Train: loader}, trainer.Schedule{})
	if err != nil {
		t.Fatal(err)
	}
	return res.Steps, rates
}

// called parses "partial(StepLR, step_size=10)" and "StepLR(step_size=10)".
func called(t *testing.T, text string) (name string, args registry.Args) {
	t.Helper()
	text = strings.TrimPrefix(strings.TrimSuffix(text, ")"), "partial(")
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '(' })
	args = registry.Args{}
	for _, w := range words[1:] {
		k, v, ok := strings.Cut(strings.TrimSpace(w), "=")
		if !ok {
			t.Fatalf("cannot read %q of %q", w, text)
		}
		if n, err := strconv.Atoi(v); err == nil {
			args[k] = n
		} else if x, err := strconv.ParseFloat(v, 64); err == nil {
			args[k] = x
		} else {
			args[k] = v
		}
	}
	return words[0], args
}

// flashOptimizer makes a choice of an input: a name, a tuple, or a partial,
// which is a constructor made in Go.
func flashOptimizer(t *testing.T, in any) registry.Spec {
	t.Helper()
	text, isText := in.(string)
	if !isText || !strings.HasPrefix(text, "partial(") {
		list, ok := in.([]any)
		if !ok {
			return optim.Named(in.(string), nil)
		}
		return optim.Named(list[0].(string), list[1].(map[string]any))
	}
	name, args := called(t, text)
	e, err := optim.Builtin().Find(name)
	if err != nil {
		t.Fatal(err)
	}
	rule, err := optim.Bind(e.Name, e.Value.Default, args)
	if err != nil {
		t.Fatal(err)
	}
	return optim.Use(rule)
}

// flashForm is a way to give a component.
type flashForm struct {
	Form     string         `json:"form"`
	Value    loose          `json:"value"`
	Recipe   loose          `json:"recipe"`
	Class    string         `json:"expect_class"`
	Interval string         `json:"interval"`
	Returns  string         `json:"returns"`
	Expect   map[string]any `json:"expect"`
}

// scheduler makes a choice of a form, and the catalog that its recipe is in.
func (c flashForm) scheduler(t *testing.T) (*lrsched.Choice, *lrsched.Catalog) {
	t.Helper()
	catalog := lrsched.Builtin().Clone()
	built := func(text string) lrsched.Builder {
		name, args := called(t, text)
		r, err := catalog.Resolve(lrsched.Named(name, args))
		if err != nil {
			t.Fatal(err)
		}
		return r.Builder
	}
	recipe := func(choice lrsched.Choice) *lrsched.Choice {
		err := catalog.Schedulers.Add(registry.Entry[lrsched.Component]{Name: "custom_recipe", Value: lrsched.Compose(func(lrsched.Args) (lrsched.Choice, error) { return choice, nil })})
		if err != nil {
			t.Fatal(err)
		}
		named := lrsched.Named("custom_recipe", nil)
		return &named
	}
	switch c.Form {
	case "none":
		return nil, catalog
	case "recipe_instance":
		return recipe(lrsched.Use(built(c.Recipe.v.(string)))), catalog
	case "recipe_dict":
		m := maps.Clone(c.Recipe.v.(map[string]any))
		b := built(m["scheduler"].(string))
		delete(m, "scheduler")
		config, _, err := lrsched.ParseConfig(m)
		if err != nil {
			t.Fatal(err)
		}
		return recipe(lrsched.Use(b, config)), catalog
	case "callable":
		choice := lrsched.Use(built(c.Value.v.(string)))
		return &choice, catalog
	case "tuple2", "tuple3", "name":
		choice, err := lrsched.ParseChoice(c.Value.v)
		if err != nil {
			t.Fatal(err)
		}
		return &choice, catalog
	}
	t.Fatalf("a form of another kind: %s", c.Form)
	return nil, nil
}

// combos trains with each way to give an optimizer and each way to give an LR
// scheduler.
func (f *flash) combos(t *testing.T, raw json.RawMessage) {
	var m struct {
		Basis      string      `json:"basis"`
		Model      string      `json:"model"`
		Optimizers []flashForm `json:"optimizer_inputs"`
		Schedulers []flashForm `json:"scheduler_inputs"`
	}
	decode(t, raw, &m)
	type combo struct{ Optimizer, Scheduler int }
	var cases []section
	for i, o := range m.Optimizers {
		for j, s := range m.Schedulers {
			text, _ := json.Marshal(combo{i, j})
			cases = append(cases, section{o.Form + "_" + s.Form, text})
		}
	}
	runCases(t, cases, func(t *testing.T, c combo) {
		o, s := m.Optimizers[c.Optimizer], m.Schedulers[c.Scheduler]
		spec := flashOptimizer(t, o.Value.v)
		made, err := optim.Make(optim.Builtin(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if made.Name() != o.Class {
			t.Errorf("%s, want %s", made.Name(), o.Class)
		}
		f.sameOptions(t, made, o.Expect, nil)
		choice, catalog := s.scheduler(t)
		var r *lrsched.Resolved
		if choice != nil {
			if r, err = catalog.Resolve(*choice); err != nil {
				t.Fatal(err)
			}
			f.sameConfig(t, r, map[string]any{"class": s.Class}, nil)
			f.sameConfig(t, r, map[string]any{"interval": s.Interval}, cause(choice.Config.Interval == "", "suitable-interval"))
		}
		steps, rates := flashFit{
			samples: 9, inputs: 784, outputs: 10, epochs: 1, limit: trainer.Count(10), schedulers: catalog,
			opt: task.Optimization{Optimizer: spec, LRScheduler: choice},
		}.run(t)
		if steps != 9 {
			t.Errorf("%d steps, want 9", steps)
		}
		label := "lr-" + o.Class
		if r != nil && r.Config.Name != "" {
			label = "lr-" + r.Config.Name
		}
		if len(rates) == 0 || math.Abs(rates[0].Values[label]-optim.Options(made.Rule())["lr"].(float64)) > 0 {
			t.Errorf("logged %v, want %s", rates, label)
		}
	})
}

type flashExternal struct {
	Basis     string     `json:"basis"`
	Optimizer flashInput `json:"optimizer"`
	Note      string     `json:"note"`
	Test      string     `json:"test"`
}

func (f *flash) external(t *testing.T, c flashExternal) {
	steps, _ := flashFit{samples: 9, inputs: 784, outputs: 10, epochs: 1, limit: trainer.Count(2), opt: task.Optimization{Optimizer: flashOptimizer(t, c.Optimizer.v)}}.run(t)
	if steps != 2 {
		t.Errorf("%d steps, want 2", steps)
	}
}

// smoke trains with Flash's own optimizers.
func (f *flash) smoke(t *testing.T, raw json.RawMessage) {
	var m struct {
		Basis string            `json:"basis"`
		Cases []json.RawMessage `json:"cases"`
		With  []json.RawMessage `json:"with_scheduler"`
	}
	decode(t, raw, &m)
	var cases []section
	for i, c := range append(m.Cases, m.With...) {
		cases = append(cases, section{fmt.Sprintf("%03d", i), c})
	}
	run := func(t *testing.T, args map[string]any) {
		name := "flash.core.optimizers." + args["opt"].(string)
		opt, steps := task.Optimization{}, 10
		if s, ok := args["sched"].(map[string]any); ok {
			for sched, a := range s {
				choice := lrsched.Named(sched, a.(map[string]any), lrsched.Config{Interval: lrsched.ByStep})
				opt.LRScheduler = &choice
			}
		}
		if n, ok := args["steps"].(float64); ok {
			steps = int(n)
		}
		for _, k := range []string{"opt", "sched", "steps"} {
			delete(args, k)
		}
		opt.Optimizer = optim.Named(name, args)
		if got, _ := (flashFit{samples: steps, inputs: 10, outputs: 1, epochs: 1, limit: trainer.All(), opt: opt}).run(t); got != steps {
			t.Errorf("%d steps, want %d", got, steps)
		}
	}
	runCases(t, cases, run)
}

// transformersFits trains with transformers' schedules, whose length is the
// fit's.
func (f *flash) transformersFits(t *testing.T, raw json.RawMessage) {
	var m struct {
		Basis   string `json:"basis"`
		Dataset struct {
			Samples   int `json:"samples"`
			Batch     int `json:"batch"`
			MaxEpochs int `json:"max_epochs"`
		} `json:"dataset"`
		Optimizers []loose  `json:"optimizers"`
		Via        []string `json:"via"`
		Schedulers []loose  `json:"schedulers"`
		Limits     []struct {
			Limit loose `json:"limit_train_batches"`
			Steps int   `json:"steps"`
		} `json:"limits"`
		Class string `json:"scheduler_class"`
	}
	decode(t, raw, &m)
	type combo struct{ Optimizer, Scheduler, Limit int }
	var cases []section
	for o := range m.Optimizers {
		for s := range m.Schedulers {
			for l := range m.Limits {
				text, _ := json.Marshal(combo{o, s, l})
				cases = append(cases, section{fmt.Sprintf("%d_%s_%v", o, nameIn(m.Schedulers[s].v), m.Limits[l].Limit.v), text})
			}
		}
	}
	runCases(t, cases, func(t *testing.T, c combo) {
		limit := trainer.All()
		switch l := m.Limits[c.Limit].Limit.v.(type) {
		case int:
			limit = trainer.Count(l)
		case float64:
			limit = trainer.Limit{Share: true, Value: l}
		}
		choice, err := lrsched.ParseChoice(m.Schedulers[c.Scheduler].v)
		if err != nil {
			t.Fatal(err)
		}
		want := m.Limits[c.Limit].Steps
		r, err := lrsched.Builtin().Resolve(choice)
		if err != nil {
			t.Fatal(err)
		}
		f.sameConfig(t, r, map[string]any{"class": m.Class, "interval": "step"}, nil)
		lr := 0.5
		steps, rates := flashFit{
			samples: m.Dataset.Samples, inputs: 784, outputs: 10, epochs: m.Dataset.MaxEpochs, limit: limit,
			opt: task.Optimization{Optimizer: flashOptimizer(t, m.Optimizers[c.Optimizer].v), LRScheduler: &choice, LearningRate: &lr},
		}.run(t)
		if steps != want || len(rates) != steps {
			t.Fatalf("%d steps with %d learning rates, want %d", steps, len(rates), want)
		}
		// What a fit's steps were made with is what the schedule says for its length.
		table := &lrsched.Table{Groups: []lrsched.Group{{LR: lr}}}
		s, err := r.Build(table, lrsched.Budget{TotalSteps: steps, StepsPerEpoch: steps / m.Dataset.MaxEpochs, Epochs: m.Dataset.MaxEpochs}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, logged := range rates {
			if logged.Values["lr-Adadelta"] != table.Groups[0].LR || logged.Step != i+1 {
				t.Errorf("step %d: logged %v, want %v", i+1, logged, table.Groups[0].LR)
			}
			if err := s.Step(table); err != nil {
				t.Fatal(err)
			}
		}
	})
}
