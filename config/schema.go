package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/thaw-go/thaw/tree"
)

// Section describes what stands below a key whose content other packages know.
type Section struct {
	// Key is dotted: "data", "task.image_classification".
	Key string
	// Options is a struct, or a pointer to one, that holds the defaults.
	Options any
	// Schema, if set, says it all in place of Options.
	Schema *jsonschema.Schema
}

// SchemaOf is the schema of a struct, or a pointer to one, that a configuration
// is decoded into; its content states the defaults.
func SchemaOf(options any) *jsonschema.Schema {
	return object(reflect.Indirect(reflect.ValueOf(options)))
}

// Schema is the JSON Schema (draft 2020-12) of a run's configuration as JSON
// text, for editors that complete and check as one types.
func Schema(sections ...Section) ([]byte, error) {
	s := object(reflect.ValueOf(DefaultRun()))
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "thaw run configuration"
	add := func(in *jsonschema.Schema, name string, p *jsonschema.Schema) {
		if in.Properties[name] == nil {
			in.PropertyOrder = append(in.PropertyOrder, name)
		}
		in.Properties[name] = p
	}
	add(s, baseKey, &jsonschema.Schema{
		Description: "files that this one builds upon, relative to it",
		AnyOf:       []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}, {Type: "null"}},
	})
	add(s, seedEverything, &jsonschema.Schema{Types: []string{"integer", "boolean", "null"}, Minimum: jsonschema.Ptr(0.0), Description: "Lightning's name of seed"})
	one := jsonschema.Ptr(1)
	add(s, "task", &jsonschema.Schema{Type: "object", MinProperties: one, MaxProperties: one, Properties: map[string]*jsonschema.Schema{}, Description: s.Properties["task"].Description})
	callbacks(s)
	for _, x := range sections {
		at := s
		keys := strings.Split(x.Key, ".")
		for _, k := range keys[:len(keys)-1] {
			next := at.Properties[k]
			if next == nil || next.Properties == nil {
				return nil, fmt.Errorf("config: the schema has no section %q for %s", k, x.Key)
			}
			at = next
		}
		last := keys[len(keys)-1]
		p := x.Schema
		if p == nil {
			p = SchemaOf(x.Options)
		}
		if before := at.Properties[last]; before != nil {
			p.Description = before.Description
		}
		add(at, last, p)
		if x.Key == "schedule" { // which finetuning-scheduler's callback has a key for too
			ft := s.Defs["FinetuningScheduler"].Properties["ft_schedule"]
			s.Defs["FinetuningScheduler"].Properties["ft_schedule"] = &jsonschema.Schema{Ref: "#/properties/schedule", Description: ft.Description}
		}
	}
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// object is the schema of a struct with its present content as defaults. Every
// field may be null, which asks for the default.
func object(v reflect.Value) *jsonschema.Schema {
	s := &jsonschema.Schema{Types: []string{"object", "null"}, Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, f := range fields(v.Type()) {
		p := property(f, v.FieldByIndex(f.index))
		for _, name := range []string{f.name, f.alias} {
			if name != "" {
				s.Properties[name] = p
				s.PropertyOrder = append(s.PropertyOrder, name)
				p = &jsonschema.Schema{Types: p.Types, Enum: p.Enum, Description: "another name of " + f.name}
			}
		}
	}
	return s
}

// property is the schema of one field.
func property(f field, v reflect.Value) *jsonschema.Schema {
	p := form(v)
	if doc := f.tag.Get("doc"); doc != "" {
		p.Description = doc
	}
	if why, later := f.tag.Lookup("later"); later {
		return &jsonschema.Schema{Description: strings.TrimPrefix(f.tag.Get("doc")+"; not supported yet: "+why, "; "), Deprecated: true, Enum: []any{nil, false, 0, []any{}}}
	}
	for _, option := range f.options() {
		p.Enum = append(p.Enum, option)
	}
	if p.Enum != nil {
		p.Enum = append(p.Enum, nil)
	}
	if low := f.bound("min"); low != nil {
		p.Minimum = low
	}
	if high := f.bound("max"); high != nil {
		p.Maximum = high
	}
	if n, ok := encode(v); ok && !blank(n) && !plain(v) {
		if b, err := json.Marshal(n.Value()); err == nil {
			p.Default = b
		}
	}
	return p
}

// form is the schema of a value's type.
func form(v reflect.Value) *jsonschema.Schema {
	types := func(list ...string) *jsonschema.Schema { return &jsonschema.Schema{Types: append(list, "null")} }
	switch v.Interface().(type) {
	case *tree.Node:
		return &jsonschema.Schema{}
	case Share:
		s := types("number")
		s.Minimum = jsonschema.Ptr(0.0)
		return s
	case FastDevRun:
		s := types("boolean", "integer")
		s.Minimum = jsonschema.Ptr(0.0)
		return s
	case Devices:
		return types("string", "integer", "array")
	case BatchNorm:
		return &jsonschema.Schema{Enum: []any{"eval", "stats-only", "train", true, false}}
	case Component:
		return componentForm()
	case Components:
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "array", Items: componentForm()}, componentForm()}}
	}
	if v.Type() == durationType {
		return types("string", "object")
	}
	if reflect.PointerTo(v.Type()).Implements(decoderType) {
		return &jsonschema.Schema{} // a form that only the type knows
	}
	switch v.Kind() {
	case reflect.Pointer:
		return form(reflect.New(v.Type().Elem()).Elem())
	case reflect.Struct:
		return object(v)
	case reflect.Slice:
		s := types("array")
		s.Items = form(reflect.New(v.Type().Elem()).Elem())
		return s
	case reflect.Map:
		s := types("object")
		s.AdditionalProperties = form(reflect.New(v.Type().Elem()).Elem())
		return s
	case reflect.Bool:
		return types("boolean")
	case reflect.String:
		return types("string", "number")
	case reflect.Float32, reflect.Float64:
		return types("number")
	case reflect.Interface:
		return &jsonschema.Schema{}
	}
	s := types("integer")
	if v.CanUint() {
		s.Minimum = jsonschema.Ptr(0.0)
	}
	return s
}
