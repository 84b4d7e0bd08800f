package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
)

type scheduleSimulateCmd struct {
	File string `arg:"" optional:"" help:"The schedule; default: that of the configuration or of the run."`
	subject
	Metrics string   `type:"existingfile" placeholder:"FILE" help:"Metrics as CSV: a row for each validation, columns epoch (optional) and the metrics' names."`
	Metric  []string `sep:"none" placeholder:"NAME=V,V,…" help:"A metric's values, one an epoch; repeat for others."`
	Log     string   `placeholder:"DIR" help:"A run's folder: what it measured is played through the schedule."`

	Patience *int     `placeholder:"N" help:"What if patience were N?"`
	Monitor  string   `placeholder:"NAME" help:"What if early stopping and checkpoints watched this metric?"`
	Mode     string   `placeholder:"MODE" help:"What if less (min) or more (max) of it were better?"`
	MinDelta *float64 `placeholder:"X" help:"What if an improvement had to be greater than X?"`
	MaxDepth *int     `placeholder:"N" help:"What if N were the last phase?"`
	Epochs   *int     `placeholder:"N" help:"What if the fit had N epochs at most?"`
	Steps    int      `placeholder:"N" help:"Optimizer steps in an epoch; default: the data's, the log's, or 1."`

	JSON bool   `help:"Print the course as JSON."`
	CSV  bool   `name:"csv" help:"Print the course as CSV, a row for each validation."`
	SVG  string `name:"svg" placeholder:"FILE" help:"Draw metrics and learning rates over the phases into a file."`
}

// Run plays.
func (c *scheduleSimulateCmd) Run(e *environment) error {
	trace, steps, err := c.measured()
	if err != nil {
		return err
	}
	o, err := c.outline(e)
	if err != nil {
		return err
	}
	p, err := resolved(e, o, c.File)
	if err != nil {
		return err
	}
	look, err := o.Outlook(p)
	if err != nil {
		return err
	}
	cfg := look.Machine
	if err := c.suppose(&cfg); err != nil {
		return err
	}
	switch {
	case c.Steps > 0:
		cfg.StepsPerEpoch = c.Steps
	case steps > 0:
		cfg.StepsPerEpoch = steps
	case cfg.StepsPerEpoch == 0:
		cfg.StepsPerEpoch = 1
		fmt.Fprintln(e.Stderr, "note: the length of an epoch is not known: taken as 1 step\n    hint: --steps=N")
	}
	trace.Accumulate = o.Run.Config.Trainer.AccumulateGradBatches
	sim, err := phase.Simulate(cfg, trace)
	if sim == nil {
		return err
	}
	return errors.Join(c.print(e, sim), err)
}

// measured reads the metrics that are played.
func (c *scheduleSimulateCmd) measured() (phase.Trace, int, error) {
	given := 0
	for _, set := range []bool{c.Metrics != "", len(c.Metric) > 0, c.Log != ""} {
		if set {
			given++
		}
	}
	if given != 1 {
		return phase.Trace{}, 0, errors.New("a simulation needs metrics\n    hint: give one of --metrics FILE, --metric val_loss=0.9,0.8,0.85 and --log RUN")
	}
	switch {
	case c.Metrics != "":
		f, err := os.Open(c.Metrics)
		if err != nil {
			return phase.Trace{}, 0, fmt.Errorf("reading metrics: %w", err)
		}
		defer f.Close()
		tr, err := plan.ReadMetrics(c.Metrics, f)
		return tr, 0, err
	case len(c.Metric) > 0:
		tr, err := plan.ParseMetrics(c.Metric)
		return tr, 0, err
	}
	return c.logged()
}

// logged reads a run's log. Its configuration and schedule stand in for those
// that the command does not name.
func (c *scheduleSimulateCmd) logged() (phase.Trace, int, error) {
	st, err := os.Stat(c.Log)
	if err != nil {
		return phase.Trace{}, 0, fmt.Errorf("reading the run's log: %w", err)
	}
	file := c.Log
	if st.IsDir() {
		file = filepath.Join(c.Log, thaw.EventsFile)
		if config := filepath.Join(c.Log, thaw.ConfigFile); len(c.Config) == 0 && c.Model == "" && exists(config) {
			c.Config = []string{config}
		}
		if kept, _ := filepath.Glob(filepath.Join(c.Log, "*_ft_schedule.yaml")); c.File == "" && len(kept) == 1 {
			c.File = kept[0]
		}
	}
	f, err := os.Open(file)
	if err != nil {
		return phase.Trace{}, 0, fmt.Errorf("reading the run's log: %w", err)
	}
	defer f.Close()
	l, err := plan.ReadLog(file, f)
	if err != nil {
		return phase.Trace{}, 0, err
	}
	return l.Trace, l.StepsPerEpoch, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// suppose changes what the flags ask about.
func (c *scheduleSimulateCmd) suppose(cfg *phase.Config) error {
	if c.MaxDepth != nil {
		cfg.MaxDepth = *c.MaxDepth
	}
	if c.Epochs != nil {
		cfg.MaxEpochs = *c.Epochs
	}
	if keep := cfg.Checkpoint; keep != nil {
		k := *keep
		cfg.Checkpoint = &k
	}
	if cfg.EarlyStopping != nil {
		es := *cfg.EarlyStopping
		cfg.EarlyStopping = &es
	}
	if c.Patience == nil && c.Monitor == "" && c.Mode == "" && c.MinDelta == nil {
		return nil
	}
	if cfg.EarlyStopping == nil {
		if cfg.EpochTransitionsOnly {
			return errors.New("--patience, --monitor, --mode and --min-delta: this fit changes phases by epoch alone")
		}
		es := phase.DefaultEarlyStopping()
		cfg.EarlyStopping = &es
	}
	es := cfg.EarlyStopping
	if c.Patience != nil {
		es.Patience = *c.Patience
	}
	if c.MinDelta != nil {
		es.MinDelta = *c.MinDelta
	}
	for _, at := range []*string{&es.Monitor, monitorOf(cfg.Checkpoint)} {
		if c.Monitor != "" && at != nil {
			*at = c.Monitor
		}
	}
	if c.Mode != "" {
		es.Mode = c.Mode
		if cfg.Checkpoint != nil {
			cfg.Checkpoint.Mode = c.Mode
		}
	}
	return nil
}

func monitorOf(c *phase.Checkpoint) *string {
	if c == nil {
		return nil
	}
	return &c.Monitor
}

func (c *scheduleSimulateCmd) print(e *environment, sim *phase.Simulation) error {
	if c.SVG != "" {
		if err := writeFile(c.SVG, plan.Course(sim)); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		return e.printJSON(sim)
	case c.CSV:
		return sim.WriteCSV(e.Stdout)
	}
	_, err := fmt.Fprint(e.Stdout, sim)
	return err
}
