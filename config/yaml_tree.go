package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// converter makes a tree of the parser's nodes, aliases expanded.
type converter struct {
	*document
	anchors map[string]ast.Node
	open    []string // anchors being expanded
	nodes   int      // values made so far, and bytes of text in them
	text    int
	keep    bool
	found   diag.List // duplicate keys
}

func (c *converter) node(n ast.Node, depth int) (*tree.Node, error) {
	out := &tree.Node{Src: c.src, Pos: diag.Pos{File: c.src.Name}}
	if n == nil {
		return out, nil
	}
	tk := n.GetToken()
	if tk != nil && tk.Position != nil {
		out.Pos.Line, out.Pos.Col = tk.Position.Line, tk.Position.Column
	}
	if err := c.spend(tk, depth); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *ast.LiteralNode:
		out.Kind, out.Text, out.Quoted = tree.String, n.Value.Value, true
	case *ast.SequenceNode:
		return out, c.list(out, n, depth)
	case *ast.MappingNode:
		return out, c.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		return out, c.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.MappingKeyNode:
		return c.node(n.Value, depth+1)
	case *ast.AnchorNode:
		c.anchors[n.Name.GetToken().Value] = n.Value
		return c.node(n.Value, depth+1)
	case *ast.AliasNode:
		return c.alias(n, out, depth)
	case *ast.TagNode:
		return c.tag(n, out, depth)
	case ast.ScalarNode:
		return out, c.scalar(out, tk)
	default:
		return nil, out.Errorf("", "this kind of YAML value is not supported")
	}
	return out, nil
}

// spend counts a value against the limits; that is what stops a YAML bomb.
func (c *converter) spend(tk *token.Token, depth int) error {
	if tk != nil {
		c.text += len(tk.Value)
	}
	c.nodes++
	hint := ""
	if len(c.open) > 0 {
		hint = "write it out without so many aliases"
	}
	switch {
	case depth > maxDepth:
		return c.at(tk, "yaml-limit", "", tooDeep)
	case c.nodes > maxNodes:
		return c.at(tk, "yaml-limit", hint, fmt.Sprintf("the document expands to more than %d values", maxNodes))
	case c.text > maxExpanded:
		return c.at(tk, "yaml-limit", hint, fmt.Sprintf("the document expands to more than %d bytes", maxExpanded))
	}
	return nil
}

func (c *converter) scalar(out *tree.Node, tk *token.Token) error {
	switch tk.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		out.Kind, out.Text, out.Quoted = tree.String, tk.Value, true
		return nil
	case token.ImplicitNullType:
		return nil
	}
	// The parser lets brackets that close nothing pass as text.
	if tk.Value != "" && strings.ContainsRune("[]{},", rune(tk.Value[0])) {
		return c.at(tk, "yaml-syntax", "remove it, or put quotes around the text", fmt.Sprintf("this is not YAML: a value cannot begin with %c here", tk.Value[0]))
	}
	resolve(out, tk.Value)
	return nil
}

func (c *converter) list(out *tree.Node, n *ast.SequenceNode, depth int) error {
	out.Kind = tree.List
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
	out.Kind = tree.Map
	first := map[string]*tree.Node{}
	var merges []ast.Node
	for i, v := range values {
		if v.Key.IsMergeKey() {
			merges = append(merges, v.Value)
			if i == 0 {
				out.Pos.Col = v.Key.GetToken().Position.Column
			}
			continue
		}
		key, err := c.node(v.Key, depth+1)
		if err != nil {
			return err
		}
		if key.Kind == tree.List || key.Kind == tree.Map {
			return key.Errorf("", "a key must be a single value, not a %v", key.Kind)
		}
		if i == 0 {
			out.Pos = key.Pos
		}
		if before, dup := first[key.Text]; !dup {
			first[key.Text] = key
		} else if !c.keep {
			f := key.Findingf(diag.Error, "duplicate-key", "duplicate key %q; it stands in line %d too", key.Text, before.Pos.Line)
			f.Hint = "remove one of the two"
			c.found = append(c.found, f)
		}
		value, err := c.node(v.Value, depth+1)
		if err != nil {
			return err
		}
		out.Fields = append(out.Fields, tree.Field{Key: key, Value: value})
	}
	for _, m := range merges {
		if err := c.merge(out, first, m, depth); err != nil {
			return err
		}
	}
	return nil
}

// merge adds the fields of "<<: *anchor", or of a list of them, that the mapping
// lacks; of several, the first that has a field gives it.
func (c *converter) merge(out *tree.Node, has map[string]*tree.Node, value ast.Node, depth int) error {
	from, err := c.node(value, depth+1)
	if err != nil {
		return err
	}
	maps := []*tree.Node{from}
	if from.Kind == tree.List {
		maps = from.Items
	}
	for _, m := range maps {
		if m.Kind != tree.Map {
			return m.Errorf("name an anchor of a mapping: <<: *name", "<< merges mappings, this is %s", described(m))
		}
		for _, f := range m.Fields {
			if has[f.Key.Text] == nil {
				has[f.Key.Text] = f.Key
				out.Fields = append(out.Fields, f)
			}
		}
	}
	return nil
}

func (c *converter) alias(n *ast.AliasNode, out *tree.Node, depth int) (*tree.Node, error) {
	name := n.Value.GetToken().Value
	target, ok := c.anchors[name]
	switch {
	case !ok:
		return nil, out.Errorf("put quotes around a text that begins with *", "the alias *%s has no anchor &%s before it", name, name)
	case slices.Contains(c.open, name):
		return nil, out.Errorf("", "the alias *%s contains itself", name)
	}
	c.open = append(c.open, name)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	return c.node(target, depth+1)
}

// tag honours the tags of YAML's core schema and refuses all others: none of
// them, Python's objects least of all, means anything here.
func (c *converter) tag(n *ast.TagNode, out *tree.Node, depth int) (*tree.Node, error) {
	v, err := c.node(n.Value, depth+1)
	if err != nil {
		return nil, err
	}
	name := n.Start.Value
	want, known := map[string]tree.Kind{
		"!!null": tree.Null, "!!bool": tree.Bool, "!!int": tree.Int, "!!float": tree.Float,
		"!!str": tree.String, "!!seq": tree.List, "!!map": tree.Map,
	}[name]
	if !known {
		return nil, out.Errorf("remove the tag", "the tag %s is not supported", name)
	}
	scalar := v.Kind != tree.List && v.Kind != tree.Map
	switch {
	case want == tree.String && scalar:
		v.Kind, v.Quoted, v.Bool, v.Int, v.Float = tree.String, true, false, 0, 0
	case want == tree.Float && v.Kind == tree.Int:
		v.Kind, v.Int = tree.Float, 0
	case v.Kind == tree.String && v.Quoted:
		resolve(v, v.Text)
		v.Quoted = false
	}
	if v.Kind != want {
		return nil, v.Errorf("", "the tag %s does not fit %s", name, described(v))
	}
	return v, nil
}
