package optim

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// ArgError is a mistake in one argument.
type ArgError struct {
	// Owner is the optimizer, Arg the argument as the user wrote it.
	Owner, Arg string
	Err        error
}

func (e *ArgError) Error() string { return fmt.Sprintf("optimizer %s: %v", e.Owner, e.Err) }

// Unwrap gives the mistake itself.
func (e *ArgError) Unwrap() error { return e.Err }

// binder is a rule that reads some arguments itself; it gives back those that
// are left.
type binder interface {
	bind(c *Catalog, args registry.Args) (Rule, registry.Args, error)
}

// Bind sets a copy of the default rule from arguments, strictly.
func Bind(name string, def Rule, args registry.Args) (Rule, error) {
	return bindIn(nil, name, def, args)
}

// bindIn is Bind with the catalog that rules inside a rule are from.
func bindIn(c *Catalog, name string, def Rule, args registry.Args) (Rule, error) {
	if args["foreach"] == true && args["fused"] == true {
		return nil, fmt.Errorf("optimizer %s: `fused` and `foreach` cannot be `True` together", name)
	}
	if b, ok := def.(binder); ok {
		var err error
		if def, args, err = b.bind(c, args); err != nil {
			return nil, fmt.Errorf("optimizer %s: %w", name, err)
		}
	}
	r := own(def)
	fields := options(r)
	for _, k := range slices.Sorted(maps.Keys(args)) {
		f, ok := fields[k]
		var err error
		switch {
		case ok:
			err = set(f, args[k])
		case isSwitch(k):
			err = checkSwitch(args[k])
		default:
			return nil, &ArgError{name, k, fmt.Errorf("unknown argument %q%s", k, suggest(k, slices.Sorted(maps.Keys(fields))))}
		}
		if err != nil {
			return nil, &ArgError{name, k, fmt.Errorf("%s: %w", k, err)}
		}
	}
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("optimizer %s: %w", name, err)
	}
	return value(r), nil
}

// options are the settable fields of a rule that own made, by their names.
func options(r Rule) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == ruleType {
			if !f.IsNil() {
				maps.Copy(out, options(f.Interface().(Rule)))
			}
		}
	}
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() != ruleType {
			out[v.Type().Field(i).Tag.Get("json")] = f
		}
	}
	return out
}

// Options are a rule's options in data form: numbers, texts, lists, true,
// false, and nil for what is not set.
func Options(r Rule) registry.Args {
	out := registry.Args{}
	for name, f := range options(own(r)) {
		out[name] = data(f)
	}
	return out
}

func data(f reflect.Value) any {
	switch f.Kind() {
	case reflect.Pointer:
		if f.IsNil() {
			return nil
		}
		return data(f.Elem())
	case reflect.Array, reflect.Slice:
		l := make([]any, f.Len())
		for i := range l {
			l[i] = data(f.Index(i))
		}
		return l
	case reflect.String:
		if f.Len() == 0 {
			return nil
		}
	}
	return f.Interface()
}

func suggest(k string, names []string) string {
	if near := registry.Nearest(k, names, 2); len(near) > 0 {
		return fmt.Sprintf("; did you mean %s?", near[0])
	}
	return fmt.Sprintf("; it takes %s", strings.Join(names, ", "))
}

// set assigns a value in data form to an option. Nil unsets what can be unset.
func set(f reflect.Value, v any) error {
	switch f.Kind() {
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return fmt.Errorf("wants true or false, not %v", v)
		}
		f.SetBool(b)
	case reflect.Float64:
		x, err := number(v)
		if err != nil {
			return err
		}
		f.SetFloat(x)
	case reflect.Int:
		x, err := number(v)
		if err != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return fmt.Errorf("wants a whole number, not %v", v)
		}
		f.SetInt(int64(x))
	case reflect.String:
		s, ok := v.(string)
		if !ok && v != nil {
			return fmt.Errorf("wants a name, not %v", v)
		}
		f.SetString(s)
	case reflect.Pointer:
		if v == nil {
			f.SetZero()
			return nil
		}
		f.Set(reflect.New(f.Type().Elem()))
		return set(f.Elem(), v)
	case reflect.Array, reflect.Slice:
		return setList(f, v)
	default:
		panic(fmt.Sprintf("optim: an option of type %v", f.Type()))
	}
	return nil
}

func setList(f reflect.Value, v any) error {
	l, err := list(v)
	switch {
	case err != nil:
		return err
	case f.Kind() == reflect.Slice:
		f.Set(reflect.MakeSlice(f.Type(), len(l), len(l)))
	case len(l) != f.Len():
		return fmt.Errorf("wants a list of %d numbers, not %v", f.Len(), v)
	}
	for i, e := range l {
		if err := set(f.Index(i), e); err != nil {
			return err
		}
	}
	return nil
}

func list(v any) ([]any, error) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case []float64:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return out, nil
	}
	return nil, fmt.Errorf("wants a list of numbers, not %v", v)
}

// number reads a number, also from text: YAML 1.1 takes 1e-06 for one.
func number(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case string:
		if x, err := strconv.ParseFloat(v, 64); err == nil {
			return x, nil
		}
	}
	return 0, fmt.Errorf("wants a number, not %v", v)
}
