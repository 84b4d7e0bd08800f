package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// field is a struct's field that a configuration can set.
type field struct {
	name  string
	alias string
	tag   reflect.StructTag
	index []int
}

// fields lists a struct's named fields, those of embedded structs among them.
// Structs of the pure core name theirs for JSON, which serves as well.
func fields(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, ok := f.Tag.Lookup("config")
		if !ok {
			name, _, _ = strings.Cut(f.Tag.Get("json"), ",")
		}
		if f.IsExported() && name != "" && name != "-" {
			out = append(out, field{name, f.Tag.Get("alias"), f.Tag, f.Index})
		}
	}
	return out
}

// options are what a string may be; nil: anything.
func (f field) options() []string {
	list, ok := f.tag.Lookup("enum")
	if !ok {
		return nil
	}
	return strings.Split(list, ",")
}

// bound is the number in tag min or max; nil: none.
func (f field) bound(tag string) *float64 {
	text, ok := f.tag.Lookup(tag)
	if !ok {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("config: field %s has the tag %s:%q, which is no number", f.name, tag, text))
	}
	return &v
}
