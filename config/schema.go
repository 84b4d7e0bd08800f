package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/thaw-go/thaw/tree"
)

// Schema is the JSON Schema (draft 2020-12) of a run's configuration, for
// editors that complete and check as one types.
func Schema() ([]byte, error) {
	s := object(reflect.ValueOf(DefaultRun()))
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "thaw run configuration"
	s.Properties[baseKey] = &jsonschema.Schema{
		Description: "files that this one builds upon, relative to it",
		AnyOf:       []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}},
	}
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// object is the schema of a struct with its present content as defaults.
func object(v reflect.Value) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		p := valueSchema(fv)
		p.Description = f.tag.Get("doc")
		if why, later := f.tag.Lookup("later"); later {
			p.Description, p.Deprecated = "not supported yet: "+why, true
		}
		if list, ok := f.tag.Lookup("enum"); ok {
			for _, e := range strings.Split(list, ",") {
				p.Enum = append(p.Enum, e)
			}
		}
		if !blank(fv) && fv.Kind() != reflect.Struct {
			if b, err := json.Marshal(defaultValue(fv)); err == nil {
				p.Default = b
			}
		}
		s.Properties[f.name] = p
		s.PropertyOrder = append(s.PropertyOrder, f.name)
	}
	return s
}

func defaultValue(v reflect.Value) any {
	if d, ok := v.Interface().(time.Duration); ok {
		return d.String()
	}
	return v.Interface()
}

func valueSchema(v reflect.Value) *jsonschema.Schema {
	switch v.Interface().(type) {
	case *tree.Node:
		return &jsonschema.Schema{}
	case time.Duration:
		return &jsonschema.Schema{Types: []string{"string", "object"}}
	case Share:
		return &jsonschema.Schema{Type: "number"}
	case FastDevRun:
		return &jsonschema.Schema{Types: []string{"boolean", "integer"}}
	case Component:
		return &jsonschema.Schema{Types: []string{"string", "array", "object"}}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return valueSchema(reflect.New(v.Type().Elem()).Elem())
	case reflect.Struct:
		return object(v)
	case reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: valueSchema(reflect.New(v.Type().Elem()).Elem())}
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return &jsonschema.Schema{Type: "integer"}
	case reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	case reflect.String:
		return &jsonschema.Schema{Types: []string{"string", "integer"}}
	}
	return &jsonschema.Schema{}
}
