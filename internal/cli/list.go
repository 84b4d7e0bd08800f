package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	thaw "github.com/thaw-go/thaw"
)

type listCmd struct {
	Kind string `arg:"" enum:"optimizers,lr-schedulers,models,tasks,presets" help:"What to list: ${enum}."`
	Task string `placeholder:"NAME" help:"Only what serves this task; all of it serves image_classification."`
	JSON bool   `help:"Print everything that is known of them as JSON."`
}

// Run lists.
func (c *listCmd) Run(e *environment) error {
	components := thaw.Defaults()
	if c.Task != "" {
		found, err := components.Find(c.Task)
		if err != nil || found[0].Kind != "task" {
			return fmt.Errorf("there is no task %q\n    hint: thaw list tasks", c.Task)
		}
	}
	all, err := components.Describe(c.Kind)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	w := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	for _, d := range all {
		name := d.Name
		if c.Kind == thaw.Optimizers || c.Kind == thaw.LRSchedulers {
			name = strings.ToLower(name)
		}
		fmt.Fprintf(w, "%s\t%s\n", name, d.Doc)
	}
	return w.Flush()
}
