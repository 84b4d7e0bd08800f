package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// Write is a tree as YAML that ParseYAML reads back as the same values, in the
// order of the tree. With sources, the place of each value stands behind it as a
// remark.
func Write(n *tree.Node, sources bool) string {
	w := writer{sources: sources}
	return strings.Join(w.block(n), "\n") + "\n"
}

type writer struct{ sources bool }

// block is a value's lines.
func (w writer) block(n *tree.Node) []string {
	if w.inline(n) {
		return []string{flow(n) + w.source(n)}
	}
	var out []string
	for _, it := range n.Items {
		lines := w.block(it)
		out = append(out, "- "+lines[0])
		for _, l := range lines[1:] {
			out = append(out, "  "+l)
		}
	}
	for _, f := range n.Fields {
		if w.inline(f.Value) {
			out = append(out, keyText(f.Key)+": "+flow(f.Value)+w.source(f.Value))
			continue
		}
		out = append(out, keyText(f.Key)+":")
		for _, l := range w.block(f.Value) {
			out = append(out, "  "+l)
		}
	}
	return out
}

// inline values take one line: scalars, what is empty, and short lists of
// scalars that have one source.
func (w writer) inline(n *tree.Node) bool {
	if n.Kind == tree.Map && len(n.Fields) > 0 {
		return false
	}
	if n.Kind != tree.List {
		return true
	}
	width := 0
	for _, it := range n.Items {
		scalar := it.Kind != tree.List && it.Kind != tree.Map
		if !scalar || w.sources && (it.Pos.File != n.Pos.File || it.Pos.Line != n.Pos.Line) {
			return false
		}
		width += len(it.Text) + 2
	}
	return width <= 80
}

func (w writer) source(n *tree.Node) string {
	if !w.sources || n.Pos == (diag.Pos{}) {
		return ""
	}
	return "  # " + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, n.Pos.String())
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
	default:
		return scalarText(n)
	}
}

// scalarText writes a number as it was written, unless only a tag made it one.
func scalarText(n *tree.Node) string {
	switch n.Kind {
	case tree.Null:
		return "null"
	case tree.Bool:
		return strconv.FormatBool(n.Bool)
	case tree.String:
		return quote(n.Text)
	}
	var as tree.Node
	resolve(&as, n.Text)
	same := as.Float == n.Float || math.IsNaN(as.Float) && math.IsNaN(n.Float)
	switch {
	case as.Kind == n.Kind && as.Int == n.Int && same:
		return n.Text
	case n.Kind == tree.Int:
		return strconv.FormatInt(n.Int, 10)
	default:
		return floatText(n.Float)
	}
}

func keyText(n *tree.Node) string {
	if n.Kind == tree.String || n.Text == "" {
		return quote(n.Text)
	}
	return n.Text
}

// plainForm is texts that no YAML reader takes for anything else, but for words
// and numeric ones.
var (
	plainForm = regexp.MustCompile(`^(\.{0,2}/|[\p{L}\p{Nd}_])([\p{L}\p{Nd}_./+()$^=~; -]*[\p{L}\p{Nd}_/)$+])?$`)
	numeric   = regexp.MustCompile(`^[-+.]?[0-9][-+.0-9_:eExXoObB]*$`)
)

// quote writes a text plainly where no YAML reader can misread that.
func quote(s string) string {
	if readsPlainly(s) {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			b.WriteString(`\x` + hex(r, 2))
		case r < 0x10000:
			b.WriteString(`\u` + hex(r, 4))
		default:
			b.WriteString(`\U` + hex(r, 8))
		}
	}
	return b.String() + `"`
}

func hex(r rune, digits int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", digits-len(s)) + s
}

func readsPlainly(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "no", "on", "off", "y", "n":
		return false
	}
	var as tree.Node
	resolve(&as, s)
	return as.Kind == tree.String && plainForm.MatchString(s) && !numeric.MatchString(s)
}
