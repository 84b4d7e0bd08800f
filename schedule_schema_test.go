package thaw_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/schedule"
)

func resolvedSchema(t *testing.T, text []byte, err error) *jsonschema.Resolved {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// instance is a YAML text as JSON values.
func instance(t *testing.T, name string, text []byte) any {
	t.Helper()
	n, err := config.ParseYAML(name, text, config.KeepDuplicates)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(n.Value())
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestScheduleSchema holds the schema against the parser: what is sound passes,
// and of the mistakes those that a schema can know of do not.
func TestScheduleSchema(t *testing.T) {
	text, err := thaw.ScheduleSchema()
	s := resolvedSchema(t, text, err)
	sound, err := filepath.Glob("schedule/testdata/seed/*.yaml")
	if err != nil || len(sound) < 3 {
		t.Fatal(sound, err)
	}
	for _, file := range append(sound, "examples/cifar10/schedule.yaml") {
		if err := s.Validate(instance(t, file, read(t, file))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	// What only a model, another phase or a look at numbers shows.
	beyond := []string{
		"braces_explode", "epoch_fraction", "epoch_not_rising", "epochs_only_missing", "key_hole", "key_huge", "key_twice", "key_twice_nested", "key_twice_quoted",
		"lr_phase_0", "name_misspelt", "name_twice", "pattern_backreference", "pattern_class", "pattern_lookahead", "pattern_possessive",
		"pattern_repeat", "pattern_swallows", "pattern_unclosed", "pattern_unopened", "range_empty", "range_huge", "reinit_phase_0", "rest_nothing", "rest_twice",
		"tied", "params_none",
	}
	bad, err := filepath.Glob("schedule/testdata/bad/*.yaml")
	if err != nil || len(bad) < 30 {
		t.Fatal(len(bad), err)
	}
	for _, file := range bad {
		name := filepath.Base(file[:len(file)-len(".yaml")])
		if name == "lr_infinite" {
			continue // JSON has no such number
		}
		err := s.Validate(instance(t, file, read(t, file)))
		if known := !slices.Contains(beyond, name); known != (err != nil) {
			t.Errorf("%s: the schema says %v", file, err)
		}
	}
	for _, name := range schedule.Presets().Names() {
		generated, err := schedule.Generate(name, layers(), schedule.PresetOptions{LR: 1e-6, Epoch: 2, Milestones: [2]int{1, 2}, Layers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(instance(t, name, []byte(generated.YAML()))); err != nil {
			t.Errorf("preset %s: %v", name, err)
		}
	}
}

// TestSchemaOfRuns: a configuration's schema knows the forms of a schedule, in
// both places.
func TestSchemaOfRuns(t *testing.T) {
	text, err := thaw.Schema()
	s := resolvedSchema(t, text, err)
	for want, texts := range map[bool][]string{
		true: {
			"schedule: file.yaml", "schedule: freeze", "schedule: {preset: freeze_unfreeze, epoch: 2}", "schedule: {0: {params: [a]}}", "schedule: null",
			"callbacks: [{FinetuningScheduler: {ft_schedule: {preset: by_block}}}]", "callbacks: [{FinetuningScheduler: {ft_schedule: a.yaml}}]",
			"lr_scheduler: StepLR", "lr_scheduler: [StepLR, {step_size: 1}, {interval: step, monitor: null}]", "lr_scheduler: {StepLR: {step_size: 1}}",
			"lr_scheduler: {name: StepLR, args: {step_size: 1}, config: {frequency: 2}}", "lr_scheduler: {class_path: StepLR, init_args: {step_size: 1}}",
			"lr_scheduler: null", "recipes: null", "recipes: {optimizers: {a: {args: {x: null}, optimizer: [sgd, {lr: '${x}'}]}}}",
			"recipes: {lr_schedulers: {a: {doc: b, scheduler: {StepLR: {step_size: 1}}, config: {interval: step}}}}",
		},
		false: {
			"schedule: {preset: freeze, epochs: 2}", "schedule: {0: {parms: [a]}}", "schedule: {first: {params: [a]}}", "schedule: [a]", "schedule: {preset: freeze, layers: 0}",
			"callbacks: [{FinetuningScheduler: {ft_schedule: {0: 3}}}]",
			"lr_scheduler: [StepLR]", "lr_scheduler: [StepLR, {}, {intervall: step}]", "lr_scheduler: [StepLR, {}, {interval: batch}]", "lr_scheduler: 3",
			"lr_scheduler: {name: StepLR, arg: {}}", "recipes: [a]", "recipes: {optimisers: {}}", "recipes: {optimizers: {a: {scheduler: b}}}",
			"recipes: {lr_schedulers: {a: {scheduler: b, arg: {}}}}", "recipes: {lr_schedulers: {a: {args: {x: 1}}}}",
		},
	} {
		for _, text := range texts {
			if err := s.Validate(instance(t, "run.yaml", []byte(text))); (err == nil) != want {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
