package thaw

import (
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/thaw-go/thaw/config"
)

// recipesForm is what stands below the key recipes.
func recipesForm() *jsonschema.Schema {
	byName := func(doc string, options any, required string) *jsonschema.Schema {
		one := config.SchemaOf(options)
		one.Types, one.Type, one.Required = nil, "object", []string{required}
		one.Properties["args"] = &jsonschema.Schema{Types: []string{"object", "null"}, Description: one.Properties["args"].Description}
		return &jsonschema.Schema{Types: []string{"object", "null"}, Description: doc, AdditionalProperties: one}
	}
	optimizers := byName("optimizers by the recipes' names", &optimizerRecipe{}, "optimizer")
	made := optimizers.AdditionalProperties.Properties["optimizer"]
	optimizers.AdditionalProperties.Properties["optimizer"] = withDoc(classForm(Defaults().Optimizers.Names()), made.Description)
	schedulers := byName("LR schedulers by the recipes' names", &schedulerRecipe{}, "scheduler")
	made = schedulers.AdditionalProperties.Properties["scheduler"]
	schedulers.AdditionalProperties.Properties["scheduler"] = withDoc(lrSchedulerForm(), made.Description)
	s := fixed("optimizers and LR schedulers composed of others, under names of their own", []string{"optimizers", "lr_schedulers"}, optimizers, schedulers)
	s.Type, s.Types = "", []string{"object", "null"}
	return s
}

func withDoc(s *jsonschema.Schema, doc string) *jsonschema.Schema {
	s.Description = doc
	return s
}

// lrSchedulerForm is the forms in which an LR scheduler is chosen.
func lrSchedulerForm() *jsonschema.Schema {
	s := classForm(Defaults().LRSchedulers.Schedulers.Names())
	name := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", MinLength: Ptr(1)} }
	args := func() *jsonschema.Schema { return &jsonschema.Schema{Types: []string{"object", "null"}} }
	s.AnyOf[2] = &jsonschema.Schema{Type: "array", PrefixItems: []*jsonschema.Schema{name(), args(), schedulerConfigForm()}, MinItems: Ptr(2), MaxItems: Ptr(3)}
	whole := fixed("", []string{"name", "args", "config"}, name(), args(), schedulerConfigForm())
	whole.Required = []string{"name"}
	sole := &jsonschema.Schema{
		Type: "object", MinProperties: Ptr(1), MaxProperties: Ptr(1), AdditionalProperties: args(),
		PropertyNames: &jsonschema.Schema{Not: &jsonschema.Schema{Enum: []any{"name", "args", "config", "class_path", "init_args"}}},
	}
	s.AnyOf = append(s.AnyOf, whole, sole, &jsonschema.Schema{Type: "null"})
	return s
}

func schedulerConfigForm() *jsonschema.Schema {
	text := func(doc string) *jsonschema.Schema {
		return &jsonschema.Schema{Types: []string{"string", "null"}, Description: doc}
	}
	interval := text("what the scheduler counts; unset: what suits it")
	interval.Enum = []any{"epoch", "step", nil}
	any := func(doc string) *jsonschema.Schema { return &jsonschema.Schema{Description: doc} }
	s := fixed("when the scheduler steps", []string{"interval", "frequency", "monitor", "strict", "name", "reduce_on_plateau", "opt_idx", "scheduler"},
		interval, &jsonschema.Schema{Types: []string{"integer", "null"}, Minimum: Ptr(1.0), Description: "epochs or batches between steps"},
		text("metric of a scheduler that is stepped with one"),
		&jsonschema.Schema{Types: []string{"boolean", "null"}, Description: "a missing monitor is an error"}, text("label in logs"),
		any("has no effect: it follows from the scheduler"), any("has no effect: there is one optimizer"), any("overridden by the scheduler chosen, with a warning"))
	s.Type, s.Types = "", []string{"object", "null"}
	return s
}
