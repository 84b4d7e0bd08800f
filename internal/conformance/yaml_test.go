package conformance

import (
	"fmt"
	"math"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// parseYAML reads a document with its positions and its duplicate keys.
func parseYAML(name, text string) (*tree.Node, error) {
	f, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	src := tree.NewSource(name, text)
	if len(f.Docs) == 0 || f.Docs[0].Body == nil {
		return &tree.Node{Src: src, Pos: diag.Pos{File: name}}, nil
	}
	return convert(src, f.Docs[0].Body)
}

func convert(src *tree.Source, n ast.Node) (*tree.Node, error) {
	out := &tree.Node{Src: src, Pos: diag.Pos{File: src.Name}}
	if tk := n.GetToken(); tk != nil {
		out.Pos.Line, out.Pos.Col = tk.Position.Line, tk.Position.Column
		out.Text = tk.Value
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
		out.Quoted = n.Token.Value != n.Token.Origin && len(n.Token.Origin) > 0 && n.Token.Type.String() != "String"
	case *ast.LiteralNode:
		out.Kind, out.Text = tree.String, n.Value.Value
	case *ast.SequenceNode:
		out.Kind = tree.List
		for _, v := range n.Values {
			it, err := convert(src, v)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, it)
		}
	case *ast.MappingNode:
		out.Kind = tree.Map
		for _, v := range n.Values {
			if err := mapField(src, out, v); err != nil {
				return nil, err
			}
		}
	case *ast.MappingValueNode:
		out.Kind = tree.Map
		return out, mapField(src, out, n)
	default:
		return nil, fmt.Errorf("%s: %T is not supported", src.Name, n)
	}
	return out, nil
}

func mapField(src *tree.Source, out *tree.Node, v *ast.MappingValueNode) error {
	key, err := convert(src, v.Key)
	if err != nil {
		return err
	}
	if len(out.Fields) == 0 {
		out.Pos = key.Pos
	}
	value, err := convert(src, v.Value)
	if err != nil {
		return err
	}
	out.Fields = append(out.Fields, tree.Field{Key: key, Value: value})
	return nil
}
