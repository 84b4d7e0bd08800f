package thaw

import (
	"errors"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/tree"
)

// blamed places an error at the innermost argument that it is about, as far as
// n has that one once.
func blamed(n *tree.Node, err error) error {
	at, within := n, n
	for inner := err; inner != nil; {
		var arg string
		if arg, inner = argumentOf(inner); arg == "" {
			break
		}
		found := keysIn(within, arg)
		if len(found) != 1 {
			break
		}
		at, within = found[0].Key, found[0].Value
	}
	return at.Errorf("", "%v", err)
}

// argumentOf is the outermost argument that an error is about, and what is
// wrong with it; "" where it is about none.
func argumentOf(err error) (arg string, inner error) {
	if e, ok := errors.AsType[*lrsched.ArgError](err); ok {
		return e.Arg, e.Err
	}
	if e, ok := errors.AsType[*optim.ArgError](err); ok {
		return e.Arg, e.Err
	}
	return "", nil
}

// keysIn finds a key in a tree, wherever it is; not below itself.
func keysIn(n *tree.Node, key string) []tree.Field {
	if n == nil {
		return nil
	}
	var out []tree.Field
	for _, f := range n.Fields {
		if f.Key.Text == key {
			out = append(out, f)
			continue
		}
		out = append(out, keysIn(f.Value, key)...)
	}
	for _, it := range n.Items {
		out = append(out, keysIn(it, key)...)
	}
	return out
}
