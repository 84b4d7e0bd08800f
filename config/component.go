package config

import (
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// Component is a component as a configuration names it: name, [name, args],
// [name, args, config], {class_path, init_args} or {name: args}.
type Component struct {
	registry.Spec
	// Config is the third item of the list form: a scheduler config.
	Config registry.Args
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
	case tree.Null:
		*c = Component{}
		return nil
	case tree.String:
		c.Name = n.Text
		return nil
	case tree.List:
		return c.fromList(n)
	case tree.Map:
		return c.fromMap(n)
	}
	return n.Errorf(componentHint, "a component cannot be %s", described(n))
}

func (c *Component) fromList(n *tree.Node) error {
	if len(n.Items) < 1 || len(n.Items) > 3 || n.Items[0].Kind != tree.String {
		return n.Errorf(componentHint, "a component's list is [name, arguments] or [name, arguments, config]")
	}
	c.Name = n.Items[0].Text
	if len(n.Items) > 1 {
		if err := c.setArgs(n.Items[1]); err != nil {
			return err
		}
	}
	if len(n.Items) > 2 {
		m := n.Items[2]
		if m.Kind != tree.Map {
			return m.Errorf("", "the third item is a mapping, not %s", described(m))
		}
		c.Config = registry.Args(m.Value().(map[string]any))
	}
	return nil
}

func (c *Component) setArgs(m *tree.Node) error {
	if m.Kind == tree.Null {
		return nil
	}
	if m.Kind != tree.Map {
		return m.Errorf("", "arguments are a mapping, not %s", described(m))
	}
	c.ArgsNode, c.Args = m, registry.Args(m.Value().(map[string]any))
	return nil
}

func (c *Component) fromMap(n *tree.Node) error {
	if class := n.Field("class_path"); class != nil {
		if class.Kind != tree.String {
			return class.Errorf("", "class_path is a text, not %s", described(class))
		}
		for _, f := range n.Fields {
			if k := f.Key.Text; k != "class_path" && k != "init_args" && k != "dict_kwargs" {
				return f.Key.Errorf("arguments go below init_args", "unknown key %q beside class_path", k)
			}
		}
		c.Name = class.Text
		if args := n.Field("init_args"); args != nil {
			return c.setArgs(args)
		}
		return nil
	}
	if len(n.Fields) != 1 {
		return n.Errorf(componentHint, "a component's mapping has one key, its name, or class_path and init_args")
	}
	c.Name = n.Fields[0].Key.Text
	return c.setArgs(n.Fields[0].Value)
}
