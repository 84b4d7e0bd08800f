package config

import "github.com/thaw-go/thaw/tree"

// Text is a run's configuration as YAML, every key of it, each value with its
// source as a remark: a file's line, an override, or default. n is the tree that
// r was decoded from.
func Text(n *tree.Node, r Run) string {
	return "# The configuration as it was understood, each value with its source.\n" + Write(resolvedRun(n, r), true)
}

// Canonical is Text without the sources: two configurations that mean the same
// have the same, whatever files they came from.
func Canonical(n *tree.Node, r Run) string {
	return Write(resolvedRun(n, r), false)
}

func resolvedRun(n *tree.Node, r Run) *tree.Node {
	if ours, err := lightning(n); err == nil {
		n = ours
	}
	return Resolve(n, &r)
}
