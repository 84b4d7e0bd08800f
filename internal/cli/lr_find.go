package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/thaw-go/thaw/chart"
	"github.com/thaw-go/thaw/trainer"
)

type lrFindCmd struct {
	files
	Phase      int     `placeholder:"N" help:"Search for the groups of this phase; those before it are passed over."`
	Together   bool    `help:"Give all groups the same rate in one sweep, instead of one sweep for each."`
	From       float64 `default:"1e-8" placeholder:"LR" help:"First rate."`
	To         float64 `default:"1" placeholder:"LR" help:"Last rate."`
	Steps      int     `default:"100" placeholder:"N" help:"Optimizer steps of a sweep."`
	Linear     bool    `help:"Raise the rate by equal differences instead of equal factors."`
	Divergence float64 `default:"4" placeholder:"X" help:"End a sweep at a smoothed loss of X times the least; 0: never."`
	Output     string  `short:"o" placeholder:"FILE" help:"Write suggestions and curves as YAML."`
	SVG        string  `name:"svg" placeholder:"FILE" help:"Draw the curves into a file."`
}

// Run sweeps.
func (c *lrFindCmd) Run(ctx context.Context, e *environment) error {
	r, eng, err := e.load(c.files)
	if err != nil {
		return err
	}
	defer eng.Close()
	curves, err := r.FindLR(ctx, eng, trainer.Sweep{
		From: c.From, To: c.To, Steps: c.Steps, Linear: c.Linear, Divergence: c.Divergence, Phase: c.Phase, Together: c.Together,
	}, e.sink(r.Config.Trainer.EnableProgressBar))
	if err != nil {
		return err
	}
	if c.Output != "" {
		if err := os.WriteFile(c.Output, []byte(sweepYAML(c.Phase, curves)), 0o666); err != nil {
			return fmt.Errorf("writing the curves: %w", err)
		}
	}
	if c.SVG != "" {
		if err := os.WriteFile(c.SVG, []byte(sweepChart(c.Phase, curves).SVG()), 0o666); err != nil {
			return fmt.Errorf("drawing the curves: %w", err)
		}
	}
	fmt.Fprint(e.Stdout, sweepChart(c.Phase, curves).Text(e.width()))
	w := tabwriter.NewWriter(e.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "group\tphase\ttensors\tsuggested lr\tleast loss\tends")
	for _, v := range curves {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t%s\n", groupName(v), v.Phase, v.Params, suggestion(v), leastLoss(v), ending(v))
	}
	return w.Flush()
}

func groupName(c trainer.Curve) string {
	if c.Group < 0 {
		return "all"
	}
	return fmt.Sprint(c.Group)
}

func suggestion(c trainer.Curve) string {
	if c.Suggestion == 0 {
		return "none: the loss fell nowhere"
	}
	return fmt.Sprintf("%.3g", c.Suggestion)
}

func leastLoss(c trainer.Curve) string {
	if len(c.Points) == 0 {
		return ""
	}
	least := c.Points[0]
	for _, p := range c.Points {
		if p.Smoothed < least.Smoothed {
			least = p
		}
	}
	return fmt.Sprintf("%.4f at %.3g", least.Smoothed, least.LR)
}

func ending(c trainer.Curve) string {
	if len(c.Points) == 0 {
		return "diverged at once"
	}
	if c.Diverged {
		return fmt.Sprintf("diverged above %.3g", c.Points[len(c.Points)-1].LR)
	}
	return "as planned"
}

// sweepYAML is the result as data: suggestions first, then the curves.
func sweepYAML(phase int, curves []trainer.Curve) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Learning rates that a sweep suggests for phase %d; loss is measured before the step at lr.\nphase: %d\ngroups:\n", phase, phase)
	for _, c := range curves {
		fmt.Fprintf(&b, "  - group: %s\n    phase: %d\n    tensors: %d\n", groupName(c), c.Phase, c.Params)
		if c.Suggestion > 0 {
			fmt.Fprintf(&b, "    suggestion: %.6g\n", c.Suggestion)
		} else {
			fmt.Fprintf(&b, "    suggestion: null\n")
		}
		fmt.Fprintf(&b, "    diverged: %v\n    points:\n", c.Diverged)
		for _, p := range c.Points {
			fmt.Fprintf(&b, "      - {lr: %.6g, loss: %.6g, smoothed: %.6g}\n", p.LR, p.Loss, p.Smoothed)
		}
	}
	return b.String()
}

// sweepChart draws the smoothed losses over the rates.
func sweepChart(phase int, curves []trainer.Curve) chart.Chart {
	c := chart.Chart{Title: fmt.Sprintf("learning rates for phase %d", phase), XLabel: "learning rate", YLabel: "smoothed loss", LogX: true}
	for _, v := range curves {
		s := chart.Series{Name: "group " + groupName(v)}
		for _, p := range v.Points {
			s.X, s.Y = append(s.X, p.LR), append(s.Y, p.Smoothed)
		}
		c.Series = append(c.Series, s)
	}
	return c
}
