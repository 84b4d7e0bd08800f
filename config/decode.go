package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// Decoder is a type with a form of its own.
type Decoder interface {
	// DecodeTree sets the value from n, which as a struct's field is never
	// null. Its errors should be made with n.Errorf, so that they say where.
	DecodeTree(n *tree.Node) error
}

// Decode lays n over *v, a pointer to a struct. Fields that n lacks, or gives as
// null, keep what they hold, so v's content states the defaults; a null sets a
// pointer, slice or map to nil. A field's tags say the rest:
//
//	config:"name"   the key; json:"name" serves too, where the struct's package
//	                should know nothing of configurations
//	alias:"name"    another key for the same field
//	doc:"…"         one line on what it does
//	enum:"a,b"      what a string may be
//	min:"0" max:"1" bounds of a number, both allowed
//	later:"hint"    a key that is known but not supported yet; null, false, 0
//	                and what is empty ask for nothing and pass
//
// Unknown keys, wrong types and what the tags forbid are errors with the place,
// all reported at once as a diag.List.
func Decode(n *tree.Node, v any) error {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		panic(fmt.Sprintf("config: Decode into %T, which is no pointer", v))
	}
	d := &decoder{}
	if n != nil {
		d.value(n, rv.Elem(), "")
	}
	return d.found.Err()
}

type decoder struct{ found diag.List }

// add keeps what a Decoder found; it says itself what it is about.
func (d *decoder) add(err error) {
	if l, ok := errors.AsType[diag.List](err); ok {
		d.found = append(d.found, l...)
		return
	}
	f, ok := errors.AsType[diag.Finding](err)
	if !ok {
		f = diag.Finding{Message: err.Error()}
	}
	if f.Code == "" {
		f.Code = "wrong-type"
	}
	d.found = append(d.found, f)
}

// fault is a finding to be made at a node: path names the key it is about.
type fault struct{ path, code, hint string }

func (d *decoder) fail(n *tree.Node, f fault, format string, args ...any) {
	x := n.Findingf(diag.Error, f.code, format, args...)
	x.Hint = f.hint
	if f.path != "" {
		x.Message = f.path + ": " + x.Message
	}
	d.found = append(d.found, x)
}

// wants says that a value is of the wrong type.
func (d *decoder) wants(n *tree.Node, path, want, hint string) {
	d.fail(n, fault{path, "wrong-type", hint}, "wants %s, this is %s", want, described(n))
}

var (
	decoderType  = reflect.TypeFor[Decoder]()
	nodeType     = reflect.TypeFor[*tree.Node]()
	durationType = reflect.TypeFor[time.Duration]()
)

func (d *decoder) value(n *tree.Node, v reflect.Value, path string) {
	if v.CanAddr() && v.Addr().Type().Implements(decoderType) {
		if err := v.Addr().Interface().(Decoder).DecodeTree(n); err != nil {
			d.add(err)
		}
		return
	}
	switch v.Type() {
	case nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case durationType:
		d.duration(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(n, v, path)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.slice(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Interface:
		if x := n.Value(); x == nil {
			v.SetZero()
		} else {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, v, path)
	}
}

func (d *decoder) pointer(n *tree.Node, v reflect.Value, path string) {
	if n.Kind == tree.Null {
		v.SetZero()
		return
	}
	p := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		p.Elem().Set(v.Elem())
	}
	d.value(n, p.Elem(), path)
	v.Set(p)
}

func (d *decoder) structure(n *tree.Node, v reflect.Value, path string) {
	switch n.Kind {
	case tree.Null: // an empty section keeps the defaults
		return
	case tree.Map:
	default:
		d.wants(n, path, "a mapping", "")
		return
	}
	known := fields(v.Type())
	given := make([]*tree.Node, len(known)) // the keys
	for _, e := range n.Fields {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == e.Key.Text || f.alias == e.Key.Text })
		if i < 0 {
			d.unknown(e.Key, known, path)
			continue
		}
		if before := given[i]; before != nil {
			d.fail(e.Key, fault{path, "duplicate-key", "keep one of the two"}, "%q is given as %q at %v too", e.Key.Text, before.Text, before.Pos)
			continue
		}
		given[i] = e.Key
		d.member(e, known[i], v.FieldByIndex(known[i].index), path)
	}
}

func (d *decoder) unknown(key *tree.Node, known []field, path string) {
	names := make([]string, 0, len(known))
	for _, f := range known {
		names = append(names, f.name)
	}
	hint := "known keys: " + strings.Join(names, ", ")
	if near := registry.Nearest(key.Text, names, 2); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	d.fail(key, fault{path, "unknown-key", hint}, "unknown key %s", clipped(key.Text))
}

// member decodes one field of a struct.
func (d *decoder) member(e tree.Field, f field, v reflect.Value, path string) {
	n := e.Value
	if why, ok := f.tag.Lookup("later"); ok && !harmless(n) {
		d.fail(e.Key, fault{path, "not-supported-yet", why}, "%q is not supported yet", e.Key.Text)
		return
	}
	if n.Kind == tree.Null {
		switch v.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
			v.SetZero()
		}
		return
	}
	before := len(d.found)
	path = join(path, e.Key.Text)
	d.value(n, v, path)
	if len(d.found) == before {
		d.enum(n, v, f, path)
		d.bounds(n, v, f, path)
	}
}

// harmless values of an unsupported key ask for nothing.
func harmless(n *tree.Node) bool {
	switch n.Kind {
	case tree.Null:
		return true
	case tree.Int:
		return n.Int == 0
	case tree.List, tree.Map:
		return len(n.Items)+len(n.Fields) == 0
	}
	truth, ok := Truth(n)
	return ok && !truth
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) slice(n *tree.Node, v reflect.Value, path string) {
	switch n.Kind {
	case tree.Null:
		v.SetZero()
		return
	case tree.List:
	case tree.Map:
		d.wants(n, path, "a list", "")
		return
	default:
		d.wants(n, path, "a list", "write it as a list: ["+n.Text+"]")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, it := range n.Items {
		d.value(it, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

// mapping decodes into a map with text keys.
func (d *decoder) mapping(n *tree.Node, v reflect.Value, path string) {
	switch n.Kind {
	case tree.Null:
		v.SetZero()
		return
	case tree.Map:
	default:
		d.wants(n, path, "a mapping", "")
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.Fields))
	for _, f := range n.Fields {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, e, join(path, f.Key.Text))
		out.SetMapIndex(reflect.ValueOf(f.Key.Text).Convert(v.Type().Key()), e)
	}
	v.Set(out)
}
