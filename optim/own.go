package optim

import (
	"reflect"
	"slices"
)

var ruleType = reflect.TypeFor[Rule]()

// own copies a rule, deeply, into a struct that is reached by pointer.
func own(r Rule) Rule {
	v := reflect.Indirect(reflect.ValueOf(r))
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	for i := range v.NumField() {
		f := p.Elem().Field(i)
		switch {
		case f.Type() == ruleType && !f.IsNil():
			f.Set(reflect.ValueOf(own(f.Interface().(Rule))))
		case f.Kind() == reflect.Slice && !f.IsNil():
			f.Set(reflect.AppendSlice(reflect.MakeSlice(f.Type(), 0, f.Len()), f))
		}
	}
	return p.Interface().(Rule)
}

// value copies a rule, deeply, into a struct.
func value(r Rule) Rule {
	v := reflect.ValueOf(own(r)).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == ruleType && !f.IsNil() {
			f.Set(reflect.ValueOf(value(f.Interface().(Rule))))
		}
	}
	return v.Interface().(Rule)
}

// knobs finds what LR schedulers turn, in a rule that own made: the learning
// rate, and the momentum or first beta; nil where the rule has none.
func knobs(r Rule) (lr, momentum *float64) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Type() == ruleType {
			return knobs(f.Interface().(Rule))
		}
		switch v.Type().Field(i).Tag.Get("json") {
		case "lr":
			lr = f.Addr().Interface().(*float64)
		case "momentum":
			momentum = f.Addr().Interface().(*float64)
		case "betas":
			if f.Len() > 0 {
				momentum = f.Index(0).Addr().Interface().(*float64)
			}
		}
	}
	return lr, momentum
}

// keepFixed gives a group's rule the constructor's value of each option that a
// group cannot override.
func keepFixed(r, base Rule) {
	f, ok := r.(Fixed)
	if !ok || reflect.TypeOf(r) != reflect.TypeOf(base) {
		return
	}
	names := f.Fixed()
	to, from := reflect.ValueOf(r).Elem(), reflect.ValueOf(base).Elem()
	for i := range to.NumField() {
		if slices.Contains(names, to.Type().Field(i).Tag.Get("json")) {
			to.Field(i).Set(from.Field(i))
		}
	}
}
