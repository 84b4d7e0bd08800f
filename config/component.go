package config

import (
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// Component is a component as a configuration names it: name, [name, args],
// {class_path, init_args} or {name: args}.
type Component struct {
	registry.Spec
	// Node is where it was written; nil in Go.
	Node *tree.Node
	// ArgsNode is the mapping of the arguments; nil where there are none.
	ArgsNode *tree.Node
}

const componentHint = "write name, [name, {argument: value}], {class_path: name, init_args: {…}} or {name: {…}}"

// DecodeTree implements Decoder.
func (c *Component) DecodeTree(n *tree.Node) error {
	*c = Component{Node: n}
	c.Pos = n.Pos.String()
	switch n.Kind {
	case tree.String:
		return c.named(n)
	case tree.List:
		return c.fromList(n)
	case tree.Map:
		return c.fromMap(n)
	}
	return n.Errorf(componentHint, "a component cannot be %s", described(n))
}

func (c *Component) fromList(n *tree.Node) error {
	if len(n.Items) != 2 {
		return n.Errorf(componentHint, "a component's list is [name, arguments], this one has %d items", len(n.Items))
	}
	if err := c.named(n.Items[0]); err != nil {
		return err
	}
	return c.setArgs(n.Items[1])
}

func (c *Component) named(n *tree.Node) error {
	if n.Kind != tree.String || n.Text == "" {
		return n.Errorf(componentHint, "a component's name is a text, this is %s", described(n))
	}
	c.Name = n.Text
	return nil
}

func (c *Component) setArgs(m *tree.Node) error {
	if m.Kind == tree.Null {
		return nil
	}
	if m.Kind != tree.Map {
		return m.Errorf("", "arguments are a mapping, not %s", described(m))
	}
	if err := noDuplicates(m); err != nil {
		return err
	}
	c.ArgsNode, c.Args = m, registry.Args(m.Value().(map[string]any))
	return nil
}

// noDuplicates refuses a mapping read with KeepDuplicates that has some.
func noDuplicates(m *tree.Node) error {
	seen := make(map[string]*tree.Node, len(m.Fields))
	for _, f := range m.Fields {
		if before := seen[f.Key.Text]; before != nil {
			return f.Key.Errorf("keep one of the two", "%q is given at %v too", f.Key.Text, before.Pos)
		}
		seen[f.Key.Text] = f.Key
	}
	return nil
}

func (c *Component) fromMap(n *tree.Node) error {
	class := n.Field("class_path")
	if class == nil {
		if len(n.Fields) != 1 {
			return n.Errorf(componentHint, "a component's mapping has one key, its name, or class_path and init_args")
		}
		c.Name = n.Fields[0].Key.Text
		return c.setArgs(n.Fields[0].Value)
	}
	if err := c.named(class); err != nil {
		return err
	}
	if err := noDuplicates(n); err != nil {
		return err
	}
	var args *tree.Node
	for _, f := range n.Fields {
		switch f.Key.Text {
		case "class_path":
		case "init_args", "dict_kwargs": // jsonargparse's two kinds of arguments
			if f.Value.Kind != tree.Null {
				if err := c.setArgs(f.Value); err != nil {
					return err
				}
				args = Merge(args, f.Value)
			}
		default:
			return f.Key.Errorf("arguments go below init_args", "unknown key %s beside class_path", clipped(f.Key.Text))
		}
	}
	if args == nil {
		return nil
	}
	return c.setArgs(args)
}

// Components is a list of components; one alone may stand for a list of one.
type Components []Component

// DecodeTree implements Decoder.
func (cs *Components) DecodeTree(n *tree.Node) error {
	items := n.Items
	if n.Kind != tree.List {
		items = []*tree.Node{n}
	}
	d := &decoder{}
	out := make(Components, len(items))
	for i, it := range items {
		if err := out[i].DecodeTree(it); err != nil {
			d.add(err)
		}
	}
	*cs = out
	return d.found.Err()
}
