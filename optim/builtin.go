package optim

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/thaw-go/thaw/registry"
)

// Component is one optimizer of a catalog.
type Component struct {
	// Default is the rule with its defaults, a struct.
	Default Rule
	// Formula and Source say what it computes and where that is from.
	Formula, Source string
}

// Catalog is the set of optimizers that can be chosen by name.
type Catalog = registry.Set[Component]

// Builtin is the set of built-in optimizers.
func Builtin() *Catalog {
	s := registry.NewSet[Component]("optimizer")
	add := func(name, doc string, c Component) {
		e := registry.Entry[Component]{Name: name, Doc: doc, Value: c, Aliases: []string{"torch.optim." + name, "torch.optim." + registry.Fold(name) + "." + name}}
		if err := s.Add(e); err != nil {
			panic(err) // two built-in optimizers of one name: a programmer's error
		}
	}
	add("Adam", "adaptive moments", Component{DefaultAdam(), "w −= lr·m̂/(√v̂+eps)", "Kingma and Ba 2015; torch.optim.Adam"})
	add("AdamW", "Adam with decoupled weight decay", Component{DefaultAdamW(), "w = w(1−lr·wd) − lr·m̂/(√v̂+eps)", "Loshchilov and Hutter 2019; torch.optim.AdamW"})
	add("SGD", "stochastic gradient descent, with momentum", Component{DefaultSGD(), "w −= lr·(μ·buf+g)", "torch.optim.SGD"})
	return s
}

// Bind sets a copy of the default rule from arguments, strictly.
func Bind(name string, def Rule, args registry.Args) (Rule, error) {
	v := reflect.New(reflect.TypeOf(def)).Elem()
	v.Set(reflect.ValueOf(def))
	var names []string
	index := map[string]int{}
	for i := range v.NumField() {
		n := v.Type().Field(i).Tag.Get("json")
		names, index[n] = append(names, n), i
	}
	keys := make([]string, 0, len(args))
	for k := range args {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		i, ok := index[k]
		if !ok {
			if slices.Contains(ignored, k) {
				continue
			}
			return nil, fmt.Errorf("optimizer %s: unknown argument %q%s", name, k, suggest(k, names))
		}
		if err := set(v.Field(i), args[k]); err != nil {
			return nil, fmt.Errorf("optimizer %s: %s: %w", name, k, err)
		}
	}
	r := v.Interface().(Rule)
	if err := r.Check(); err != nil {
		return nil, fmt.Errorf("optimizer %s: %w", name, err)
	}
	return r, nil
}

// ignored are torch's arguments that choose an implementation, not a result.
var ignored = []string{"foreach", "fused", "capturable", "differentiable"}

func suggest(k string, names []string) string {
	if near := registry.Nearest(k, names, 2); len(near) > 0 {
		return fmt.Sprintf("; did you mean %s?", near[0])
	}
	return fmt.Sprintf("; it takes %v", names)
}

// set assigns a value in data form to an option.
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
	case reflect.Array:
		l, ok := v.([]any)
		if !ok || len(l) != f.Len() {
			return fmt.Errorf("wants a list of %d numbers, not %v", f.Len(), v)
		}
		for i, e := range l {
			x, err := number(e)
			if err != nil {
				return err
			}
			f.Index(i).SetFloat(x)
		}
	default:
		panic(fmt.Sprintf("optim: an option of type %v", f.Type()))
	}
	return nil
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

// Options are a rule's options in data form.
func Options(r Rule) registry.Args {
	v := reflect.ValueOf(r)
	out := registry.Args{}
	for i := range v.NumField() {
		f := v.Field(i)
		name := v.Type().Field(i).Tag.Get("json")
		if f.Kind() == reflect.Array {
			l := make([]any, f.Len())
			for j := range l {
				l[j] = f.Index(j).Interface()
			}
			out[name] = l
			continue
		}
		out[name] = f.Interface()
	}
	return out
}

// Make builds the optimizer that a spec names.
func Make(c *Catalog, spec registry.Spec) (*Optimizer, error) {
	e, err := c.Find(spec.Name)
	if err != nil {
		return nil, err
	}
	r, err := Bind(e.Name, e.Value.Default, spec.Args)
	if err != nil {
		return nil, err
	}
	return NewOptimizer(e.Name, r)
}

// common checks what nearly all optimizers have.
func common(lr, wd float64) error {
	if !(lr >= 0) {
		return invalid("learning rate", lr)
	}
	if !(wd >= 0) {
		return invalid("weight_decay value", wd)
	}
	return nil
}

func invalid(what string, v float64) error { return fmt.Errorf("invalid %s: %v", what, v) }
