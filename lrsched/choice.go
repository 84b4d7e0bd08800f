package lrsched

import (
	"fmt"
	"slices"
)

// Choice is how a user picks a scheduler: by name, by name and arguments, by
// both and a config, or as a Go builder.
type Choice struct {
	// Name finds the scheduler in the catalog: torch's or transformers' name or
	// class path, or a recipe's, in any case.
	Name string
	Args Args
	// Builder, if set, is used instead of a name.
	Builder Builder
	Config  Config
	// Warnings are what parsing had to say.
	Warnings []string
}

// Named chooses by name; args may be nil, and config left out.
func Named(name string, args Args, config ...Config) Choice {
	c := Choice{Name: name, Args: args}
	if len(config) > 0 {
		c.Config = config[0]
	}
	return c
}

// Use chooses a builder made in Go, such as StepLR{StepSize: 10, Gamma: 0.1}.
func Use(b Builder, config ...Config) Choice {
	c := Choice{Builder: b}
	if len(config) > 0 {
		c.Config = config[0]
	}
	return c
}

const choiceForms = "want a name, [name, args], [name, args, config], {name: args}, {name, args, config} or {class_path, init_args}"

// ParseChoice reads a choice from its data form.
func ParseChoice(v any) (Choice, error) {
	switch v := v.(type) {
	case string:
		return Named(v, nil), nil
	case Choice:
		return v, nil
	case Builder:
		return Use(v), nil
	}
	if list, ok := toList(v); ok {
		return parseTuple(list)
	}
	if m, ok := toMap(v); ok {
		return parseMapping(m)
	}
	return Choice{}, fmt.Errorf("%s, got %s", choiceForms, show(v))
}

func parseTuple(list []any) (Choice, error) {
	if len(list) != 2 && len(list) != 3 {
		return Choice{}, fmt.Errorf("%s, got a list of %d", choiceForms, len(list))
	}
	name, ok := list[0].(string)
	if !ok {
		return Choice{}, fmt.Errorf("the first value of an LR scheduler's list is its name, got %s", show(list[0]))
	}
	m := map[string]any{"name": name, "args": list[1]}
	if len(list) == 3 {
		m["config"] = list[2]
	}
	return parseMapping(m)
}

func parseMapping(m map[string]any) (c Choice, err error) {
	if name, args, ok := soleName(m); ok {
		return Named(name, args), nil
	}
	for k, v := range m {
		ok := true
		switch k {
		case "name", "class_path":
			c.Name, ok = v.(string)
			if !ok {
				err = fmt.Errorf("an LR scheduler's %s is text, got %s", k, show(v))
			}
		case "args", "init_args":
			var args map[string]any
			if args, ok = toMap(v); !ok && v != nil {
				err = fmt.Errorf("an LR scheduler's arguments are a mapping, got %s", show(v))
			}
			c.Args = args
		case "config":
			var config map[string]any
			if config, ok = toMap(v); !ok && v != nil {
				err = fmt.Errorf("an LR scheduler's config is a mapping, got %s", show(v))
			}
			if err == nil {
				c.Config, c.Warnings, err = ParseConfig(config)
			}
		default:
			err = fmt.Errorf("an LR scheduler has no %q%s", k, didYouMean(k, []string{"name", "args", "config", "class_path", "init_args"}))
		}
		if err != nil {
			return Choice{}, err
		}
	}
	if c.Name == "" {
		return Choice{}, fmt.Errorf("%s: the name is missing", choiceForms)
	}
	return c, nil
}

// soleName reads {name: args}: a mapping with one key, that is not one of the
// other form's.
func soleName(m map[string]any) (name string, args Args, ok bool) {
	for k, v := range m {
		args, isMap := toMap(v)
		ok := len(m) == 1 && (isMap || v == nil) && !slices.Contains([]string{"name", "args", "config", "class_path", "init_args"}, k)
		return k, args, ok
	}
	return "", nil, false
}
