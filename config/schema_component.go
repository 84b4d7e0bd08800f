package config

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// componentForm is the forms in which a component may be written.
func componentForm() *jsonschema.Schema {
	args := func() *jsonschema.Schema { return &jsonschema.Schema{Types: []string{"object", "null"}} }
	name := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1)} }
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		name(),
		{Type: "array", PrefixItems: []*jsonschema.Schema{name(), args()}, MinItems: jsonschema.Ptr(2), MaxItems: jsonschema.Ptr(2)},
		{
			Type: "object", Required: []string{"class_path"},
			Properties:           map[string]*jsonschema.Schema{"class_path": name(), "init_args": args(), "dict_kwargs": args()},
			PropertyOrder:        []string{"class_path", "init_args", "dict_kwargs"},
			AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
		},
		{Type: "object", MinProperties: jsonschema.Ptr(1), MaxProperties: jsonschema.Ptr(1), PropertyNames: &jsonschema.Schema{Not: &jsonschema.Schema{Const: jsonschema.Ptr(any("class_path"))}}, AdditionalProperties: args()},
		{Type: "null"},
	}}
}

// callbacks gives both places of callbacks the options of each class, by its
// name and by any class path that ends in it.
func callbacks(s *jsonschema.Schema) {
	s.Defs = map[string]*jsonschema.Schema{}
	one := componentForm()
	names := &jsonschema.Schema{Type: "string"}
	for _, k := range callbackKinds {
		names.Examples = append(names.Examples, k.class)
		options := reflect.ValueOf(k.options()).Elem()
		if options.Type() == reflect.TypeFor[Display]() {
			continue
		}
		s.Defs[k.class] = object(options)
		ref := func() *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + k.class} }
		one.AllOf = append(one.AllOf,
			&jsonschema.Schema{Properties: map[string]*jsonschema.Schema{k.class: ref()}},
			&jsonschema.Schema{
				If: &jsonschema.Schema{
					Type: "object", Required: []string{"class_path"},
					Properties: map[string]*jsonschema.Schema{"class_path": {Type: "string", Pattern: `(^|\.)` + k.class + "$"}},
				},
				Then: &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"init_args": ref()}},
			})
	}
	one.AnyOf[0] = names
	one.AnyOf[2].Properties["class_path"].Examples = names.Examples
	s.Defs["callback"] = one
	ref := func() *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/callback"} }
	for _, in := range []*jsonschema.Schema{s, s.Properties[trainerKey]} {
		p := in.Properties["callbacks"]
		p.AnyOf = []*jsonschema.Schema{{Type: "array", Items: ref()}, ref()}
	}
}
