package optim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/thaw-go/thaw/registry"
)

// Args are an optimizer's named arguments in data form.
type Args = registry.Args

// Named chooses an optimizer by name; args may be nil.
func Named(name string, args Args) registry.Spec { return registry.Spec{Name: name, Args: args} }

// Use chooses a rule made in Go, such as a changed DefaultAdam(), or one of
// your own, which needs no registration. A learning rate given beside it
// overrides the rule's.
func Use(r Rule) registry.Spec {
	return registry.Spec{Name: reflect.Indirect(reflect.ValueOf(r)).Type().Name(), Value: r}
}

// Compose makes a recipe of a Go function: it is registered under a name of its
// own and chooses an optimizer for the arguments that a user writes with the
// name. A learning rate given beside the name arrives as the argument lr.
func Compose(f func(args Args) (registry.Spec, error)) Component { return Component{Recipe: f} }

// errItself says that a recipe leads back to itself.
var errItself = errors.New("it names itself")

// Make builds the optimizer that a spec chooses.
func Make(c *Catalog, spec registry.Spec) (*Optimizer, error) {
	return choose(c, spec, nil)
}

// choose follows recipes to a rule with its arguments; via are the recipes on
// the way.
func choose(c *Catalog, spec registry.Spec, via map[string]bool) (*Optimizer, error) {
	if spec.Value != nil {
		r, ok := spec.Value.(Rule)
		if !ok {
			return nil, fmt.Errorf("optimizer %s: a %T is no optimizer's rule", spec.Name, spec.Value)
		}
		return bound(c, nameOf(c, r, spec.Name), value(own(r)), spec.Args)
	}
	e, err := c.Find(spec.Name)
	if err != nil {
		return nil, err
	}
	if e.Value.Recipe == nil {
		return bound(c, e.Name, e.Value.Default, spec.Args)
	}
	wrap := func(err error) error { return fmt.Errorf("recipe %q: %w", e.Name, err) }
	if via[e.Name] {
		return nil, wrap(errItself)
	}
	inner, err := e.Value.Recipe(maps.Clone(spec.Args))
	if err != nil {
		return nil, wrap(err)
	}
	via = maps.Clone(via)
	if via == nil {
		via = map[string]bool{}
	}
	via[e.Name] = true
	o, err := choose(c, inner, via)
	if err != nil {
		return nil, wrap(err)
	}
	return o, nil
}

// bound makes the optimizer of a default rule and arguments.
func bound(c *Catalog, name string, def Rule, args Args) (*Optimizer, error) {
	r, err := bindIn(c, name, def, args)
	if err != nil {
		return nil, err
	}
	o, err := NewOptimizer(name, r)
	if err != nil {
		return nil, err
	}
	o.switches = switchesIn(args)
	return o, nil
}

// nameOf is the name under which a rule's type is registered, or else the given
// one.
func nameOf(c *Catalog, r Rule, name string) string {
	if c != nil {
		for _, e := range c.Entries() {
			if e.Value.Default != nil && reflect.TypeOf(e.Value.Default) == reflect.TypeOf(value(own(r))) {
				return e.Name
			}
		}
	}
	return name
}
