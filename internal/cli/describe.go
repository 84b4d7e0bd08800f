package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	thaw "github.com/thaw-go/thaw"
)

type describeCmd struct {
	Name string `arg:"" help:"An optimizer, LR scheduler, model, task or preset, by name or class path."`
	JSON bool   `help:"Print it as JSON."`
}

// Run describes.
func (c *describeCmd) Run(e *environment) error {
	found, err := thaw.Defaults().Find(c.Name)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(e.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	for i, d := range found {
		if i > 0 {
			fmt.Fprintln(e.Stdout)
		}
		printDescription(e, d)
	}
	return nil
}

func printDescription(e *environment, d thaw.Description) {
	fmt.Fprintf(e.Stdout, "%s, %s: %s\n", d.Name, d.Kind, d.Doc)
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(e.Stdout, "  %-9s %s\n", what, text)
		}
	}
	line("formula", d.Formula)
	line("source", d.Source)
	line("also", strings.Join(d.Aliases, ", "))
	for _, r := range d.Remarks {
		line("", r)
	}
	line("example", d.Example)
	if len(d.Arguments) == 0 {
		return
	}
	fmt.Fprintln(e.Stdout)
	w := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	for _, a := range d.Arguments {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", a.Name, a.Default, a.Doc)
	}
	w.Flush()
}
