package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thaw-go/thaw/tree"
)

func (d *decoder) scalar(n *tree.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Bool:
		if b, ok := Truth(n); ok {
			v.SetBool(b)
			return
		}
		d.wants(n, path, "true or false", "")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if i, ok := Integer(n); ok && !v.OverflowInt(i) {
			v.SetInt(i)
			return
		}
		d.wants(n, path, "a whole number", unquote(n))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if i, ok := Integer(n); ok && i >= 0 && !v.OverflowUint(uint64(i)) {
			v.SetUint(uint64(i))
			return
		}
		d.wants(n, path, "a whole number from 0 on", unquote(n))
	case reflect.Float32, reflect.Float64:
		if f, ok := Number(n); ok && !math.IsNaN(f) {
			v.SetFloat(f)
			return
		}
		d.wants(n, path, "a number", unquote(n))
	case reflect.String:
		switch n.Kind {
		case tree.String, tree.Int, tree.Float:
			v.SetString(n.Text)
		case tree.Bool:
			d.wants(n, path, "a text", "put quotes around it if it is one")
		default:
			d.wants(n, path, "a text", "")
		}
	default:
		panic(fmt.Sprintf("config: a field of type %v", v.Type()))
	}
}

// unquote is the hint where a text holds the number that is wanted.
func unquote(n *tree.Node) string {
	if n.Kind != tree.String {
		return ""
	}
	var as tree.Node
	resolve(&as, strings.TrimSpace(n.Text))
	switch {
	case as.Kind == tree.Int || as.Kind == tree.Float:
		return "remove the quotes"
	case len(n.Text) > 1 && strings.Trim(n.Text, "0123456789.") == "" && n.Text[0] == '0':
		return "a number has no leading zero; octal ones begin with 0o"
	}
	return ""
}

func (d *decoder) enum(n *tree.Node, v reflect.Value, f field, path string) {
	if options := f.options(); options != nil && v.Kind() == reflect.String && !slices.Contains(options, v.String()) {
		d.fail(n, fault{path: path, code: "not-one-of"}, "wants one of %s, not %s", strings.Join(options, ", "), clipped(v.String()))
	}
}

func (d *decoder) bounds(n *tree.Node, v reflect.Value, f field, path string) {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	var x float64
	switch {
	case v.CanInt():
		x = float64(v.Int())
	case v.CanUint():
		x = float64(v.Uint())
	case v.CanFloat():
		x = v.Float()
	default:
		return
	}
	low, high := f.bound("min"), f.bound("max")
	switch {
	case low != nil && high != nil && (x < *low || x > *high):
		d.fail(n, fault{path: path, code: "out-of-range"}, "wants a number from %v to %v, not %s", *low, *high, n.Text)
	case low != nil && x < *low:
		d.fail(n, fault{path: path, code: "out-of-range"}, "wants a number from %v on, not %s", *low, n.Text)
	case high != nil && x > *high:
		d.fail(n, fault{path: path, code: "out-of-range"}, "wants a number up to %v, not %s", *high, n.Text)
	}
}

// span is a time span as Lightning's mapping gives it.
type span struct {
	Weeks   float64 `config:"weeks" min:"0"`
	Days    float64 `config:"days" min:"0"`
	Hours   float64 `config:"hours" min:"0"`
	Minutes float64 `config:"minutes" min:"0"`
	Seconds float64 `config:"seconds" min:"0"`
}

// duration reads Go's form (90m), Lightning's DD:HH:MM:SS, or a mapping of
// weeks, days, hours, minutes and seconds. Durations are not negative.
func (d *decoder) duration(n *tree.Node, v reflect.Value, path string) {
	var seconds float64
	switch n.Kind {
	case tree.Null:
		return
	case tree.Map:
		var s span
		before := len(d.found)
		if d.structure(n, reflect.ValueOf(&s).Elem(), path); len(d.found) > before {
			return
		}
		seconds = (((s.Weeks*7+s.Days)*24+s.Hours)*60+s.Minutes)*60 + s.Seconds
	default:
		var ok bool
		if seconds, ok = spanSeconds(n); !ok {
			d.wants(n, path, "a span of time", "write 90m, 00:01:30:00 (days:hours:minutes:seconds) or {hours: 1, minutes: 30}")
			return
		}
	}
	if seconds > float64(math.MaxInt64)/1e9 {
		d.fail(n, fault{path: path, code: "out-of-range"}, "the span of time is longer than 292 years")
		return
	}
	v.SetInt(int64(math.Round(seconds * 1e9)))
}

func spanSeconds(n *tree.Node) (float64, bool) {
	if n.Kind != tree.String {
		return 0, false
	}
	parts := strings.Split(n.Text, ":")
	if len(parts) != 4 {
		t, err := time.ParseDuration(n.Text)
		return t.Seconds(), err == nil && t >= 0
	}
	var sum float64
	for i, p := range parts {
		k, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return 0, false
		}
		sum += float64(k) * [...]float64{24 * 3600, 3600, 60, 1}[i]
	}
	return sum, true
}

// described names a value for a message: the kind, and a scalar's text.
func described(n *tree.Node) string {
	switch n.Kind {
	case tree.Null:
		return "empty"
	case tree.List, tree.Map:
		return "a " + n.Kind.String()
	default:
		return fmt.Sprintf("the %v %s", n.Kind, clipped(n.Text))
	}
}

// clipped quotes a text, of a long one its beginning.
func clipped(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return strconv.Quote(string(r[:most])) + "…"
	}
	return strconv.Quote(s)
}
