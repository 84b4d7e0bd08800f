package lrsched

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Lambda is a function of time: the factor at a step, counted from 0.
type Lambda interface {
	At(step int) (float64, error)
}

// LambdaFunc makes a function a Lambda.
type LambdaFunc func(step int) float64

// At calls f.
func (f LambdaFunc) At(step int) (float64, error) { return f(step), nil }

// timeNames are what a formula may call its variable.
var timeNames = map[string]int{"e": 0, "epoch": 0, "step": 0, "t": 0, "x": 0}

// ParseLambda parses a formula in the epoch or step, called e, epoch, step, t
// or x, or as a leading "lambda name:" says.
func ParseLambda(text string) (Lambda, error) {
	x, err := parseExpr(text, timeNames)
	if err != nil {
		return nil, err
	}
	return formulaLambda{x}, nil
}

type formulaLambda struct{ *Expr }

func (f formulaLambda) At(step int) (float64, error) { return f.Eval(float64(step)) }

// Lambdas is one function for all groups, or a list with one for each. The zero
// value is neither.
type Lambdas struct {
	list   []Lambda
	isList bool
}

// EachLambda is one function for all groups.
func EachLambda(l Lambda) Lambdas { return Lambdas{list: []Lambda{l}} }

// LambdaByGroup has one function for each group.
func LambdaByGroup(l ...Lambda) Lambdas { return Lambdas{l, true} }

func (l Lambdas) written() any {
	var out []any
	for _, f := range l.list {
		out = append(out, fmt.Sprint(f))
	}
	switch {
	case len(out) == 0:
		return nil
	case l.isList:
		return out
	}
	return out[0]
}

// spread gives each of n groups its function.
func (l Lambdas) spread(n int) ([]Lambda, error) {
	switch {
	case len(l.list) == 0 && n > 0:
		return nil, fmt.Errorf("lr_lambda is not given")
	case !l.isList:
		return slices.Repeat(l.list, n), nil
	case len(l.list) != n:
		return nil, fmt.Errorf("expected %d lr_lambdas, one for each group, but got %d", n, len(l.list))
	}
	return slices.Clone(l.list), nil
}

// Formula is an optional function, such as CyclicLR's scale_fn.
type Formula struct{ Lambda }

func (f Formula) written() any {
	if f.Lambda == nil {
		return nil
	}
	return fmt.Sprint(f.Lambda)
}

// toLambdas reads a formula, a named function or a Go function, or a list.
func (c *Catalog) toLambdas(v any) (Lambdas, error) {
	list, ok := toList(v)
	if !ok {
		if gofuncs, ok := v.([]Lambda); ok {
			return LambdaByGroup(gofuncs...), nil
		}
		l, err := c.toLambda(v)
		return EachLambda(l), err
	}
	out := Lambdas{isList: true}
	for i, x := range list {
		l, err := c.toLambda(x)
		if err != nil {
			return out, fmt.Errorf("value %d: %w", i, err)
		}
		out.list = append(out.list, l)
	}
	return out, nil
}

func (c *Catalog) toLambda(v any) (Lambda, error) {
	switch v := v.(type) {
	case Lambda:
		return v, nil
	case func(int) float64:
		return LambdaFunc(v), nil
	case string:
		if e, ok := c.Lambdas.Lookup(v); ok {
			return e.Value, nil
		}
		return ParseLambda(v)
	}
	return nil, fmt.Errorf(`want a formula in the epoch or the name of a function, got %s (a constant is written as text: "0.95")`, show(v))
}

// lambdaState is the part of a state that is about functions: null for those
// without parameters, else the parameters.
type lambdaState []Lambda

// MarshalJSON implements json.Marshaler.
func (l lambdaState) MarshalJSON() ([]byte, error) {
	out := make([]any, len(l))
	for i, f := range l {
		if p, ok := f.(parametric); ok {
			out[i] = p.parameters()
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON sets the functions' parameters and brings their number to that
// of the state: the last one stands for groups that came later.
func (l *lambdaState) UnmarshalJSON(text []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*l = padded(*l, len(list))
	if len(*l) != len(list) {
		return fmt.Errorf("lr_lambdas: %d functions for a scheduler without groups", len(list))
	}
	for i, raw := range list {
		if p, ok := (*l)[i].(parametric); ok && string(raw) != "null" {
			if err := json.Unmarshal(raw, p.parameters()); err != nil {
				return fmt.Errorf("lr_lambda %d: %w", i, err)
			}
		}
	}
	return nil
}

// parametric functions keep their parameters in the scheduler's state, as
// torch does with callable objects. parameters is a pointer to them.
type parametric interface{ parameters() any }

// padded is list with n elements: cut, or with its last one repeated.
func padded[T any](list []T, n int) []T {
	list = slices.Clone(list[:min(n, len(list))])
	for len(list) < n && len(list) > 0 {
		list = append(list, list[len(list)-1])
	}
	return list
}

// factor is the function's value, which must be finite.
func factor(l Lambda, step int) (float64, error) {
	f, err := l.At(step)
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		err = fmt.Errorf("the factor is %v", f)
	}
	return f, err
}
