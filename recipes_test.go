package thaw_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/optim"
)

// outlined reads a configuration's recipes and what it chooses, as far as that
// needs no data.
func outlined(t testing.TB, text string) (*thaw.Outline, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(file, []byte("task: {image_classification: {model: cifar_resnet8}}\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	return thaw.NewOutline(thaw.OutlineOptions{Files: []string{file}, Classes: 2}, thaw.Defaults())
}

// TestOptimizerRecipes: what a recipe stands for, and whose learning rate
// applies.
func TestOptimizerRecipes(t *testing.T) {
	const section = `
recipes:
  optimizers:
    bare: {optimizer: adamw}
    scaled: {args: {lr: 0.5, by: 4}, optimizer: [sgd, {lr: "${lr / by}", momentum: 0.9}]}
    any: {args: {which: null}, optimizer: ["${which}", null]}
    twice: {args: {by: 2}, optimizer: {scaled: {by: "${by * 2}"}}}
`
	for choice, want := range map[string]optim.Args{
		"optimizer: bare":                                  {"lr": 1e-3, "weight_decay": 1e-2},
		"optimizer: bare\nlearning_rate: 0.25":             {"lr": 0.25},
		"optimizer: scaled":                                {"lr": 0.125, "momentum": 0.9},
		"optimizer: [scaled, {by: 8}]":                     {"lr": 0.0625},
		"optimizer: [scaled, {by: 8}]\nlearning_rate: 2.0": {"lr": 0.25},
		"optimizer: [any, {which: rmsprop}]":               {"alpha": 0.99},
		"optimizer: twice":                                 {"lr": 0.125},
		"optimizer: [twice, {by: 1}]":                      {"lr": 0.25},
	} {
		o, err := outlined(t, section+choice)
		if err != nil {
			t.Errorf("%s: %v", choice, err)
			continue
		}
		look, err := o.Outlook(o.Run.Plan)
		if err != nil {
			t.Fatal(err)
		}
		info, err := look.Machine.Optimizers(look.Machine.Optimizer)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if info.Options[k] != v {
				t.Errorf("%s: %s has %s %v, want %v", choice, info.Name, k, info.Options[k], v)
			}
		}
	}
}

// FuzzRecipes: a section is understood or refused, without a panic, and a
// refusal says where.
func FuzzRecipes(f *testing.F) {
	for _, s := range []string{
		"optimizers: {a: {args: {x: 1}, optimizer: [sgd, {lr: '${x / 2}'}]}}", "lr_schedulers: {a: {args: {x: null}, scheduler: [steplr, {step_size: '${x}'}], config: {interval: step}}}",
		"optimizers: {a: {optimizer: b}, b: {optimizer: a}}", "optimizers: {adam: {optimizer: sgd}}", "optimizers: [1]", "lr_schedulers: {a: 3}", "{}", "optimizers: {a: {optimizer: '${'}}",
		"lr_schedulers: {a: {scheduler: {SequentialLR: {schedulers: [a], milestones: []}}}}", "optimizers: {'': {optimizer: sgd}}", "optimizers: {a: {args: {max: 1, 'b c': 2}, optimizer: [sgd, null]}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, section string) {
		_, err := outlined(t, "recipes:\n  "+strings.ReplaceAll(section, "\n", "\n  "))
		if err != nil && !strings.Contains(err.Error(), "run.yaml") {
			t.Errorf("%q: %v", section, err)
		}
	})
}
