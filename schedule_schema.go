package thaw

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/schedule"
)

// ScheduleSchema is the JSON Schema (draft 2020-12) of a schedule's file, for
// editors that complete and check as one types.
func ScheduleSchema() ([]byte, error) {
	s := phasesForm()
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "thaw fine-tuning schedule"
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// scheduleForm is what stands below the key schedule.
func scheduleForm() *jsonschema.Schema {
	file := &jsonschema.Schema{Type: "string", Description: "a schedule's file, or a preset"}
	for _, name := range schedule.Presets().Names() {
		file.Examples = append(file.Examples, name)
	}
	p := config.SchemaOf(&preset{Layers: 1, Decay: 2.6})
	p.Required = []string{"preset"}
	p.Properties["preset"].Examples = file.Examples
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{file, p, phasesForm(), {Type: "null"}}}
}

// phasesForm is a mapping of phases.
func phasesForm() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", Description: "phases, numbered from 0 on; each thaws what it lists",
		PatternProperties:    map[string]*jsonschema.Schema{"^[0-9]+$": phaseForm()},
		AdditionalProperties: nothing(), MinProperties: Ptr(1),
	}
}

func nothing() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

// fixed is an object with the given keys, in their order.
func fixed(doc string, keys []string, forms ...*jsonschema.Schema) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Description: doc, Properties: map[string]*jsonschema.Schema{}, PropertyOrder: keys, AdditionalProperties: nothing()}
	for i, k := range keys {
		s.Properties[k] = forms[i]
	}
	return s
}

func phaseForm() *jsonschema.Schema {
	params := &jsonschema.Schema{
		Type: "array", Items: &jsonschema.Schema{Type: "string", MinLength: Ptr(1)},
		Description: "names, regular expressions that match at the start of a name, layer.{0..11}, =whole.names.*, or rest",
	}
	epoch := &jsonschema.Schema{Types: []string{"number", "null"}, Description: "the next phase begins at this epoch at the latest; -1: when early stopping says so", Default: json.RawMessage("-1")}
	lr := number("learning rate of the groups that the phase adds, from phase 1 on")
	return fixed("what a phase thaws, and what changes with it",
		[]string{"params", "max_transition_epoch", "lr", "new_lr_scheduler", "new_optimizer"}, params, epoch, lr, newLRSchedulerForm(), newOptimizerForm())
}

// number also takes a number that YAML 1.1 reads as a string, such as 1e-06.
func number(doc string) *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"number", "string"}, Description: doc, Pattern: `^\s*[0-9.]+([eE][-+]?[0-9]+)?\s*$`, Minimum: Ptr(0.0)}
}

func newLRSchedulerForm() *jsonschema.Schema {
	text := func(doc string) *jsonschema.Schema {
		return &jsonschema.Schema{Types: []string{"string", "null"}, Description: doc}
	}
	truth := func(doc string) *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean", Description: doc} }
	interval := text("what the scheduler counts")
	interval.Enum = []any{"epoch", "step"}
	rhythm := fixed("when the scheduler steps", []string{"interval", "frequency", "monitor", "strict", "name", "reduce_on_plateau"},
		interval, &jsonschema.Schema{Type: "integer", Minimum: Ptr(1.0), Description: "epochs or batches between steps"},
		text("metric that ReduceLROnPlateau watches"), truth("a missing monitor is an error"), text("label in logs"), truth("has no effect: it follows from the scheduler"))
	s := fixed("LR scheduler that replaces the running one when the phase begins",
		[]string{"lr_scheduler_init", "pl_lrs_cfg", "init_pg_lrs", "use_current_optimizer_pg_lrs"},
		classForm(Defaults().LRSchedulers.Schedulers.Names()), rhythm,
		&jsonschema.Schema{Type: "array", Items: number("learning rate of a group that exists already"), Description: "learning rates of the existing groups, in their order"},
		truth("existing groups go on from their present learning rates"))
	s.Required = []string{"lr_scheduler_init"}
	return s
}

func newOptimizerForm() *jsonschema.Schema {
	s := fixed("optimizer that replaces the running one when the phase begins", []string{"optimizer_init"}, classForm(Defaults().Optimizers.Names()))
	s.Required = []string{"optimizer_init"}
	return s
}

// classForm is a component: its name, [name, arguments] or {class_path,
// init_args}.
func classForm(names []string) *jsonschema.Schema {
	name := func() *jsonschema.Schema {
		s := &jsonschema.Schema{Type: "string", MinLength: Ptr(1)}
		for _, n := range names {
			s.Examples = append(s.Examples, n)
		}
		return s
	}
	args := &jsonschema.Schema{Types: []string{"object", "null"}, Description: "the component's arguments"}
	class := fixed("", []string{"class_path", "init_args"}, name(), args)
	class.Required = []string{"class_path"}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		name(), class, {Type: "array", PrefixItems: []*jsonschema.Schema{name(), args}, MinItems: Ptr(1), MaxItems: Ptr(2)},
	}}
}
