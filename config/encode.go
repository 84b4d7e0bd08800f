package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// Encoder is a Decoder that can write itself in a form that it reads.
type Encoder interface {
	EncodeTree() *tree.Node
}

// defaultPos is the place of values that no file and no override gave.
var defaultPos = diag.Pos{File: "default"}

// Resolve is what *v, a struct that n was decoded into, holds now: every key of
// it in the order of its fields, those that n lacks with the place "default".
// Fields that are nil or empty and keys that are not supported yet are left out
// unless n has them.
func Resolve(n *tree.Node, v any) *tree.Node {
	return resolved(n, reflect.Indirect(reflect.ValueOf(v)))
}

func resolved(n *tree.Node, v reflect.Value) *tree.Node {
	out := &tree.Node{Kind: tree.Map, Pos: defaultPos}
	if n != nil {
		out.Pos = n.Pos
	}
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		key := &tree.Node{Kind: tree.String, Text: f.name, Pos: defaultPos}
		given := n.Field(f.name)
		if given == nil && f.alias != "" {
			given = n.Field(f.alias)
		}
		if value := member(f, given, fv); value != nil {
			key.Pos = value.Pos
			out.Fields = append(out.Fields, tree.Field{Key: key, Value: value})
		}
	}
	return out
}

// member is what a field holds, given as a file wrote it; nil for nothing to say.
func member(f field, given *tree.Node, v reflect.Value) *tree.Node {
	if plain(v) {
		return resolved(given, v)
	}
	_, later := f.tag.Lookup("later")
	if given != nil && given.Kind != tree.Null {
		if n, ok := encode(v); ok {
			place(n, given)
			return n
		}
		return given
	}
	n, ok := encode(v)
	if !ok || later || blank(n) {
		return nil
	}
	comesFrom(n, defaultPos.File)
	return n
}

// plain structs are written field by field.
func plain(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && !reflect.PointerTo(v.Type()).Implements(decoderType)
}

func blank(n *tree.Node) bool {
	return n.Kind == tree.Null || n.Kind == tree.String && n.Text == ""
}

// place gives a value the places of what it was decoded from, as far as the two
// are alike.
func place(n, from *tree.Node) {
	n.Pos, n.Src = from.Pos, from.Src
	for i, it := range n.Items {
		if from.Kind == tree.List && len(from.Items) == len(n.Items) {
			place(it, from.Items[i])
		} else {
			place(it, &tree.Node{Pos: from.Pos})
		}
	}
	for _, f := range n.Fields {
		at := from.Field(f.Key.Text)
		if at == nil {
			at = &tree.Node{Pos: from.Pos}
		}
		f.Key.Pos = at.Pos
		place(f.Value, at)
	}
}

// encode makes a tree of a value; not of types that read a form of their own and
// do not write it.
func encode(v reflect.Value) (*tree.Node, bool) {
	if e, ok := v.Interface().(Encoder); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return e.EncodeTree(), true
	}
	if reflect.PointerTo(v.Type()).Implements(decoderType) {
		return nil, false
	}
	if t, ok := v.Interface().(time.Duration); ok {
		return text(t.String()), true
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return &tree.Node{}, true
		}
		if v.Type() == nodeType {
			return nil, false
		}
		return encode(v.Elem())
	case reflect.Slice:
		return encodeList(v)
	case reflect.Map:
		return encodeMap(v)
	case reflect.Struct:
		return resolved(nil, v), true
	case reflect.String:
		return text(v.String()), true
	case reflect.Bool, reflect.Float32, reflect.Float64:
	default:
		if !v.CanInt() && !v.CanUint() {
			return nil, false
		}
	}
	return scalarNode(v), true
}

func text(s string) *tree.Node { return &tree.Node{Kind: tree.String, Text: s} }

func scalarNode(v reflect.Value) *tree.Node {
	n := &tree.Node{}
	switch {
	case v.Kind() == reflect.Bool:
		resolve(n, strconv.FormatBool(v.Bool()))
	case v.CanInt():
		resolve(n, strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		resolve(n, strconv.FormatUint(v.Uint(), 10))
	default:
		resolve(n, floatText(v.Float()))
	}
	return n
}

// floatText writes a float so that every YAML reader takes it for one.
func floatText(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	switch s {
	case "+Inf":
		return ".inf"
	case "-Inf":
		return "-.inf"
	case "NaN":
		return ".nan"
	}
	mantissa, exponent, found := strings.Cut(s, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if found {
		return mantissa + "e" + exponent
	}
	return mantissa
}

func encodeList(v reflect.Value) (*tree.Node, bool) {
	if v.IsNil() {
		return &tree.Node{}, true
	}
	out := &tree.Node{Kind: tree.List}
	for i := range v.Len() {
		it, ok := encode(v.Index(i))
		if !ok {
			return nil, false
		}
		out.Items = append(out.Items, it)
	}
	return out, true
}

// encodeMap writes a map with text keys, in their order.
func encodeMap(v reflect.Value) (*tree.Node, bool) {
	if v.IsNil() {
		return &tree.Node{}, true
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	out := &tree.Node{Kind: tree.Map}
	for _, k := range keys {
		e, ok := encode(v.MapIndex(k))
		if !ok {
			return nil, false
		}
		out.Fields = append(out.Fields, tree.Field{Key: text(k.String()), Value: e})
	}
	return out, true
}
