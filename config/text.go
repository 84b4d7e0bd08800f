package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/thaw-go/thaw/tree"
)

// Text writes a run's configuration as YAML, every key of it, each value with
// its source as a comment: a file's line, an override, or default.
func Text(n *tree.Node, r Run) string {
	p := printer{sources: true}
	p.WriteString("# The configuration as it was understood, each value with its source.\n")
	p.section(n, reflect.ValueOf(r), "")
	return p.String()
}

// Canonical is Text without the sources: two configurations that mean the same
// have the same, whatever files they came from.
func Canonical(n *tree.Node, r Run) string {
	p := printer{}
	p.section(n, reflect.ValueOf(r), "")
	return p.String()
}

// printer writes a configuration.
type printer struct {
	strings.Builder
	sources bool
}

func (p *printer) section(n *tree.Node, v reflect.Value, indent string) {
	for _, f := range fields(v.Type()) {
		fv := v.FieldByIndex(f.index)
		at := n.Field(f.name)
		_, later := f.tag.Lookup("later")
		switch {
		case at != nil && at.Kind != tree.Null && (fv.Kind() != reflect.Struct || custom(fv)):
			p.write(f.name, at, indent)
		case fv.Kind() == reflect.Struct && !custom(fv):
			fmt.Fprintf(p, "%s%s:\n", indent, f.name)
			p.section(at, fv, indent+"  ")
		case later || blank(fv):
			// Nothing to say.
		default:
			fmt.Fprintf(p, "%s%s: %s%s\n", indent, f.name, scalarText(fv), p.comment("default"))
		}
	}
}

// custom values have a form of their own and are written as they were given.
func custom(v reflect.Value) bool {
	return reflect.PointerTo(v.Type()).Implements(decoderType)
}

func blank(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		c, ok := v.Interface().(Component)
		return ok && c.Name == ""
	}
	return false
}

func scalarText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case Share:
		if x.Fraction {
			return floatText(x.Value)
		}
		return strconv.Itoa(int(x.Value))
	case FastDevRun:
		return strconv.FormatBool(x > 0)
	case float64:
		return floatText(x)
	case string:
		return quote(x)
	}
	return fmt.Sprint(v.Interface())
}

func floatText(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eEIN") {
		s += ".0"
	}
	return s
}

// write writes a value as it was given.
func (p *printer) write(key string, n *tree.Node, indent string) {
	switch {
	case n.Kind == tree.Map && len(n.Fields) > 0:
		fmt.Fprintf(p, "%s%s:\n", indent, key)
		for _, f := range n.Fields {
			p.write(keyText(f.Key), f.Value, indent+"  ")
		}
	case n.Kind == tree.List && len(n.Items) > 0:
		fmt.Fprintf(p, "%s%s:\n", indent, key)
		for _, it := range n.Items {
			fmt.Fprintf(p, "%s  - %s%s\n", indent, flow(it), p.source(it))
		}
	default:
		fmt.Fprintf(p, "%s%s: %s%s\n", indent, key, flow(n), p.source(n))
	}
}

func (p *printer) source(n *tree.Node) string {
	if strings.HasPrefix(n.Pos.File, "--") {
		return p.comment(n.Pos.File)
	}
	return p.comment(n.Pos.String())
}

func (p *printer) comment(text string) string {
	if !p.sources || text == "" {
		return ""
	}
	return "  # " + text
}

// flow writes a value on one line.
func flow(n *tree.Node) string {
	switch n.Kind {
	case tree.Map:
		parts := make([]string, len(n.Fields))
		for i, f := range n.Fields {
			parts[i] = keyText(f.Key) + ": " + flow(f.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case tree.List:
		parts := make([]string, len(n.Items))
		for i, it := range n.Items {
			parts[i] = flow(it)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case tree.Null:
		return "null"
	case tree.String:
		if !n.Quoted {
			if _, err := strconv.ParseFloat(n.Text, 64); err == nil {
				return n.Text // 1e-06 and its like
			}
		}
		return quote(n.Text)
	default:
		return n.Text
	}
}

func keyText(n *tree.Node) string {
	if n.Kind == tree.String {
		return quote(n.Text)
	}
	return n.Text
}

// quote writes a text plainly where that cannot be misread.
func quote(s string) string {
	plain := s != "" && !strings.ContainsAny(s, ":#{}[],&*!|>'\"%@`\n\t\\") && strings.TrimSpace(s) == s && !strings.HasPrefix(s, "-") && !strings.HasPrefix(s, "?")
	if plain {
		switch strings.ToLower(s) {
		case "true", "false", "null", "yes", "no", "on", "off", "~":
			plain = false
		}
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			plain = false
		}
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
