package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tensor"
)

// lossArgs reads a loss's arguments. The first mistake is kept for done.
type lossArgs struct {
	loss  string
	args  registry.Args
	known []string
	err   error
}

func newLossArgs(loss string, args registry.Args) *lossArgs { return &lossArgs{loss: loss, args: args} }

func (a *lossArgs) failf(key, format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("%s: %s: %w", a.loss, key, fmt.Errorf(format, args...))
	}
}

// done is the first mistake; an argument that nobody asked for is one.
func (a *lossArgs) done() error {
	for _, k := range slices.Sorted(maps.Keys(a.args)) {
		if !slices.Contains(a.known, k) {
			a.failf(k, "unknown argument; known: %s", strings.Join(a.known, ", "))
		}
	}
	return a.err
}

func (a *lossArgs) value(key string) (any, bool) {
	a.known = append(a.known, key)
	v, ok := a.args[key]
	return v, ok && v != nil
}

// take reports whether a key has exactly the given text.
func (a *lossArgs) take(key, text string) bool {
	v, ok := a.value(key)
	return ok && v == any(text)
}

func (a *lossArgs) number(key string, def float64) float64 {
	v, ok := a.value(key)
	if !ok {
		return def
	}
	f, err := number(v)
	if err != nil {
		a.failf(key, "%w", err)
	}
	return f
}

func (a *lossArgs) integer(key string, def int) int {
	f := a.number(key, float64(def))
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		a.failf(key, "%v is not an integer", f)
		return def
	}
	return int(f)
}

func (a *lossArgs) bool(key string) bool {
	v, ok := a.value(key)
	b, is := v.(bool)
	if ok && !is {
		a.failf(key, "%v is not true or false", v)
	}
	return b
}

// numbers is a list, nil where absent.
func (a *lossArgs) numbers(key string) []float64 {
	v, ok := a.value(key)
	if !ok {
		return nil
	}
	if f, is := v.([]float64); is {
		return slices.Clone(f)
	}
	list, is := v.([]any)
	if !is {
		a.failf(key, "want a list of numbers, not %v", v)
	}
	out := make([]float64, len(list))
	for i, x := range list {
		f, err := number(x)
		if err != nil {
			a.failf(key, "%w", err)
		}
		out[i] = f
	}
	return out
}

func (a *lossArgs) reduction() tensor.Reduction {
	v, ok := a.value("reduction")
	switch {
	case !ok || v == any("mean"):
		return tensor.Mean
	case v == any("sum"):
		return tensor.Sum
	case v == any("none"):
		return tensor.None
	}
	a.failf("reduction", "%v is none of mean, sum, none", v)
	return tensor.Mean
}

// number accepts what YAML, JSON and Go write, numbers in text included.
func number(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%v is not a number", v)
}
