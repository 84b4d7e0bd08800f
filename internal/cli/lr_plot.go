package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/chart"
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/plan"
	"github.com/thaw-go/thaw/schedule"
)

type lrCmds struct {
	Plot lrPlotCmd `cmd:"" help:"Draw the learning rates of a scheduler, or of a whole configuration."`
	Find lrFindCmd `cmd:"" help:"Find a learning rate by raising it step by step on a copy of the state."`
}

type lrPlotCmd struct {
	Name string `arg:"" optional:"" help:"An LR scheduler by name or class path; default: what the configuration does, group by group."`
	Args string `placeholder:"YAML" help:"Its arguments: --args '{num_warmup_steps: 0.1}'."`
	subject
	LR            float64 `name:"lr" default:"1e-3" help:"Learning rate that it starts from."`
	Steps         int     `default:"0" placeholder:"N" help:"Steps, or epochs, to draw; default: 1000, or 100 epochs."`
	StepsPerEpoch int     `default:"0" placeholder:"N" help:"Optimizer steps of an epoch, where the configuration's data do not tell."`
	CSV           bool    `name:"csv" help:"Print the values as CSV."`
	SVG           string  `name:"svg" placeholder:"FILE" help:"Draw into a file, too."`
}

// Run draws.
func (c *lrPlotCmd) Run(e *environment) error {
	if c.Name == "" && len(c.Config) == 0 {
		return errors.New("name an LR scheduler, or a configuration\n    hint: thaw lr plot OneCycleLR --args '{max_lr: 0.1}', or thaw lr plot --config fit.yaml")
	}
	draw := c.scheduler
	if c.Name == "" {
		draw = c.configuration
	}
	ch, err := draw(e)
	if err != nil {
		return err
	}
	if c.SVG != "" {
		if err := os.WriteFile(c.SVG, []byte(ch.SVG()), 0o666); err != nil {
			return fmt.Errorf("drawing the learning rates: %w", err)
		}
	}
	if c.CSV {
		return printSeries(e, ch)
	}
	_, err = fmt.Fprint(e.Stdout, ch.Text(e.width()))
	return err
}

// width is that of the terminal, or of a page.
func (e *environment) width() int {
	if e.Width > 0 {
		return min(e.Width, 120)
	}
	return 80
}

// scheduler draws one scheduler with one group.
func (c *lrPlotCmd) scheduler(e *environment) (chart.Chart, error) {
	choice := lrsched.Named(c.Name, nil)
	if c.Args != "" {
		n, err := config.ParseYAML("--args", []byte(c.Args))
		if err != nil {
			return chart.Chart{}, err
		}
		args, ok := n.Value().(map[string]any)
		if !ok {
			return chart.Chart{}, n.Errorf("write --args '{step_size: 10}'", "--args is a mapping of arguments")
		}
		choice.Args = args
	}
	catalog := thaw.Defaults().LRSchedulers
	if entry, ok := catalog.Schedulers.Lookup(c.Name); ok && entry.Value.Metered {
		choice.Config.Monitor = "val_loss"
	}
	r, err := catalog.Resolve(choice)
	if err != nil {
		return chart.Chart{}, err
	}
	steps, unit, budget := c.Steps, "step", lrsched.Budget{}
	if r.Config.Interval == lrsched.ByEpoch {
		unit = "epoch"
	}
	if steps == 0 {
		steps = map[string]int{"step": 1000, "epoch": 100}[unit]
	}
	budget.TotalSteps = steps
	if unit == "epoch" {
		per := max(c.StepsPerEpoch, 1)
		budget = lrsched.Budget{TotalSteps: steps * per, StepsPerEpoch: per, Epochs: steps}
	}
	t := &lrsched.Table{Groups: []lrsched.Group{{LR: c.LR, Momentum: 0.9}}, DefaultLR: c.LR}
	rows, err := r.Trace(t, budget, steps-1, 1)
	if len(rows) == 0 {
		return chart.Chart{}, err
	}
	if err != nil {
		fmt.Fprintf(e.Stderr, "warning: %v\n", err)
	}
	s := chart.Series{Name: "lr", Step: unit == "epoch"}
	for i, row := range rows {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, row[0])
	}
	title := r.Name
	if choice.Config.Monitor != "" {
		title += ", with a metric that never improves"
	}
	return chart.Chart{Title: title, XLabel: unit, YLabel: "learning rate", Series: []chart.Series{s}}, nil
}

// configuration draws the groups of a whole fit in which no metric improves.
func (c *lrPlotCmd) configuration(e *environment) (chart.Chart, error) {
	o, err := c.outline(e)
	if err != nil {
		return chart.Chart{}, err
	}
	var p *schedule.Plan
	if o.Scheduled() {
		if p, err = resolved(e, o, ""); err != nil {
			return chart.Chart{}, err
		}
	} else {
		p = schedule.AllAtOnce(o.Params)
	}
	look, err := o.Outlook(p)
	if err != nil {
		return chart.Chart{}, err
	}
	cfg := look.Machine
	if c.StepsPerEpoch > 0 {
		cfg.StepsPerEpoch = c.StepsPerEpoch
	}
	if cfg.StepsPerEpoch == 0 {
		cfg.StepsPerEpoch = 1
		fmt.Fprintln(e.Stderr, "note: the length of an epoch is not known: taken as 1 step\n    hint: --steps-per-epoch=N")
	}
	sim, err := plan.Unimproved(cfg)
	if err != nil {
		return chart.Chart{}, err
	}
	out := chart.Chart{Title: "learning rates of a fit in which no metric improves", XLabel: "step", YLabel: "learning rate"}
	end := len(sim.Epochs) * cfg.StepsPerEpoch
	for _, r := range sim.Rates {
		for g, lr := range r.LRs {
			for len(out.Series) <= g {
				out.Series = append(out.Series, chart.Series{Name: "group " + strconv.Itoa(g), Step: true})
			}
			s := &out.Series[g]
			s.X, s.Y = append(s.X, float64(r.Step)), append(s.Y, lr)
		}
	}
	for i := range out.Series {
		s := &out.Series[i]
		s.X, s.Y = append(s.X, float64(end)), append(s.Y, s.Y[len(s.Y)-1])
	}
	return out, nil
}

// printSeries prints a row for each x that a series has.
func printSeries(e *environment, c chart.Chart) error {
	w := csv.NewWriter(e.Stdout)
	head := []string{c.XLabel}
	values := map[float64][]float64{}
	var xs []float64
	for g, s := range c.Series {
		head = append(head, s.Name)
		for i, x := range s.X {
			if values[x] == nil {
				values[x] = make([]float64, len(c.Series))
				for k := range values[x] {
					values[x][k] = math.NaN()
				}
				xs = append(xs, x)
			}
			values[x][g] = s.Y[i]
		}
	}
	if err := w.Write(head); err != nil {
		return err
	}
	slices.Sort(xs)
	for _, x := range xs {
		row := []string{strconv.FormatFloat(x, 'g', -1, 64)}
		for _, v := range values[x] {
			text := ""
			if !math.IsNaN(v) {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			row = append(row, text)
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
