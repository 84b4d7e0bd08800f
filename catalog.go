package thaw

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// Kinds of components, as the command line names them.
const (
	Optimizers   = "optimizers"
	LRSchedulers = "lr-schedulers"
	Models       = "models"
	Tasks        = "tasks"
	Presets      = "presets"
)

// Kinds lists them.
func Kinds() []string { return []string{Optimizers, LRSchedulers, Models, Tasks, Presets} }

// Description is what can be said of a component.
type Description struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Doc  string `json:"doc"`
	// Formula and Source are what it computes, and where that is from.
	Formula string `json:"formula,omitempty"`
	Source  string `json:"source,omitempty"`
	// Aliases find it too, next to its name in any case and with or without
	// underscores.
	Aliases   []string   `json:"aliases,omitempty"`
	Arguments []Argument `json:"arguments,omitempty"`
	// Remarks are further facts, a line each.
	Remarks []string `json:"remarks,omitempty"`
	// Example is a piece of configuration.
	Example string `json:"example"`
}

// Argument is one argument of a component.
type Argument struct {
	Name string `json:"name"`
	// Default as it is written in a configuration; "required" where there is none.
	Default string `json:"default"`
	Doc     string `json:"doc"`
}

// Describe describes all components of a kind, in the order of their names.
func (c Components) Describe(kind string) ([]Description, error) {
	var out []Description
	switch kind {
	case Optimizers:
		out = describe(c.Optimizers, describeOptimizer)
	case LRSchedulers:
		out = describe(c.LRSchedulers.Schedulers, describeScheduler)
	case Models:
		out = c.describeModels()
	case Tasks:
		out = describeTasks()
	case Presets:
		out = describe(schedule.Presets(), describePreset)
	default:
		return nil, fmt.Errorf("unknown kind %q; it is one of %s", kind, strings.Join(Kinds(), ", "))
	}
	slices.SortStableFunc(out, func(a, b Description) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out, nil
}

// Find describes every component that a name means, of any kind; where there is
// none, the error names the nearest.
func (c Components) Find(name string) ([]Description, error) {
	var found []Description
	var names []string
	want := registry.Fold(name)
	for _, kind := range Kinds() {
		all, err := c.Describe(kind)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			names = append(names, d.Name)
			if slices.ContainsFunc(append([]string{d.Name}, d.Aliases...), func(n string) bool { return registry.Fold(n) == want }) {
				found = append(found, d)
			}
		}
	}
	if found == nil {
		hint := "thaw list optimizers, lr-schedulers, models, tasks and presets list what there is"
		if near := registry.Nearest(name, names, 3); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return nil, fmt.Errorf("there is nothing of the name %q\n    hint: %s", name, hint)
	}
	return found, nil
}

func describe[T any](s *registry.Set[T], one func(d *Description, v T)) []Description {
	var out []Description
	for _, e := range s.Entries() {
		d := Description{Name: e.Name, Doc: e.Doc, Aliases: e.Aliases}
		one(&d, e.Value)
		out = append(out, d)
	}
	return out
}

func describeOptimizer(d *Description, c optim.Component) {
	d.Kind, d.Formula, d.Source = "optimizer", c.Formula, c.Source
	if c.Default == nil {
		for _, a := range c.RecipeArgs {
			d.Arguments = append(d.Arguments, Argument{Name: a.Name, Default: written(a.Default)})
		}
		d.Example = "optimizer: " + d.Name
		return
	}
	t := reflect.TypeOf(c.Default)
	values := optim.Options(c.Default)
	lr := ""
	for i := range t.NumField() {
		name, doc := t.Field(i).Tag.Get("json"), t.Field(i).Tag.Get("doc")
		if name == "" {
			continue
		}
		v, plain := values[name]
		a := Argument{Name: name, Default: written(v), Doc: doc}
		if !plain {
			a.Default = "adam"
		}
		if name == "lr" {
			lr = a.Default
		}
		d.Arguments = append(d.Arguments, a)
	}
	d.Example = "optimizer: " + strings.ToLower(d.Name)
	if lr != "" {
		d.Example = fmt.Sprintf("optimizer: [%s, {lr: %s}]", strings.ToLower(d.Name), lr)
	}
}

func describeScheduler(d *Description, c lrsched.Component) {
	d.Kind, d.Formula, d.Source = "LR scheduler", c.Formula, c.Source
	var needed []string
	for _, a := range c.Arguments() {
		arg := Argument{Name: a.Name, Default: written(a.Default), Doc: a.Doc}
		if a.Required {
			arg.Default = "required"
			needed = append(needed, a.Name+": …")
		}
		d.Arguments = append(d.Arguments, arg)
	}
	if c.Interval == lrsched.ByStep {
		d.Remarks = append(d.Remarks, "steps after every optimizer step, unless interval: epoch")
	} else {
		d.Remarks = append(d.Remarks, "steps after every epoch, unless interval: step")
	}
	d.Example = "lr_scheduler: " + d.Name
	config := ""
	if c.Metered {
		d.Remarks = append(d.Remarks, "is stepped with a metric, which monitor names")
		config = ", {monitor: val_loss}"
	}
	if needed != nil || config != "" {
		d.Example = fmt.Sprintf("lr_scheduler: [%s, {%s}%s]", d.Name, strings.Join(needed, ", "), config)
	}
}

func (c Components) describeModels() []Description {
	var out []Description
	for _, e := range c.Models.Entries() {
		d := Description{Kind: "model", Name: e.Name, Doc: e.Doc, Aliases: e.Aliases, Example: fmt.Sprintf("task: {image_classification: {model: %s}}", e.Name)}
		d.Remarks = append(d.Remarks, fmt.Sprintf("head: %s; pictures of %d×%d", e.Value.Head, e.Value.Size, e.Value.Size))
		out = append(out, d)
	}
	return out
}

func describeTasks() []Description {
	t := reflect.TypeFor[imageTask]()
	v := reflect.ValueOf(defaultImageTask())
	d := Description{
		Kind: "task", Name: "image_classification", Doc: "pictures into classes", Aliases: []string{"image_classifier", "ImageClassifier"},
		Example: "task: {image_classification: {model: resnet18, weights: resnet18.safetensors}}",
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("config"); name != "" {
			d.Arguments = append(d.Arguments, Argument{Name: name, Default: written(v.Field(i).Interface()), Doc: f.Tag.Get("doc")})
		}
	}
	return []Description{d}
}

func describePreset(d *Description, p schedule.Preset) {
	d.Kind = "preset"
	docs := map[string]string{}
	t := reflect.TypeFor[preset]()
	for i := range t.NumField() {
		docs[t.Field(i).Tag.Get("config")] = t.Field(i).Tag.Get("doc")
	}
	for _, o := range p.Options {
		d.Arguments = append(d.Arguments, Argument{Name: o, Default: "null", Doc: docs[o]})
	}
	d.Example = "schedule: " + d.Name
}

// written is a value as a configuration has it.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if v == "" {
			return "null"
		}
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = written(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice || r.Kind() == reflect.Array {
		parts := make([]string, r.Len())
		for i := range parts {
			parts[i] = written(r.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(v)
}
