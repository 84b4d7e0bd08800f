package optim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// switchDefaults are torch's arguments that choose an implementation, not a
// result, as torch sets them. Every optimizer takes them, without effect.
var switchDefaults = registry.Args{"foreach": nil, "fused": nil, "capturable": false, "differentiable": false}

func isSwitch(argument string) bool {
	_, ok := switchDefaults[argument]
	return ok
}

// checkSwitch checks a switch's value: true, false or null.
func checkSwitch(v any) error {
	if _, ok := v.(bool); !ok && v != nil {
		return fmt.Errorf("wants true, false or null, not %v", v)
	}
	return nil
}

// switchesIn are the switches among the arguments.
func switchesIn(args registry.Args) registry.Args {
	out := maps.Clone(args)
	maps.DeleteFunc(out, func(k string, _ any) bool { return !isSwitch(k) })
	return out
}

// switches are those that torch's class has.
func switches(r Rule) []string {
	if s, ok := r.(Switched); ok {
		return s.Switches()
	}
	return nil
}

// implied are the entries of torch's groups that are no options of the rule.
func implied(r Rule) registry.Args {
	if i, ok := r.(Implied); ok {
		return i.Implied()
	}
	return nil
}

// Remarks are what the user should know of arguments and groups that were
// taken, but not as they stand.
func (o *Optimizer) Remarks() []string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(o.switches)) {
		if o.switches[k] == true {
			out = append(out, fmt.Sprintf("%s: %s has no effect: it chooses among torch's implementations, which compute the same", o.name, k))
		}
	}
	for i, g := range o.groups {
		for _, p := range g.repeated {
			out = append(out, fmt.Sprintf("%s: group %d lists %s more than once; it is updated once", o.name, i, p))
		}
	}
	return out
}
