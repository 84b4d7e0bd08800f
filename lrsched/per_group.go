package lrsched

import (
	"encoding/json"
	"fmt"
	"slices"
)

// PerGroup is one number for all groups, or a list with one for each. The zero
// value is neither: not given.
type PerGroup struct {
	Values []float64
	List   bool
}

// Each is one number for all groups.
func Each(v float64) PerGroup { return PerGroup{Values: []float64{v}} }

// ByGroup has one number for each group.
func ByGroup(v ...float64) PerGroup { return PerGroup{Values: v, List: true} }

// Given tells whether there is a value at all.
func (p PerGroup) Given() bool { return p.List || len(p.Values) > 0 }

// spread gives each of n groups its number.
func (p PerGroup) spread(name string, n int) ([]float64, error) {
	if !p.List {
		return slices.Repeat(p.Values, n), nil
	}
	if len(p.Values) != n {
		return nil, fmt.Errorf("%s has %d values, the optimizer has %d groups: want one for each", name, len(p.Values), n)
	}
	return slices.Clone(p.Values), nil
}

func (p PerGroup) written() any {
	switch {
	case !p.Given():
		return nil
	case p.List:
		return p.Values
	}
	return p.Values[0]
}

// MarshalJSON implements json.Marshaler.
func (p PerGroup) MarshalJSON() ([]byte, error) {
	switch {
	case !p.Given():
		return []byte("null"), nil
	case p.List:
		return json.Marshal(Reals(p.Values))
	}
	return json.Marshal(Real(p.Values[0]))
}

func toPerGroup(v any, required bool) (PerGroup, error) {
	if v == nil && !required {
		return PerGroup{}, nil
	}
	list, ok := toList(v)
	if !ok {
		f, err := toFloat(v, false)
		return Each(f), err
	}
	p := PerGroup{Values: make([]float64, len(list)), List: true}
	for i, x := range list {
		f, err := toFloat(x, false)
		if err != nil {
			return p, fmt.Errorf("value %d: %w", i, err)
		}
		p.Values[i] = f
	}
	return p, nil
}
