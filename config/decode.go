package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// Decoder is a type with a form of its own.
type Decoder interface {
	// DecodeTree sets the value from n. Its errors should be made with
	// n.Errorf, so that they say where.
	DecodeTree(n *tree.Node) error
}

// Decode lays n over *v, a pointer to a struct: fields that n lacks keep what
// they hold, so v's content states the defaults. A struct field is known by its
// tag `config:"name"` or `json:"name"`; `enum:"a,b"` lists what a string may be; `later:"why"`
// marks a key that is known but not supported yet. Unknown keys and wrong types
// are errors, all reported at once.
func Decode(n *tree.Node, v any) error {
	d := &decoder{}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		panic(fmt.Sprintf("config: Decode into %T, which is no pointer", v))
	}
	d.value(n, rv.Elem(), "")
	return d.found.Err()
}

type decoder struct{ found diag.List }

func (d *decoder) add(err error) {
	var f diag.Finding
	var l diag.List
	switch {
	case errors.As(err, &f):
		d.found = append(d.found, f)
	case errors.As(err, &l):
		d.found = append(d.found, l...)
	default:
		d.found = append(d.found, diag.Finding{Message: err.Error()})
	}
}

func (d *decoder) fail(n *tree.Node, path, hint, format string, args ...any) {
	f := n.Findingf(diag.Error, "config", format, args...)
	f.Hint = hint
	if path != "" {
		f.Message = path + ": " + f.Message
	}
	d.found = append(d.found, f)
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
	switch {
	case v.Type() == nodeType:
		v.Set(reflect.ValueOf(n))
		return
	case v.Type() == durationType:
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
		v.Set(reflect.ValueOf(n.Value()))
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

// field is a struct's field with a config tag.
type field struct {
	name  string
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
			out = append(out, field{name, f.Tag, f.Index})
		}
	}
	return out
}

func (d *decoder) structure(n *tree.Node, v reflect.Value, path string) {
	if n.Kind == tree.Null {
		return // an empty section keeps the defaults
	}
	if n.Kind != tree.Map {
		d.fail(n, path, "", "wants a mapping, this is %s", described(n))
		return
	}
	known := fields(v.Type())
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.name
	}
	for _, e := range n.Fields {
		i := index(names, e.Key.Text)
		if i < 0 {
			hint := "known keys: " + strings.Join(names, ", ")
			if near := registry.Nearest(e.Key.Text, names, 2); len(near) > 0 {
				hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
			d.fail(e.Key, path, hint, "unknown key %q", e.Key.Text)
			continue
		}
		if why, ok := known[i].tag.Lookup("later"); ok && !harmless(e.Value) {
			d.fail(e.Key, path, why, "%q is not supported yet", e.Key.Text)
			continue
		}
		fv := v.FieldByIndex(known[i].index)
		d.value(e.Value, fv, join(path, e.Key.Text))
		d.enum(e.Value, fv, known[i], join(path, e.Key.Text))
	}
}

// harmless values of an unsupported key ask for nothing.
func harmless(n *tree.Node) bool {
	return n.Kind == tree.Null || n.Kind == tree.Bool && !n.Bool
}

func (d *decoder) enum(n *tree.Node, v reflect.Value, f field, path string) {
	list, ok := f.tag.Lookup("enum")
	if !ok || v.Kind() != reflect.String || n.Kind == tree.Null {
		return
	}
	options := strings.Split(list, ",")
	if index(options, v.String()) < 0 {
		d.fail(n, path, "", "wants one of %s, not %q", strings.Join(options, ", "), v.String())
	}
}

func index(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
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
	default:
		d.fail(n, path, "write it as a list: ["+n.Text+"]", "wants a list, this is %s", described(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, it := range n.Items {
		d.value(it, out.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(out)
}

func (d *decoder) mapping(n *tree.Node, v reflect.Value, path string) {
	if n.Kind == tree.Null {
		v.SetZero()
		return
	}
	if n.Kind != tree.Map {
		d.fail(n, path, "", "wants a mapping, this is %s", described(n))
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, f := range n.Fields {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, e, join(path, f.Key.Text))
		out.SetMapIndex(reflect.ValueOf(f.Key.Text).Convert(v.Type().Key()), e)
	}
	v.Set(out)
}

func (d *decoder) scalar(n *tree.Node, v reflect.Value, path string) {
	wrong := func(want string) { d.fail(n, path, "", "wants %s, this is %s", want, described(n)) }
	switch v.Kind() {
	case reflect.Bool:
		if n.Kind != tree.Bool {
			wrong("true or false")
			return
		}
		v.SetBool(n.Bool)
	case reflect.Int, reflect.Int64:
		i, ok := Integer(n)
		if !ok || v.OverflowInt(i) {
			wrong("a whole number")
			return
		}
		v.SetInt(i)
	case reflect.Uint64:
		i, ok := Integer(n)
		if !ok || i < 0 {
			wrong("a whole number from 0 on")
			return
		}
		v.SetUint(uint64(i))
	case reflect.Float64:
		f, ok := Number(n)
		if !ok {
			wrong("a number")
			return
		}
		v.SetFloat(f)
	case reflect.String:
		if n.Kind != tree.String && n.Kind != tree.Int && n.Kind != tree.Float {
			wrong("a text")
			return
		}
		v.SetString(n.Text)
	default:
		panic(fmt.Sprintf("config: a field of type %v", v.Type()))
	}
}

// duration reads Go's form (90m), Lightning's DD:HH:MM:SS, or a mapping of
// days, hours, minutes and seconds.
func (d *decoder) duration(n *tree.Node, v reflect.Value, path string) {
	bad := func() {
		d.fail(n, path, "write 90m, 00:01:30:00 (days:hours:minutes:seconds) or {hours: 1, minutes: 30}", "%q is no span of time", n.Text)
	}
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	switch n.Kind {
	case tree.Null:
		v.SetInt(0)
	case tree.Map:
		var m struct {
			Days    float64 `config:"days"`
			Hours   float64 `config:"hours"`
			Minutes float64 `config:"minutes"`
			Seconds float64 `config:"seconds"`
		}
		d.structure(n, reflect.ValueOf(&m).Elem(), path)
		sum := m.Days*units[0].Seconds() + m.Hours*3600 + m.Minutes*60 + m.Seconds
		v.SetInt(int64(sum * float64(time.Second)))
	case tree.String:
		if parts := strings.Split(n.Text, ":"); len(parts) == 4 {
			var sum time.Duration
			for i, p := range parts {
				k, err := strconv.Atoi(p)
				if err != nil || k < 0 {
					bad()
					return
				}
				sum += time.Duration(k) * units[i]
			}
			v.SetInt(int64(sum))
			return
		}
		t, err := time.ParseDuration(n.Text)
		if err != nil {
			bad()
			return
		}
		v.SetInt(int64(t))
	default:
		bad()
	}
}

// described names a value for a message: the kind, and a scalar's text.
func described(n *tree.Node) string {
	switch n.Kind {
	case tree.Null:
		return "empty"
	case tree.List, tree.Map:
		return "a " + n.Kind.String()
	default:
		return fmt.Sprintf("the %v %q", n.Kind, n.Text)
	}
}
