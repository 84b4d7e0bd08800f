package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/schedule"
)

// scheduleCmds work on a model by its names and shapes: no weight is loaded.
type scheduleCmds struct {
	Gen      scheduleGenCmd      `cmd:"" help:"Generate a schedule for a model."`
	Lint     scheduleLintCmd     `cmd:"" help:"Judge a schedule: every mistake and trap at once."`
	Plan     schedulePlanCmd     `cmd:"" help:"Show what each phase trains and costs."`
	Simulate scheduleSimulateCmd `cmd:"" help:"Play a fit with given metrics, or a run's log through another schedule."`
	Diff     scheduleDiffCmd     `cmd:"" help:"Show what trains otherwise by another schedule."`
	Schema   scheduleSchemaCmd   `cmd:"" help:"Print the JSON Schema of schedules, for editors."`
}

// subject is what a schedule is for.
type subject struct {
	Config  []string `short:"c" type:"existingfile" placeholder:"FILE" help:"Configuration file; several are laid over each other. Any key can be overridden: --optimizer=sgd."`
	Model   string   `short:"m" placeholder:"NAME" help:"Model by name, weight file or folder with one, instead of the configuration's."`
	Classes int      `placeholder:"N" help:"Classes of the model's head where neither data nor weights tell."`
}

// outline reads what the flags name.
func (s subject) outline(e *environment) (*thaw.Outline, error) {
	if len(s.Config) == 0 && s.Model == "" {
		return nil, errors.New("a schedule is for a model: name one\n    hint: --model resnet18, --model weights.safetensors or --config fit.yaml")
	}
	eng, err := e.engine(0)
	if err != nil {
		return nil, err
	}
	defer eng.Close()
	o, err := thaw.NewOutline(thaw.OutlineOptions{Files: s.Config, Overrides: e.Overrides, Model: s.Model, Classes: s.Classes, Like: eng}, thaw.Defaults())
	if err != nil {
		return nil, err
	}
	for _, n := range o.Notes {
		fmt.Fprintf(e.Stderr, "%s: %s\n", n.Severity, n.Error())
	}
	return o, nil
}

// written reads a schedule's file, or with "" the configuration's schedule. It
// keeps what it can of a schedule with mistakes.
func written(o *thaw.Outline, file string) (*schedule.Schedule, diag.List, error) {
	if file == "" {
		return o.Schedule()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the schedule: %w", err)
	}
	n, err := config.ParseYAML(file, text, config.KeepDuplicates)
	if err != nil {
		if l, ok := errors.AsType[diag.List](err); ok {
			return nil, l, nil
		}
		if f, ok := errors.AsType[diag.Finding](err); ok {
			return nil, diag.List{f}, nil
		}
		return nil, nil, err
	}
	s, found := schedule.Parse(n)
	return s, found, nil
}

// resolved is a schedule that has no mistakes, as a plan; warnings go to the
// standard error.
func resolved(e *environment, o *thaw.Outline, file string) (*schedule.Plan, error) {
	s, found, err := written(o, file)
	if err != nil {
		return nil, err
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	opts, err := o.Resolving()
	if err != nil {
		return nil, err
	}
	p, more := s.Resolve(o.Params, opts)
	for _, f := range append(found, more...) {
		if f.Severity == diag.Warning {
			fmt.Fprintf(e.Stderr, "%s: %s\n", f.Severity, f.Error())
		}
	}
	return p, more.Err()
}

// printJSON writes a value, indented.
func (e *environment) printJSON(v any) error {
	enc := json.NewEncoder(e.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeFile writes a file that a flag names.
func writeFile(name, text string) error {
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}

type scheduleGenCmd struct {
	subject
	By         string   `enum:"tensors,block" default:"tensors" help:"What a phase thaws: two ${enum}, as finetuning-scheduler, or a block of the model."`
	Preset     string   `placeholder:"NAME" help:"A known strategy instead: no_freeze, freeze, freeze_unfreeze, unfreeze_milestones, head_then_all, lp_ft or gradual."`
	Head       []string `placeholder:"NAME" help:"What trains from the start, by names or patterns; default: the model's last block."`
	Epoch      int      `default:"-1" placeholder:"N" help:"Epoch at which the rest thaws."`
	Milestones []int    `placeholder:"N" help:"The two epochs of unfreeze_milestones: 5,10."`
	Layers     int      `default:"1" placeholder:"N" help:"Modules that thaw at the first milestone, from the output."`
	LR         float64  `placeholder:"LR" help:"Learning rate of what thaws later; default: the optimizer's."`
	Decay      float64  `default:"2.6" placeholder:"X" help:"What gradual divides the learning rate by, from block to block towards the input."`
	Output     string   `short:"o" placeholder:"FILE" help:"File to write; default: the standard output."`
}

// Run generates.
func (c *scheduleGenCmd) Run(e *environment) error {
	o, err := c.outline(e)
	if err != nil {
		return err
	}
	name := c.Preset
	switch {
	case name != "" && c.By == "block":
		return errors.New("--by and --preset exclude each other")
	case name == "" && c.By == "block":
		name = "by_block"
	case name == "":
		name = "default"
	}
	opts := schedule.PresetOptions{Head: c.Head, LR: c.LR, Epoch: c.Epoch, Layers: c.Layers, Decay: c.Decay}
	if n := len(c.Milestones); n != 0 && n != 2 {
		return fmt.Errorf("--milestones are two epochs, such as 5,10; %d are given", n)
	}
	copy(opts.Milestones[:], c.Milestones)
	s, err := o.Generate(name, opts)
	if err != nil {
		return err
	}
	if c.Output != "" {
		return writeFile(c.Output, s.YAML())
	}
	_, err = fmt.Fprint(e.Stdout, s.YAML())
	return err
}

type scheduleDiffCmd struct {
	A string `arg:"" type:"existingfile" help:"A schedule."`
	B string `arg:"" type:"existingfile" help:"Another one."`
	subject
	JSON     bool `help:"Print the difference as JSON."`
	ExitCode bool `help:"Exit with 1 where there is a difference."`
}

// Run compares.
func (c *scheduleDiffCmd) Run(e *environment) error {
	o, err := c.outline(e)
	if err != nil {
		return err
	}
	a, err := resolved(e, o, c.A)
	if err != nil {
		return err
	}
	b, err := resolved(e, o, c.B)
	if err != nil {
		return err
	}
	d := schedule.Diff(a, b)
	switch {
	case c.JSON:
		err = e.printJSON(d)
	case d.Empty():
		_, err = fmt.Fprintln(e.Stdout, "no difference: both train the same in every phase")
	default:
		_, err = fmt.Fprint(e.Stdout, d)
	}
	if err == nil && c.ExitCode && !d.Empty() {
		return errAnswered
	}
	return err
}

type scheduleSchemaCmd struct{}

// Run prints.
func (c *scheduleSchemaCmd) Run(e *environment) error {
	b, err := thaw.ScheduleSchema()
	if err != nil {
		return err
	}
	_, err = e.Stdout.Write(b)
	return err
}
