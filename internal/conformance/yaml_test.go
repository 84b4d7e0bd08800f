package conformance

import (
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/tree"
)

// parseYAML reads a document; duplicate keys are left for the schedule to
// report.
func parseYAML(name, text string) (*tree.Node, error) {
	return config.ParseYAML(name, []byte(text), config.KeepDuplicates)
}
