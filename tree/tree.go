// Package tree is a decoded document with the place of every value: what
// config reads from YAML and what schedule is fed with. Mappings keep their
// order and their duplicate keys, so that whoever consumes a tree can say where
// a mistake stands.
package tree

import (
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/diag"
)

// Kind of a node.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
)

func (k Kind) String() string {
	return [...]string{"null", "bool", "integer", "float", "string", "list", "mapping"}[k]
}

// Node is one value.
type Node struct {
	Kind Kind
	// Text is a scalar as it was written, without quotes.
	Text string
	// Quoted tells a string that was written in quotes.
	Quoted bool
	Bool   bool
	Int    int64
	// Float is set for Int too.
	Float float64
	// Items are a list's values.
	Items []*Node
	// Fields are a mapping's entries in the order of the file.
	Fields []Field
	Pos    diag.Pos
	// Src is the document the node came from; nil for one made in Go.
	Src *Source
}

// Field is one entry of a mapping.
type Field struct {
	Key   *Node
	Value *Node
}

// Source is a document's text, for showing the offending line.
type Source struct {
	Name  string
	Lines []string
}

// NewSource splits a document into lines.
func NewSource(name, text string) *Source {
	return &Source{Name: name, Lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
}

// Line is the text of line n (from 1), or "".
func (s *Source) Line(n int) string {
	if s == nil || n < 1 || n > len(s.Lines) {
		return ""
	}
	return s.Lines[n-1]
}

// Field finds the value of a key in a mapping; nil where there is none.
func (n *Node) Field(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, f := range n.Fields {
		if f.Key.Text == key {
			return f.Value
		}
	}
	return nil
}

// Findingf makes a finding at the node.
func (n *Node) Findingf(sev diag.Severity, code, format string, args ...any) diag.Finding {
	f := diag.Finding{Severity: sev, Code: code, Message: fmt.Sprintf(format, args...)}
	if n != nil {
		f.Pos = n.Pos
		f.Line = n.Src.Line(n.Pos.Line)
	}
	return f
}

// Errorf makes an error at the node, with a hint.
func (n *Node) Errorf(hint, format string, args ...any) error {
	f := n.Findingf(diag.Error, "", format, args...)
	f.Hint = hint
	return f
}

// Value converts the node to plain Go values: nil, bool, int64, float64,
// string, []any, map[string]any (the last of duplicate keys wins).
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Bool:
		return n.Bool
	case Int:
		return n.Int
	case Float:
		return n.Float
	case String:
		return n.Text
	case List:
		out := make([]any, len(n.Items))
		for i, it := range n.Items {
			out[i] = it.Value()
		}
		return out
	case Map:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Key.Text] = f.Value.Value()
		}
		return out
	default:
		return nil
	}
}
