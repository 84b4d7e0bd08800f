package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	thaw "github.com/thaw-go/thaw"
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/native"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/profile"
	"github.com/thaw-go/thaw/runlog"
)

// commands is the command line.
type commands struct {
	Engine  string `help:"Arithmetic: ${enum}. The native engine has assembly kernels for AVX-512 and AVX2, and is the reference elsewhere; THAW_CPU=avx512, avx2 or generic forces a path." enum:"native,reference" default:"native" placeholder:"NAME"`
	Threads int    `help:"Threads; 0 takes one per core." default:"0" placeholder:"N"`

	Fit      fitCmd       `cmd:"" help:"Fine-tune by a configuration; the same command continues an interrupted run."`
	Validate validateCmd  `cmd:"" help:"Measure a checkpoint on the validation or test data."`
	Predict  predictCmd   `cmd:"" help:"Classify pictures with a checkpoint."`
	Config   configCmds   `cmd:"" help:"Look at configurations."`
	Schedule scheduleCmds `cmd:"" help:"Generate, judge, preview, play and compare fine-tuning schedules, without loading weights."`
	LR       lrCmds       `cmd:"" name:"lr" help:"Draw learning rates, and find them."`
	List     listCmd      `cmd:"" help:"List optimizers, LR schedulers, models, tasks or schedule presets."`
	Describe describeCmd  `cmd:"" help:"Describe one of them: arguments, defaults, formula, source."`
	Demo     demoCmd      `cmd:"" help:"The quickstart: few-shot digits, with and without phases, offline."`
	Version  versionCmd   `cmd:"" help:"Print the version."`
}

// environment is what commands share.
type environment struct {
	State
	Engine    string
	Threads   int
	Overrides []string
}

// files are the configuration files of a command.
type files struct {
	Config []string `short:"c" required:"" type:"existingfile" placeholder:"FILE" help:"Configuration file; several are laid over each other. Any key can be overridden: --trainer.max_epochs=3."`
}

// engine makes the engine that the flags name.
func (e *environment) engine(limit int64) (engine.Engine, error) {
	o := host.Options{Threads: e.Threads, MemoryLimit: limit}
	return newEngine(e.Engine, e.Getenv("THAW_CPU"), o)
}

// sink is the progress display.
func (e *environment) sink(live bool) event.Sink {
	p := runlog.NewProgress(e.Stderr, e.Terminal && live)
	if e.Width > 0 {
		p.Width = e.Width
	}
	return p
}

// load reads the run that a command is about.
func (e *environment) load(f files) (*thaw.Run, engine.Engine, error) {
	n, err := config.Load(f.Config, e.Overrides)
	if err != nil {
		return nil, nil, err
	}
	var limit int64
	if m := n.Field("memory_limit"); m != nil {
		limit, _ = config.Integer(m)
	}
	eng, err := e.engine(limit)
	if err != nil {
		return nil, nil, err
	}
	r, err := thaw.Load(f.Config, e.Overrides, eng, thaw.Defaults())
	return r, eng, err
}

type fitCmd struct {
	files
	Profile string `placeholder:"FILE" help:"Measure where the time goes: tables on standard error, and a trace for ui.perfetto.dev in FILE."`
}

// Run trains.
func (c *fitCmd) Run(ctx context.Context, e *environment) error {
	r, eng, err := e.load(c.files)
	if err != nil {
		return err
	}
	defer eng.Close()
	if c.Profile != "" {
		r.Profile = profile.New()
	}
	res, err := r.Fit(ctx, eng, e.sink(r.Config.Trainer.EnableProgressBar))
	if r.Profile != nil {
		err = errors.Join(err, c.writeProfile(e, r.Profile))
	}
	if err != nil {
		return err
	}
	if res.Interrupted {
		return errInterrupted
	}
	return nil
}

// writeProfile prints the tables and writes the trace.
func (c *fitCmd) writeProfile(e *environment, p *profile.Collector) error {
	fmt.Fprintf(e.Stderr, "\n%s", p)
	f, err := os.Create(c.Profile)
	if err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	return errors.Join(p.WriteTrace(f), f.Close())
}

type configCmds struct {
	Print  configPrintCmd  `cmd:"" help:"Print the configuration as it is understood, each value with its source."`
	Schema configSchemaCmd `cmd:"" help:"Print the JSON Schema of configurations, for editors."`
}

type configPrintCmd struct{ files }

// Run prints.
func (c *configPrintCmd) Run(e *environment) error {
	n, err := config.Load(c.Config, e.Overrides)
	if err != nil {
		return err
	}
	r := config.DefaultRun()
	if err := config.Decode(n, &r); err != nil {
		return err
	}
	_, err = fmt.Fprint(e.Stdout, config.Text(n, r))
	return err
}

type configSchemaCmd struct{}

// Run prints.
func (c *configSchemaCmd) Run(e *environment) error {
	b, err := thaw.Schema()
	if err != nil {
		return err
	}
	_, err = e.Stdout.Write(b)
	return err
}

type versionCmd struct{}

// Run prints.
func (c *versionCmd) Run(e *environment) error {
	rev := ""
	if b, ok := debug.ReadBuildInfo(); ok {
		if i := slices.IndexFunc(b.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" }); i >= 0 {
			rev = " " + b.Settings[i].Value
		}
	}
	_, err := fmt.Fprintf(e.Stdout, "thaw %s%s %s %s/%s\n", version(), rev, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// version is the program's, or devel.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "devel"
}

// newEngine makes an engine by name; cpu forces an instruction-set path of the
// native one.
func newEngine(name, cpu string, o host.Options) (engine.Engine, error) {
	if name == "reference" {
		return reference.New(o), nil
	}
	e, err := native.New(native.Options{Threads: o.Threads, MemoryLimit: o.MemoryLimit, Debug: o.Debug, CPU: cpu})
	if err != nil {
		return nil, fmt.Errorf("making the engine: %w", err)
	}
	return e, nil
}
