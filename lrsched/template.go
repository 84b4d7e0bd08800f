package lrsched

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Template fills arguments into data: a text that is one ${…} becomes the
// formula's value; within a longer text each ${…} is replaced by its value. The
// formulas' variables are the arguments.
type Template struct {
	args  map[string]any
	names []string
}

// NewTemplate declares the arguments with their defaults; nil is none.
func NewTemplate(args map[string]any) *Template {
	return &Template{args, slices.Sorted(maps.Keys(args))}
}

// Arguments lists what there is to fill in.
func (t *Template) Arguments() []Arg {
	var out []Arg
	for _, name := range t.names {
		out = append(out, Arg{Name: name, Type: "value", Required: t.args[name] == nil, Default: t.args[name]})
	}
	return out
}

// Declares tells whether there is an argument of that name.
func (t *Template) Declares(name string) bool { return slices.Contains(t.names, name) }

// Fill is v with the formulas replaced by their values.
func (t *Template) Fill(v any, args Args) (any, error) {
	values := maps.Clone(t.args)
	for _, k := range slices.Sorted(maps.Keys(args)) {
		if !slices.Contains(t.names, k) {
			return nil, fmt.Errorf("unknown argument %q%s", k, didYouMean(k, t.names))
		}
		values[k] = args[k]
	}
	for _, k := range t.names {
		if values[k] == nil {
			return nil, fmt.Errorf("the argument %q is missing", k)
		}
	}
	return t.filled(v, values)
}

// Check parses the formulas of a text, so that a mistake shows before there are
// arguments.
func (t *Template) Check(text string) error {
	_, err := t.split(text)
	return err
}

// check is Check for every text in v.
func (t *Template) check(v any) error {
	switch v := v.(type) {
	case string:
		return t.Check(v)
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := t.check(v[k]); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
	case []any:
		for i, x := range v {
			if err := t.check(x); err != nil {
				return fmt.Errorf("value %d: %w", i, err)
			}
		}
	}
	return nil
}

// filled is v with the formulas replaced by their values.
func (t *Template) filled(v any, values map[string]any) (any, error) {
	switch v := v.(type) {
	case string:
		return t.text(v, values)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			var err error
			if out[k], err = t.filled(x, values); err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			var err error
			if out[i], err = t.filled(x, values); err != nil {
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
func (t *Template) split(text string) ([]piece, error) {
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
		x, err := ParseExpr(inner, t.names...)
		if err != nil {
			return nil, err
		}
		out, text = append(out, piece{formula: x}), after
	}
}

func (t *Template) text(text string, values map[string]any) (any, error) {
	pieces, err := t.split(text)
	if err != nil {
		return nil, err
	}
	if len(pieces) == 1 && pieces[0].formula != nil {
		return t.value(pieces[0].formula, values)
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.formula == nil {
			b.WriteString(p.literal)
			continue
		}
		v, err := t.value(p.formula, values)
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
func (t *Template) value(x *Expr, values map[string]any) (any, error) {
	if v, ok := values[strings.TrimSpace(x.String())]; ok {
		return v, nil
	}
	vars := make([]float64, len(t.names))
	for i, name := range t.names {
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
