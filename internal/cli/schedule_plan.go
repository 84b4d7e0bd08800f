package cli

import "fmt"

type schedulePlanCmd struct {
	File string `arg:"" optional:"" help:"The schedule; default: the configuration's, or the generated one."`
	subject
	Batch int    `name:"batch" placeholder:"N" help:"Samples in a batch; default: the configuration's."`
	JSON  bool   `help:"Print the plan as JSON."`
	SVG   string `name:"svg" placeholder:"FILE" help:"Draw the network by phase into a file."`
}

// Run shows.
func (c *schedulePlanCmd) Run(e *environment) error {
	o, err := c.outline(e)
	if err != nil {
		return err
	}
	p, err := resolved(e, o, c.File)
	if err != nil {
		return err
	}
	v, err := o.Preview(p, c.Batch)
	if err != nil {
		return err
	}
	if c.SVG != "" {
		if err := writeFile(c.SVG, v.SVG()); err != nil {
			return err
		}
	}
	if c.JSON {
		return e.printJSON(v)
	}
	_, err = fmt.Fprint(e.Stdout, v)
	return err
}
