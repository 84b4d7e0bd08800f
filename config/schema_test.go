package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/thaw-go/thaw/config"
)

func schema(t *testing.T, sections ...config.Section) *jsonschema.Resolved {
	t.Helper()
	b, err := config.Schema(sections...)
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// instance is a YAML text as JSON values.
func instance(t *testing.T, text string) any {
	t.Helper()
	n, err := config.ParseYAML("f", []byte(text))
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

// TestSchemaAgrees: what an editor accepts by the schema and what Decode accepts
// are the same.
func TestSchemaAgrees(t *testing.T) {
	s := schema(t)
	good := []string{
		"{}", "base: a.yaml", "base: [a.yaml, b.yaml]", "seed: 1", "seed_everything: 7", "seed_everything: true", "name: 3",
		"optimizer: adamw", "optimizer: [adamw, {lr: 1}]", "optimizer: {adamw: {lr: 1}}", "optimizer: {adamw: }",
		"optimizer: {class_path: torch.optim.AdamW}", "optimizer: {class_path: A, init_args: {a: 1}}", "optimizer: null",
		"task: {image_classification: {model: resnet18}}", "data: {folder: x}", "model: {class_path: x}", "schedule: a.yaml", "schedule: {0: {params: [a]}}",
		"callbacks: [FTSCheckpoint]", "callbacks: FTSCheckpoint", "callbacks: [{FTSEarlyStopping: {patience: 3}}]",
		"callbacks: [{class_path: finetuning_scheduler.FTSEarlyStopping, init_args: {patience: 3, mode: max}}]",
		"callbacks: [[FTSEarlyStopping, {patience: 3}]]", "callbacks: []", "callbacks: [{class_path: RichProgressBar, init_args: {x: 1}}]",
		"trainer: {callbacks: [{class_path: a.b.FinetuningScheduler, init_args: {max_depth: 1, frozen_bn_track_running_stats: false}}]}",
		"trainer:", "trainer: {max_epochs: 3, max_time: 90m, limit_train_batches: 0.5, val_check_interval: 10, fast_dev_run: true}",
		"trainer: {fast_dev_run: 3, devices: auto, precision: 32, gradient_clip_algorithm: value, max_time: {hours: 1}}",
		"trainer: {devices: [0, 1], logger: false, profiler: null, barebones: false, reload_dataloaders_every_n_epochs: 0, plugins: []}",
		"learning_rate: 1e-3", "learning_rate: null", "no_decay: [bias]", "no_decay: null",
	}
	bad := []string{
		"trainr: {}", "trainer: {max_epoch: 3}", "trainer: [1]", "trainer: {max_epochs: many}", "trainer: {max_epochs: -2}", "trainer: {max_epochs: 1.5}",
		"optimizer: 3", "optimizer: []", "optimizer: [adamw]", "optimizer: [adamw, {}, {}]", "optimizer: {a: {}, b: {}}", "optimizer: {class_path: A, lr: 1}", "optimizer: [a, 3]", "optimizer: {a: 3}",
		"callbacks: [3]", "callbacks: [{class_path: finetuning_scheduler.FTSEarlyStopping, init_args: {patienc: 3}}]", "callbacks: [{FTSEarlyStopping: {patience: x}}]",
		"trainer: {callbacks: {class_path: a.ModelCheckpoint, init_args: {mode: auto}}}",
		"trainer: {profiler: simple}", "trainer: {limit_train_batches: -1}", "trainer: {limit_train_batches: x}", "trainer: {gradient_clip_algorithm: agc}",
		"seed: -1", "seed: x", "learning_rate: -1", "no_decay: bias", "ckpt_path: x", "trainer: {accumulate_grad_batches: 0}", "trainer: {devices: {a: 1}}",
	}
	for want, texts := range map[bool][]string{true: good, false: bad} {
		for _, text := range texts {
			n, err := config.ParseYAML("f", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(instance(t, text)); (err == nil) != want {
				t.Errorf("the schema on %s: %v", text, err)
			}
			if strings.HasPrefix(text, "base:") {
				continue // read by Load
			}
			r := config.DefaultRun()
			err = config.Decode(n, &r)
			for _, c := range append(r.Callbacks, r.Trainer.Callbacks...) {
				if _, _, bad := config.ReadCallback(c); bad != nil {
					err = bad
				}
			}
			if (err == nil) != want {
				t.Errorf("Decode on %s: %v", text, err)
			}
		}
	}
}

// TestSchemaSections: other packages' sections take part.
func TestSchemaSections(t *testing.T) {
	s := schema(t, config.Section{Key: "task.inner", Options: &Inner{A: 1}}, config.Section{Key: "data", Options: Sample{}})
	for text, want := range map[string]bool{
		"task: {inner: {a: 2}}": true, "task: {inner: {x: 2}}": false, "task: {other: {x: 2}}": true, "task: {inner: {}, other: {}}": false,
		"data: {int: 3, inner: {b: 1}}": true, "data: {int: 101}": false, "data: {unsigned: 3}": true, "data: {folder: x}": false,
	} {
		if err := s.Validate(instance(t, text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := config.Schema(config.Section{Key: "nowhere.x", Options: Inner{}}); err == nil {
		t.Error("a section below nothing passes")
	}
}

// TestSchemaDocuments: every key says what it does, and the order is the
// structs'.
func TestSchemaDocuments(t *testing.T) {
	b, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	for where, o := range map[string]*jsonschema.Schema{"run": &s, "trainer": s.Properties["trainer"], "fts": s.Defs["FinetuningScheduler"], "stopping": s.Defs["FTSEarlyStopping"], "checkpoint": s.Defs["FTSCheckpoint"], "monitor": s.Defs["LearningRateMonitor"]} {
		for name, p := range o.Properties {
			if p.Description == "" {
				t.Errorf("%s: %s has no description", where, name)
			}
		}
	}
	for key, want := range map[string]string{"max_epochs": "1000", "precision": `"32-true"`, "limit_val_batches": "1", "max_time": `"0s"`} {
		if got := string(s.Properties["trainer"].Properties[key].Default); got != want {
			t.Errorf("the default of %s is %s, want %s", key, got, want)
		}
	}
	if i, j := strings.Index(string(b), `"min_epochs"`), strings.Index(string(b), `"max_steps"`); i < 0 || i > j {
		t.Error("keys are not in the order of the struct")
	}
}
