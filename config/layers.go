package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// baseKey names the files that a configuration builds upon.
const baseKey = "base"

// Load reads the files and lays each over the ones before, a file over its own
// base files; then come the overrides, "a.b=value" or "a.0.b=value". Mappings
// merge key by key, everything else is replaced.
func Load(files, overrides []string) (*tree.Node, error) {
	out := &tree.Node{Kind: tree.Map}
	for _, f := range files {
		n, err := loadFile(f, nil)
		if err != nil {
			return nil, err
		}
		out = Merge(out, n)
	}
	for _, o := range overrides {
		if err := override(out, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ReadFile parses a file.
func ReadFile(name string) (*tree.Node, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return ParseYAML(name, data)
}

// loadFile reads a file over its bases; chain holds the files on the way.
func loadFile(name string, chain []string) (*tree.Node, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	n, err := ReadFile(name)
	if err != nil {
		return nil, err
	}
	if n.Kind == tree.Null {
		n.Kind = tree.Map
	}
	if n.Kind != tree.Map {
		return nil, n.Errorf("start with a line such as `trainer:`", "a configuration is a mapping, this is a %v", n.Kind)
	}
	base := n.Field(baseKey)
	if base == nil {
		return n, nil
	}
	n.Fields = slices.DeleteFunc(n.Fields, func(f tree.Field) bool { return f.Key.Text == baseKey })
	items := []*tree.Node{base}
	if base.Kind == tree.List {
		items = base.Items
	}
	out := &tree.Node{Kind: tree.Map}
	for _, b := range items {
		if b.Kind != tree.String {
			return nil, b.Errorf("", "base names a file, this is a %v", b.Kind)
		}
		path := b.Text
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		target, err := filepath.Abs(path)
		if err != nil {
			return nil, b.Errorf("", "%v", err)
		}
		if target == abs || slices.Contains(chain, target) {
			return nil, b.Errorf("", "base: %s builds upon itself", b.Text)
		}
		m, err := loadFile(path, append(chain, abs))
		if os.IsNotExist(unwrapAll(err)) {
			return nil, b.Errorf("the path is relative to the file that names it", "base: there is no file %s", path)
		}
		if err != nil {
			return nil, err
		}
		out = Merge(out, m)
	}
	return Merge(out, n), nil
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

// Merge lays over upon under: mappings key by key, everything else replaced.
// Neither is changed.
func Merge(under, over *tree.Node) *tree.Node {
	if under == nil || under.Kind != tree.Map || over.Kind != tree.Map {
		return over
	}
	out := *under
	if over.Pos.Line > 0 {
		out.Pos, out.Src = over.Pos, over.Src
	}
	out.Fields = slices.Clone(under.Fields)
	for _, f := range over.Fields {
		i := slices.IndexFunc(out.Fields, func(g tree.Field) bool { return g.Key.Text == f.Key.Text })
		if i < 0 {
			out.Fields = append(out.Fields, f)
			continue
		}
		out.Fields[i] = tree.Field{Key: f.Key, Value: Merge(out.Fields[i].Value, f.Value)}
	}
	return &out
}

// override sets the value at a dotted path.
func override(root *tree.Node, text string) error {
	path, raw, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return fmt.Errorf("override %q: want key.key=value", text)
	}
	file := "--" + path
	v, err := ParseYAML(file, []byte(raw))
	if err != nil {
		return err
	}
	at := root
	keys := strings.Split(path, ".")
	for i, k := range keys {
		last := i == len(keys)-1
		next, err := step(at, k, file)
		if err != nil {
			return err
		}
		if last {
			*next = v
			return nil
		}
		if (*next).Kind == tree.Null {
			*next = &tree.Node{Kind: tree.Map, Pos: diag.Pos{File: file}}
		} else {
			cp := **next // the files' trees stay as they are
			cp.Fields, cp.Items = slices.Clone(cp.Fields), slices.Clone(cp.Items)
			*next = &cp
		}
		at = *next
	}
	return nil
}

// step finds, or makes, the place of key k in n.
func step(n *tree.Node, k, file string) (**tree.Node, error) {
	pos := diag.Pos{File: file}
	switch n.Kind {
	case tree.Map:
		for i := range n.Fields {
			if n.Fields[i].Key.Text == k {
				return &n.Fields[i].Value, nil
			}
		}
		key := &tree.Node{Kind: tree.String, Text: k, Pos: pos}
		n.Fields = append(n.Fields, tree.Field{Key: key, Value: &tree.Node{Pos: pos}})
		return &n.Fields[len(n.Fields)-1].Value, nil
	case tree.List:
		i, err := strconv.Atoi(k)
		if err != nil || i < 0 || i >= len(n.Items) {
			return nil, diag.Finding{Pos: pos, Message: fmt.Sprintf("%q is no index into a list of %d", k, len(n.Items))}
		}
		return &n.Items[i], nil
	default:
		return nil, diag.Finding{Pos: pos, Message: fmt.Sprintf("%q lies below a %v", k, n.Kind), Hint: "override the whole value, or use the mapping form in the file"}
	}
}
