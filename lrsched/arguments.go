package lrsched

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// Args are a scheduler's named arguments in data form.
type Args = registry.Args

// Arg describes one argument of a scheduler.
type Arg struct {
	Name, Type, Doc string
	Required        bool
	// Default is what an optional argument is when it is not given; nil is none.
	Default any
}

// ArgError is a mistake in one argument, or in one key of a scheduler config.
type ArgError struct {
	// Owner is the scheduler, Arg the argument as the user wrote it.
	Owner, Arg string
	Err        error
}

func (e *ArgError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Owner, e.Arg, e.Err) }

// Unwrap gives the mistake itself.
func (e *ArgError) Unwrap() error { return e.Err }

// field is one argument of a builder: a struct field with a json name.
type field struct {
	Arg
	index  int
	strict bool
}

// fieldsOf lists the arguments of a builder with its defaults.
func fieldsOf(b Builder) []field {
	v := reflect.ValueOf(b)
	var out []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		options := strings.Split(f.Tag.Get("arg"), ",")
		a := Arg{Name: name, Type: typeName(v.Field(i).Interface()), Doc: f.Tag.Get("doc")}
		a.Required = slices.Contains(options, "required")
		if !a.Required {
			a.Default = defaultOf(v.Field(i))
		}
		out = append(out, field{a, i, slices.Contains(options, "strict")})
	}
	return out
}

// defaultOf is a field's value as a user would write it.
func defaultOf(v reflect.Value) any {
	if w, ok := v.Interface().(interface{ written() any }); ok {
		return w.written()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice:
		if v.IsNil() {
			return nil
		}
	}
	if v.Kind() == reflect.Pointer {
		return v.Elem().Interface()
	}
	return v.Interface()
}

func typeName(v any) string {
	switch v.(type) {
	case float64, *float64:
		return "number"
	case int, *int:
		return "integer"
	case bool:
		return "bool"
	case string:
		return "text"
	case []int:
		return "list of integers"
	case PerGroup:
		return "number or list"
	case Steps:
		return "integer or fraction"
	case Lambdas:
		return "formula or list"
	case Formula:
		return "formula"
	case Members:
		return "list of schedulers"
	}
	return fmt.Sprintf("%T", v)
}

// bind sets a copy of the default builder from arguments, strictly: an unknown
// one, a wrong type and a missing required one are errors.
func (c *resolver) bind(name string, def Builder, args Args) (Builder, error) {
	ptr := reflect.New(reflect.TypeOf(def))
	ptr.Elem().Set(reflect.ValueOf(def))
	fields := fieldsOf(def)
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.Name
	}
	keys := make([]string, 0, len(args))
	for k := range args {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		i := slices.Index(known, k)
		if i < 0 {
			return nil, &ArgError{name, k, fmt.Errorf("unknown argument%s", didYouMean(k, known))}
		}
		if err := c.set(ptr.Elem().Field(fields[i].index), args[k], fields[i]); err != nil {
			return nil, &ArgError{name, k, err}
		}
	}
	for _, f := range fields {
		if _, given := args[f.Name]; f.Required && !given {
			return nil, &ArgError{name, f.Name, fmt.Errorf("missing (%s)", f.Doc)}
		}
	}
	b := ptr.Elem().Interface().(Builder)
	if v, ok := b.(validator); ok {
		if err := v.validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
}

// validator builders check their arguments before there is a table.
type validator interface{ validate() error }

// set reads v into a field.
func (c *resolver) set(to reflect.Value, v any, f field) (err error) {
	switch p := to.Addr().Interface().(type) {
	case *float64:
		*p, err = toFloat(v, f.strict)
	case *int:
		*p, err = toInt(v, f.strict)
	case *bool:
		*p, err = toBool(v)
	case *string:
		*p, err = toString(v)
	case **float64:
		*p = nil
		if v != nil {
			var x float64
			x, err = toFloat(v, f.strict)
			*p = &x
		}
	case **int:
		*p = nil
		if v != nil {
			var x int
			x, err = toInt(v, f.strict)
			*p = &x
		}
	case *[]int:
		list, ok := toList(v)
		if !ok {
			return fmt.Errorf("want a list of integers, got %s", show(v))
		}
		*p = make([]int, len(list))
		for i, x := range list {
			if (*p)[i], err = toInt(x, f.strict); err != nil {
				return err
			}
		}
	case *PerGroup:
		*p, err = toPerGroup(v, f.Required)
	case *Steps:
		*p, err = toSteps(v, f.Required)
	case *Lambdas:
		*p, err = c.toLambdas(v)
	case *Formula:
		p.Lambda = nil
		if v != nil {
			p.Lambda, err = c.toLambda(v)
		}
	case *Members:
		*p, err = c.toMembers(v)
	default:
		panic(fmt.Sprintf("lrsched: argument of type %T", p))
	}
	return err
}
