package phase

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/registry"
)

// Group is a row of the table: parameters that share their options. LR and
// Momentum are those of the next optimizer step.
type Group struct {
	// Params in registration order; empty for the half of a split group that
	// no parameter fell into.
	Params []string `json:"params"`
	lrsched.Group
	WeightDecay float64 `json:"weight_decay"`
	// Options are the optimizer's further options ("betas", "nesterov", …).
	Options registry.Args `json:"options,omitempty"`
	// Phase that added the group.
	Phase int `json:"phase"`
	// NoDecay tells the half whose names match Options.NoDecay.
	NoDecay bool `json:"no_decay,omitempty"`
}

// clone copies a table so that later changes do not reach it; names and
// options are never written to and stay shared.
func clone(gs []Group) []Group { return slices.Clone(gs) }

// optimizer is a spec with what its groups start from.
type optimizer struct {
	spec registry.Spec
	name string
	lr   float64
	wd   float64
	mom  float64
	kind lrsched.Momentum
	rest registry.Args
}

func (c *Config) describe(spec registry.Spec) (optimizer, error) {
	o := optimizer{spec: spec}
	info, err := c.Optimizers(spec)
	if err != nil {
		return o, err
	}
	o.name, o.rest = info.Name, plainArgs(info.Options)
	var ok bool
	if o.lr, ok = number(info.Options["lr"]); !ok {
		return o, fmt.Errorf("optimizer %s has no lr", spec.Name)
	}
	if v, has := info.Options["weight_decay"]; has {
		if o.wd, ok = number(v); !ok {
			return o, fmt.Errorf("optimizer %s: weight_decay is not a number: %v", spec.Name, v)
		}
	}
	switch {
	case info.Options["betas"] != nil:
		o.kind = lrsched.Beta1
		if l, isList := o.rest["betas"].([]any); isList && len(l) > 0 {
			o.mom, _ = number(l[0])
		}
	case info.Options["momentum"] != nil:
		o.kind = lrsched.PlainMomentum
		o.mom, _ = number(info.Options["momentum"])
	}
	delete(o.rest, "lr")
	delete(o.rest, "weight_decay")
	return o, nil
}

// plainArgs copies options in the form that JSON gives them back in: every
// number a float64.
func plainArgs(args registry.Args) registry.Args {
	out := make(registry.Args, len(args))
	for k, v := range args {
		out[k] = plain(v)
	}
	return out
}

func plain(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case float32:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case []float64:
		out := make([]any, len(v))
		for i := range v {
			out[i] = v[i]
		}
		return out
	case map[string]any:
		return map[string]any(plainArgs(v))
	default:
		return v
	}
}

// number reads a number, also one written as a string.
func number(v any) (float64, bool) {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case float32:
		f = float64(v)
	case int:
		f = float64(v)
	case int64:
		f = float64(v)
	case string:
		x, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil {
			return 0, false
		}
		f = x
	default:
		return 0, false
	}
	return f, !math.IsNaN(f)
}

// group makes a row with the optimizer's own options.
func (o optimizer) group(phase int, names []string) Group {
	return Group{
		Params: names, Group: lrsched.Group{LR: o.lr, Momentum: o.mom},
		WeightDecay: o.wd, Options: o.rest, Phase: phase,
	}
}

// split divides a row by the names that train without weight decay. With such
// names there are always two rows, so that they can be counted.
func (c *Config) split(g Group) []Group {
	if len(c.NoDecay) == 0 {
		return []Group{g}
	}
	decay, without := g, g
	decay.Params, without.Params = []string{}, []string{}
	without.NoDecay, without.WeightDecay = true, 0
	for _, n := range g.Params {
		if c.noDecay(n) {
			without.Params = append(without.Params, n)
		} else {
			decay.Params = append(decay.Params, n)
		}
	}
	return []Group{decay, without}
}

func (c *Config) noDecay(name string) bool {
	return slices.ContainsFunc(c.NoDecay, func(sub string) bool { return strings.Contains(name, sub) })
}

// phaseGroups are the rows that phase i adds to a table: its parameters that no
// row owns yet, at the phase's learning rate.
func (c *Config) phaseGroups(o optimizer, i int, table []Group) []Group {
	names := unowned(c.params(i), table)
	if len(names) == 0 {
		return nil
	}
	gs := c.split(o.group(i, names))
	if i > 0 {
		for k := range gs {
			gs[k].LR = c.Plan.Phase(i).LR
			gs[k].InitialLR = lrsched.At(gs[k].LR)
		}
	}
	return gs
}

// params are the names that phase i trains in addition. BatchNorm that trains
// while frozen belongs to phase 0.
func (c *Config) params(i int) []string {
	names := c.Plan.Phase(i).Params
	if i > 0 || c.FrozenBatchNorm != BatchNormTrain {
		return names
	}
	var out []string
	for _, p := range c.Plan.Params() {
		if strings.HasPrefix(p.Kind, "BatchNorm") || slices.Contains(names, p.Name) {
			out = append(out, p.Name)
		}
	}
	return out
}

// unowned are the names that no row holds.
func unowned(names []string, table []Group) []string {
	owned := map[string]bool{}
	for _, g := range table {
		for _, n := range g.Params {
			owned[n] = true
		}
	}
	var out []string
	for _, n := range names {
		if !owned[n] {
			out = append(out, n)
		}
	}
	return out
}

// rates remembers learning rates and momenta by parameter, and by place for
// rows without parameters.
type rates struct {
	byName  map[string]lrsched.Group
	byPlace map[place]lrsched.Group
}

type place struct {
	phase   int
	noDecay bool
}

func ratesOf(table []Group) rates {
	r := rates{map[string]lrsched.Group{}, map[place]lrsched.Group{}}
	for _, g := range table {
		for _, n := range g.Params {
			r.byName[n] = g.Group
		}
		if len(g.Params) == 0 {
			r.byPlace[place{g.Phase, g.NoDecay}] = g.Group
		}
	}
	return r
}

// apply sets the remembered learning rate of each row, and the momentum where
// the optimizer is still the same.
func (r rates) apply(table []Group, momentum bool) {
	for i := range table {
		g := &table[i]
		old, ok := r.byPlace[place{g.Phase, g.NoDecay}]
		if len(g.Params) > 0 {
			old, ok = r.byName[g.Params[0]]
		}
		if !ok {
			continue
		}
		g.LR = old.LR
		if momentum {
			g.Momentum = old.Momentum
		}
	}
}

// sameLayout tells whether two tables put the same parameters into the same
// rows.
func sameLayout(a, b []Group) bool {
	return slices.EqualFunc(a, b, func(x, y Group) bool { return slices.Equal(x.Params, y.Params) })
}
