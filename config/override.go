package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// override sets the value at a dotted path, "a.b=value"; the value is YAML.
// What lies on the way is copied, so that the files' trees stay as they are.
func override(root *tree.Node, text string) error {
	path, raw, ok := strings.Cut(text, "=")
	flag := "--" + path
	keys := strings.Split(path, ".")
	switch {
	case !ok || slices.Contains(keys, ""):
		return diag.Finding{Code: "override", Pos: diag.Pos{File: "--" + text}, Message: "this overrides nothing", Hint: "write --key.key=value"}
	case keys[0] == baseKey:
		return diag.Finding{Code: "override", Pos: diag.Pos{File: flag}, Message: "base is read with the file that names it and cannot be overridden", Hint: "give another --config file"}
	}
	v, err := ParseYAML(flag, []byte(raw))
	if err != nil {
		return err
	}
	comesFrom(v, flag)
	switch path { // Lightning's names
	case seedEverything:
		if _, truth := Truth(v); truth {
			return nil
		}
		keys = []string{seedKey}
	case trainerKey + "." + defaultRootDir:
		keys = []string{logDirKey}
	}
	at := root
	for i, k := range keys {
		place, err := child(at, k, flag)
		if err != nil {
			return err
		}
		if i == len(keys)-1 {
			*place = v
			return nil
		}
		at = opened(*place, flag)
		*place = at
	}
	return nil
}

// opened is a node that can be changed: a copy, a new mapping in place of null.
func opened(n *tree.Node, flag string) *tree.Node {
	if n.Kind == tree.Null {
		return &tree.Node{Kind: tree.Map, Pos: diag.Pos{File: flag}}
	}
	c := *n
	c.Fields, c.Items = slices.Clone(n.Fields), slices.Clone(n.Items)
	return &c
}

// comesFrom gives a value the override as its place; line and column would tell
// nothing.
func comesFrom(n *tree.Node, flag string) {
	n.Pos, n.Src = diag.Pos{File: flag}, nil
	for _, it := range n.Items {
		comesFrom(it, flag)
	}
	for _, f := range n.Fields {
		comesFrom(f.Key, flag)
		comesFrom(f.Value, flag)
	}
}

// child finds, or makes, the place of key k in n.
func child(n *tree.Node, k, flag string) (**tree.Node, error) {
	pos := diag.Pos{File: flag}
	switch n.Kind {
	case tree.Map:
		i := slices.IndexFunc(n.Fields, func(f tree.Field) bool { return f.Key.Text == k })
		if i < 0 {
			i = len(n.Fields)
			n.Fields = append(n.Fields, tree.Field{Key: &tree.Node{Kind: tree.String, Text: k, Pos: pos}, Value: &tree.Node{Pos: pos}})
		}
		return &n.Fields[i].Value, nil
	case tree.List:
		i, err := strconv.Atoi(k)
		if err != nil || i < 0 || i >= len(n.Items) {
			return nil, diag.Finding{Code: "override", Pos: pos, Message: fmt.Sprintf("%q is no index into the list of %d at %v", k, len(n.Items), n.Pos), Hint: "indices count from 0"}
		}
		return &n.Items[i], nil
	default:
		return nil, diag.Finding{Code: "override", Pos: pos, Message: fmt.Sprintf("%q lies below %s, given at %v", k, described(n), n.Pos), Hint: "override the whole value, or use the mapping form in the file"}
	}
}
