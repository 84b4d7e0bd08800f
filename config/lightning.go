package config

import (
	"slices"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/tree"
)

// The keys that Lightning has for what is called otherwise here.
const (
	seedEverything = "seed_everything"  // seed
	defaultRootDir = "default_root_dir" // log_dir, but below trainer
	seedKey        = "seed"
	logDirKey      = "log_dir"
	trainerKey     = "trainer"
)

// lightning gives what a configuration says by Lightning's names its name here,
// so that of several files the later one wins whichever name it uses. One file
// may use one of the two names.
func lightning(n *tree.Node) (*tree.Node, error) {
	if n == nil || n.Kind != tree.Map {
		return n, nil
	}
	out := *n
	out.Fields = slices.Clone(n.Fields)
	if f, ok := cut(&out, seedEverything); ok {
		// true and false choose whether Lightning seeds; runs here always do.
		if _, truth := Truth(f.Value); !truth {
			if err := rename(&out, f, seedKey); err != nil {
				return nil, err
			}
		}
	}
	i := slices.IndexFunc(out.Fields, func(f tree.Field) bool { return f.Key.Text == trainerKey && f.Value.Kind == tree.Map })
	if i < 0 {
		return &out, nil
	}
	section := *out.Fields[i].Value
	section.Fields = slices.Clone(section.Fields)
	if f, ok := cut(&section, defaultRootDir); ok {
		out.Fields[i].Value = &section
		if err := rename(&out, f, logDirKey); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// cut takes a field out of a mapping.
func cut(n *tree.Node, key string) (tree.Field, bool) {
	i := slices.IndexFunc(n.Fields, func(f tree.Field) bool { return f.Key.Text == key })
	if i < 0 {
		return tree.Field{}, false
	}
	f := n.Fields[i]
	n.Fields = slices.Delete(n.Fields, i, i+1)
	return f, true
}

func rename(n *tree.Node, f tree.Field, name string) error {
	if f.Value.Kind == tree.Null {
		return nil
	}
	key := *f.Key
	key.Text = name
	for _, g := range n.Fields {
		if g.Key.Text == name && g.Value.Kind != tree.Null {
			x := f.Key.Findingf(diag.Error, "duplicate-key", "%s means %s, which is given at %v too", f.Key.Text, name, g.Key.Pos)
			x.Hint = "keep one of the two"
			return x
		}
	}
	cut(n, name)
	n.Fields = append(n.Fields, tree.Field{Key: &key, Value: f.Value})
	return nil
}
