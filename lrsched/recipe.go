package lrsched

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Compose makes a recipe of a Go function: it is registered under a name of its
// own and gives a choice for the arguments that a user writes with the name.
func Compose(f func(args Args) (Choice, error)) Component { return Component{Recipe: f} }

// ParseRecipe makes a recipe of data, for those who only have the binary:
//
//	doc: warm up, then a cosine
//	args: {warmup: 5, total: null}        # null has no default
//	scheduler:
//	  - SequentialLR
//	  - schedulers:
//	      - [LinearLR, {total_iters: "${warmup}"}]
//	      - [CosineAnnealingLR, {T_max: "${total - warmup}"}]
//	    milestones: ["${warmup}"]
//	config: {interval: epoch}
//
// A text that is one ${…} becomes the formula's value; within a longer text each
// ${…} is replaced by its value. The formulas' variables are the arguments.
func ParseRecipe(m map[string]any) (c Component, doc string, err error) {
	r := &recipe{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		ok := true
		v := m[k]
		switch k {
		case "doc":
			doc, ok = v.(string)
		case "args":
			r.args, ok = toMap(v)
			ok = ok || v == nil
		case "scheduler":
			r.scheduler = v
		case "config":
			r.config, ok = toMap(v)
			ok = ok || v == nil
		default:
			return c, "", fmt.Errorf("a recipe has no %q%s", k, didYouMean(k, []string{"doc", "args", "scheduler", "config"}))
		}
		if !ok {
			return c, "", fmt.Errorf("a recipe's %s: got %s", k, show(v))
		}
	}
	if r.scheduler == nil {
		return c, "", fmt.Errorf("a recipe needs a scheduler")
	}
	r.names = slices.Sorted(maps.Keys(r.args))
	for _, v := range []any{r.scheduler, r.config} {
		if err := r.check(v); err != nil {
			return c, "", err
		}
	}
	c.Recipe = r.choice
	for _, name := range r.names {
		c.RecipeArgs = append(c.RecipeArgs, Arg{Name: name, Type: "value", Required: r.args[name] == nil, Default: r.args[name]})
	}
	return c, doc, nil
}

// recipe is a named, parameterised composition.
type recipe struct {
	args      map[string]any
	names     []string
	scheduler any
	config    map[string]any
}

// choice is the recipe with arguments put in.
func (r *recipe) choice(args Args) (Choice, error) {
	values := maps.Clone(r.args)
	for _, k := range slices.Sorted(maps.Keys(args)) {
		if !slices.Contains(r.names, k) {
			return Choice{}, fmt.Errorf("unknown argument %q%s", k, didYouMean(k, r.names))
		}
		values[k] = args[k]
	}
	for _, k := range r.names {
		if values[k] == nil {
			return Choice{}, fmt.Errorf("the argument %q is missing", k)
		}
	}
	v, err := r.filled(r.scheduler, values)
	if err != nil {
		return Choice{}, err
	}
	ch, err := ParseChoice(v)
	if err != nil || r.config == nil {
		return ch, err
	}
	config, err := r.filled(r.config, values)
	if err != nil {
		return Choice{}, err
	}
	parsed, warnings, err := ParseConfig(config.(map[string]any))
	if err != nil {
		return Choice{}, err
	}
	ch.Config = ch.Config.over(parsed)
	ch.Warnings = append(ch.Warnings, warnings...)
	return ch, nil
}

// check parses every formula, so that a mistake shows when the recipe is
// registered.
func (r *recipe) check(v any) error {
	switch v := v.(type) {
	case string:
		_, err := r.split(v)
		return err
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := r.check(v[k]); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
	case []any:
		for i, x := range v {
			if err := r.check(x); err != nil {
				return fmt.Errorf("value %d: %w", i, err)
			}
		}
	}
	return nil
}

// filled is v with the formulas replaced by their values.
func (r *recipe) filled(v any, values map[string]any) (any, error) {
	switch v := v.(type) {
	case string:
		return r.text(v, values)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			var err error
			if out[k], err = r.filled(x, values); err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = r.filled(x, values); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// piece is a part of a text: literal, or a formula.
type piece struct {
	literal string
	formula *Expr
}

// split finds the ${…} of a text.
func (r *recipe) split(text string) ([]piece, error) {
	var out []piece
	for {
		before, rest, found := strings.Cut(text, "${")
		if before != "" || !found && len(out) == 0 {
			out = append(out, piece{literal: before})
		}
		if !found {
			return out, nil
		}
		inner, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("%q: a ${ is not closed", text)
		}
		x, err := ParseExpr(inner, r.names...)
		if err != nil {
			return nil, err
		}
		out, text = append(out, piece{formula: x}), after
	}
}

func (r *recipe) text(text string, values map[string]any) (any, error) {
	pieces, err := r.split(text)
	if err != nil {
		return nil, err
	}
	if len(pieces) == 1 && pieces[0].formula != nil {
		return r.value(pieces[0].formula, values)
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.formula == nil {
			b.WriteString(p.literal)
			continue
		}
		v, err := r.value(p.formula, values)
		if err != nil {
			return nil, err
		}
		if f, ok := v.(float64); ok {
			v = strconv.FormatFloat(f, 'g', -1, 64)
		}
		fmt.Fprint(&b, v)
	}
	return b.String(), nil
}

// value computes a formula: an argument's name is its value of any kind, other
// formulas are numbers, and a whole one is an integer unless it is a name.
func (r *recipe) value(x *Expr, values map[string]any) (any, error) {
	if v, ok := values[strings.TrimSpace(x.String())]; ok {
		return v, nil
	}
	vars := make([]float64, len(r.names))
	for i, name := range r.names {
		f, err := toFloat(values[name], false)
		if err != nil {
			f = math.NaN() // an argument that is no number; the formula may not use it
		}
		vars[i] = f
	}
	v, err := x.Eval(vars...)
	switch {
	case err != nil:
		return nil, err
	case math.IsNaN(v):
		return nil, fmt.Errorf("%q has no value: an argument in it is no number", x)
	case v == math.Trunc(v) && math.Abs(v) < 1<<53:
		return int(v), nil
	}
	return v, nil
}
