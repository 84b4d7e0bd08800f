// Package config reads configurations: YAML with the place of every value,
// files that build upon others, overrides from the command line, and strict
// decoding into structs whose fields state defaults and documentation.
package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// Limits of a document. They are far above any configuration and keep a
// hostile one from taking the machine.
const (
	maxBytes = 8 << 20
	maxNodes = 200_000
	maxDepth = 200
)

// Option changes how a document is read.
type Option int

// KeepDuplicates leaves duplicate keys in the tree instead of refusing them.
const KeepDuplicates Option = 1

// ParseYAML reads one YAML document. Mistakes are *diag.Finding values with
// the place; name stands for the file in them.
func ParseYAML(name string, data []byte, opts ...Option) (node *tree.Node, err error) {
	src := tree.NewSource(name, string(data))
	at := func(line, col int, hint, format string, args ...any) error {
		return diag.Finding{Pos: diag.Pos{File: name, Line: line, Col: col}, Message: fmt.Sprintf(format, args...), Hint: hint, Line: src.Line(line)}
	}
	switch {
	case len(data) > maxBytes:
		return nil, at(0, 0, "", "the document has %d bytes, more than the %d that are read", len(data), maxBytes)
	case !utf8.Valid(data):
		line := 1 + strings.Count(string(data[:invalidAt(data)]), "\n")
		return nil, at(line, 0, "save the file as UTF-8", "the text is not valid UTF-8")
	}
	if line, col := deepest(string(data)); line > 0 {
		return nil, at(line, col, "", "the document is nested more than %d levels deep", maxDepth)
	}
	// The parser is a third party's: a panic in it is a document that cannot be
	// read, not the end of the program.
	defer func() {
		if r := recover(); r != nil {
			node, err = nil, at(0, 0, "", "the document cannot be parsed (%v)", r)
		}
	}()
	f, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntax(at, err)
	}
	c := &converter{src: src, anchors: map[string]ast.Node{}, at: at, keep: len(opts) > 0 && opts[0] == KeepDuplicates}
	var docs []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	switch len(docs) {
	case 0:
		return &tree.Node{Src: src, Pos: diag.Pos{File: name}}, nil
	case 1:
		return c.node(docs[0], 0)
	default:
		tk := docs[1].GetToken()
		return nil, at(tk.Position.Line, 0, "keep one document in a file", "there is a second document in the file")
	}
}

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// deepest finds a place where flow brackets nest too deep, before the parser
// recurses into them. Block nesting costs a column a level, so the node budget
// and the converter's own check bound it.
func deepest(text string) (line, col int) {
	depth, ln, cl := 0, 1, 0
	for _, r := range text {
		cl++
		switch r {
		case '\n':
			ln, cl = ln+1, 0
		case '[', '{':
			if depth++; depth > maxDepth {
				return ln, cl
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return 0, 0
}

// syntax turns the parser's error into a finding.
func syntax(at func(int, int, string, string, ...any) error, err error) error {
	// "[line:col] message" and then an excerpt.
	text, _, _ := strings.Cut(err.Error(), "\n")
	line, col := 0, 0
	if rest, ok := strings.CutPrefix(text, "["); ok {
		if pos, msg, ok := strings.Cut(rest, "] "); ok {
			if l, c, ok := strings.Cut(pos, ":"); ok {
				line, _ = strconv.Atoi(l)
				col, _ = strconv.Atoi(c)
				text = msg
			}
		}
	}
	hint := "check the indentation and the quotes around this line"
	if strings.Contains(text, "tab") {
		hint = "indent with spaces, not tabs"
	}
	return at(line, col, hint, "this is not YAML: %s", text)
}

// converter makes trees of the parser's nodes.
type converter struct {
	src     *tree.Source
	anchors map[string]ast.Node
	open    []string // anchors being expanded
	nodes   int
	keep    bool
	at      func(line, col int, hint, format string, args ...any) error
}

func (c *converter) node(n ast.Node, depth int) (*tree.Node, error) {
	out := &tree.Node{Src: c.src, Pos: diag.Pos{File: c.src.Name}}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		out.Pos.Line, out.Pos.Col, out.Text = tk.Position.Line, tk.Position.Column, tk.Value
	}
	if c.nodes++; c.nodes > maxNodes {
		return nil, c.at(out.Pos.Line, out.Pos.Col, "write it out without so many aliases", "the document expands to more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, c.at(out.Pos.Line, out.Pos.Col, "", "the document is nested more than %d levels deep", maxDepth)
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		out.Kind, out.Bool = tree.Bool, n.Value
	case *ast.IntegerNode:
		out.Kind = tree.Int
		switch v := n.Value.(type) {
		case int64:
			out.Int = v
		case uint64:
			if v > math.MaxInt64 {
				out.Kind, out.Float = tree.Float, float64(v)
				return out, nil
			}
			out.Int = int64(v)
		}
		out.Float = float64(out.Int)
	case *ast.FloatNode:
		out.Kind, out.Float = tree.Float, n.Value
	case *ast.InfinityNode:
		out.Kind, out.Float = tree.Float, n.Value
	case *ast.NanNode:
		out.Kind, out.Float = tree.Float, math.NaN()
	case *ast.StringNode:
		out.Kind, out.Text = tree.String, n.Value
		if o := strings.TrimSpace(n.Token.Origin); o != "" {
			out.Quoted = o[0] == '"' || o[0] == '\''
		}
	case *ast.LiteralNode:
		out.Kind, out.Text, out.Quoted = tree.String, n.Value.Value, true
	case *ast.SequenceNode:
		return out, c.list(out, n, depth)
	case *ast.MappingNode:
		return out, c.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		return out, c.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.AnchorNode:
		c.anchors[n.Name.GetToken().Value] = n.Value
		return c.node(n.Value, depth+1)
	case *ast.AliasNode:
		return c.alias(n, out, depth)
	case *ast.TagNode:
		return c.tag(n, out, depth)
	default:
		return nil, c.at(out.Pos.Line, out.Pos.Col, "", "this kind of YAML value is not supported here")
	}
	return out, nil
}

func (c *converter) list(out *tree.Node, n *ast.SequenceNode, depth int) error {
	out.Kind, out.Text = tree.List, ""
	for _, v := range n.Values {
		it, err := c.node(v, depth+1)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, it)
	}
	return nil
}

func (c *converter) mapping(out *tree.Node, values []*ast.MappingValueNode, depth int) error {
	out.Kind, out.Text = tree.Map, ""
	seen := map[string]*tree.Node{}
	for i, v := range values {
		if v.Key.IsMergeKey() {
			if err := c.merge(out, v, depth); err != nil {
				return err
			}
			continue
		}
		key, err := c.node(v.Key, depth+1)
		if err != nil {
			return err
		}
		if key.Kind == tree.List || key.Kind == tree.Map {
			return key.Errorf("", "a key must be a single value")
		}
		if i == 0 {
			out.Pos = key.Pos
		}
		if first, dup := seen[key.Text]; dup && !c.keep {
			return key.Errorf("remove one of the two", "duplicate key %q; it stands in line %d too", key.Text, first.Pos.Line)
		}
		seen[key.Text] = key
		value, err := c.node(v.Value, depth+1)
		if err != nil {
			return err
		}
		out.Fields = append(out.Fields, tree.Field{Key: key, Value: value})
	}
	return nil
}

// merge takes over the fields of "<<: *anchor" that the mapping lacks.
func (c *converter) merge(out *tree.Node, v *ast.MappingValueNode, depth int) error {
	from, err := c.node(v.Value, depth+1)
	if err != nil {
		return err
	}
	maps := []*tree.Node{from}
	if from.Kind == tree.List {
		maps = from.Items
	}
	for _, m := range maps {
		if m.Kind != tree.Map {
			return m.Errorf("", "<< merges mappings, not a %v", m.Kind)
		}
		for _, f := range m.Fields {
			if out.Field(f.Key.Text) == nil {
				out.Fields = append(out.Fields, f)
			}
		}
	}
	return nil
}

func (c *converter) alias(n *ast.AliasNode, out *tree.Node, depth int) (*tree.Node, error) {
	name := n.Value.GetToken().Value
	target, ok := c.anchors[name]
	if !ok {
		return nil, out.Errorf("", "the alias *%s has no anchor &%s before it", name, name)
	}
	for _, o := range c.open {
		if o == name {
			return nil, out.Errorf("", "the alias *%s contains itself", name)
		}
	}
	c.open = append(c.open, name)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	return c.node(target, depth+1)
}

// tag honours the tags of YAML's core schema that change a scalar's kind.
func (c *converter) tag(n *ast.TagNode, out *tree.Node, depth int) (*tree.Node, error) {
	v, err := c.node(n.Value, depth+1)
	if err != nil {
		return nil, err
	}
	switch n.Start.Value {
	case "!!str":
		v.Kind, v.Quoted = tree.String, true
	case "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
	default:
		return nil, out.Errorf("remove the tag", "the tag %s is not supported", n.Start.Value)
	}
	return v, nil
}
