package cli

import (
	"fmt"
	"strings"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/schedule"
)

type scheduleLintCmd struct {
	File string `arg:"" optional:"" help:"The schedule; default: the configuration's."`
	subject
	JSON   bool `help:"Print the findings as JSON."`
	SARIF  bool `name:"sarif" help:"Print the findings as SARIF, for code review tools."`
	Strict bool `help:"Warnings fail too."`
}

// Run judges.
func (c *scheduleLintCmd) Run(e *environment) error {
	o, err := c.outline(e)
	if err != nil {
		return err
	}
	found, err := lint(o, c.File)
	if err != nil {
		return err
	}
	if err := c.print(e, found); err != nil {
		return err
	}
	for _, f := range found {
		if f.Severity == diag.Error || c.Strict && f.Severity == diag.Warning {
			return errAnswered
		}
	}
	return nil
}

// lint is everything that can be said of a schedule, in the order of the file.
func lint(o *thaw.Outline, file string) (diag.List, error) {
	s, found, err := written(o, file)
	if err != nil || s == nil {
		return found, err
	}
	opts, err := o.Resolving()
	if err != nil {
		return nil, err
	}
	p, more := s.Lint(o.Params, opts)
	found = append(found, more...)
	if p.Len() > 0 {
		more, err := o.Lint(p)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	schedule.SortByPlace(found)
	return found, nil
}

func (c *scheduleLintCmd) print(e *environment, found diag.List) error {
	switch {
	case c.JSON || c.SARIF:
		b, err := found.JSON()
		if c.SARIF {
			b, err = found.SARIF(diag.Tool{Name: "thaw schedule lint", Version: version(), URL: "https://github.com/thaw-go/thaw"})
		}
		if err != nil {
			return err
		}
		_, err = e.Stdout.Write(b)
		return err
	}
	count := map[diag.Severity]int{}
	for _, f := range found {
		count[f.Severity]++
		fmt.Fprintf(e.Stdout, "%s: %s\n", f.Severity, f.Error())
	}
	var parts []string
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		switch n := count[s]; {
		case n == 1:
			parts = append(parts, "1 "+s.String())
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	if parts == nil {
		parts = []string{"nothing to say"}
	}
	_, err := fmt.Fprintln(e.Stdout, strings.Join(parts, ", "))
	return err
}
