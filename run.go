package thaw

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/profile"
	"github.com/thaw-go/thaw/runlog"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
	"github.com/thaw-go/thaw/tree"
)

// Run is a run as configuration files describe it: read and checked, nothing
// trained yet.
type Run struct {
	Config config.Run
	// Tree is the merged configuration with the place of every value.
	Tree *tree.Node
	Task task.Task
	Data trainer.Data
	// Schedule is what was written or generated; nil for a fit without phases.
	Schedule *schedule.Schedule
	// Plan is the schedule resolved against the task's parameters.
	Plan *schedule.Plan
	// Notes are remarks and warnings of reading it all.
	Notes diag.List
	// Profile measures a fit where it is set.
	Profile *profile.Collector

	components Components
	scheduling scheduling
	classes    []string
	outline    *Outline // of whom the run is a part; nil: it is to be trained
	// fallback is the optimization where there is no task.
	fallback task.Optimization
	// initial are the optimizer's first groups; nil: phase 0's.
	initial []phase.InitialGroup
	// averaging of weights; nil: none.
	averaging *trainer.Averaging
}

// Load reads configuration files, each over the ones before, and overrides
// ("trainer.max_epochs=3"), and builds what they describe on the engine.
func Load(files, overrides []string, e engine.Engine, c Components) (*Run, error) {
	n, err := config.Load(files, overrides)
	if err != nil {
		return nil, err
	}
	return fromTree(n, e, c)
}

func fromTree(n *tree.Node, e engine.Engine, c Components) (*Run, error) {
	r := &Run{Tree: n, components: c}
	opt, err := r.read()
	if err != nil {
		return nil, err
	}
	if err := r.build(e, opt); err != nil {
		return nil, err
	}
	if err := r.plan(); err != nil {
		return nil, err
	}
	r.initial, err = r.groups(r.Plan.Params(), r.Plan)
	return r, err
}

// read understands the configuration, as far as that needs no model.
func (r *Run) read() (task.Optimization, error) {
	r.Config = config.DefaultRun()
	if err := config.Decode(r.Tree, &r.Config); err != nil {
		return task.Optimization{}, err
	}
	if err := r.settle(); err != nil {
		return task.Optimization{}, err
	}
	var err error
	if r.scheduling, err = readScheduling(r.Config); err != nil {
		return task.Optimization{}, err
	}
	r.Notes = append(r.Notes, r.scheduling.notes...)
	if err := r.readRecipes(); err != nil {
		return task.Optimization{}, err
	}
	return r.optimization()
}

// settle resolves what Lightning says in two ways, and warns of what has no
// effect here.
func (r *Run) settle() error {
	t := &r.Config.Trainer
	at := func(key string) *tree.Node { return r.Tree.Field("trainer").Field(key) }
	refuse := func(key, value, hint string) error {
		return at(key).Errorf(hint, "trainer.%s: %s is not supported yet", key, value)
	}
	switch t.Precision {
	case "32", "32-true", "32.0":
	case "16", "16-true", "16-mixed", "bf16", "bf16-true", "bf16-mixed", "64", "64-true":
		if t.Precision[0] == '6' {
			return refuse("precision", t.Precision, "leave it out: runs compute in 32 bits")
		}
		r.warn(at("precision"), "precision %s runs as 32-true", t.Precision)
	default:
		return refuse("precision", t.Precision, "leave it out: runs compute in 32 bits")
	}
	if a := t.Accelerator; a != "auto" && a != "cpu" {
		return refuse("accelerator", a, "write auto or cpu")
	}
	one := t.Devices == "1" && t.NumNodes == 1
	switch t.Strategy {
	case "auto", "single_device":
		if t.Devices != "auto" && !one {
			r.warn(at("devices"), "devices: %s runs as one process", t.Devices)
		}
	case "ddp", "ddp_find_unused_parameters_false", "ddp_find_unused_parameters_true", "ddp_spawn", "ddp_fork", "ddp_notebook":
		if !one {
			r.warn(at("strategy"), "strategy: %s with devices: %s runs as one process", t.Strategy, t.Devices)
		}
	default:
		return refuse("strategy", t.Strategy, "write auto; it runs as one process")
	}
	return nil
}

func (r *Run) warn(n *tree.Node, format string, args ...any) {
	r.Notes = append(r.Notes, n.Findingf(diag.Warning, "config", format, args...))
}

// optimization understands the optimizer and the LR scheduler.
func (r *Run) optimization() (task.Optimization, error) {
	o := task.Optimization{Optimizer: r.Config.Optimizer.Spec, LearningRate: r.Config.LearningRate}
	if n := r.Config.Optimizer.Node; n != nil {
		if _, err := optim.Make(r.components.Optimizers, o.Spec()); err != nil {
			return o, blamed(n, err)
		}
	}
	err := r.lrScheduler(&o)
	if err == nil {
		err = r.average(&o)
	}
	return o, err
}

func (r *Run) lrScheduler(o *task.Optimization) error {
	n := r.Config.LRScheduler
	if n == nil || n.Kind == tree.Null {
		return nil
	}
	ch, err := lrsched.ParseChoice(n.Value())
	if err == nil {
		_, err = r.components.LRSchedulers.Resolve(ch)
	}
	if err != nil {
		return blamed(n, fmt.Errorf("lr_scheduler: %w", err))
	}
	for _, w := range ch.Warnings {
		r.warn(n, "lr_scheduler: %s", w)
	}
	ch.Warnings = nil // the machine tells of the others
	o.LRScheduler = &ch
	return nil
}

// plan reads or generates the schedule and resolves it.
func (r *Run) plan() error {
	infos := r.Task.Network().Params().Infos()
	s := r.scheduling
	if !s.scheduled {
		r.Plan = schedule.AllAtOnce(infos)
		return nil
	}
	opts, err := r.resolving()
	if err != nil {
		return err
	}
	found, err := r.readSchedule(infos)
	r.Notes = append(r.Notes, remarks(found)...)
	if err == nil {
		err = found.Err()
	}
	if err != nil {
		return err
	}
	plan, found := r.Schedule.Resolve(infos, opts)
	r.Notes = append(r.Notes, remarks(found)...)
	r.Plan = plan
	return found.Err()
}

// resolving is how the schedule is to be resolved.
func (r *Run) resolving() (schedule.Options, error) {
	o := schedule.Options{EpochTransitionsOnly: r.scheduling.options.EpochTransitionsOnly}
	if lr := r.scheduling.baseMaxLR; lr != nil {
		o.BaseMaxLR = *lr
		return o, nil
	}
	var err error
	o.BaseMaxLR, err = r.optimizerLR()
	return o, err
}

// readSchedule sets Schedule: read, made by a preset, or the default.
func (r *Run) readSchedule(infos []param.Info) (diag.List, error) {
	s := r.scheduling
	switch {
	case s.preset != nil:
		lr, err := r.optimizerLR()
		if err != nil {
			return nil, err
		}
		r.Schedule, err = s.preset.generate(infos, lr, len(s.options.NoDecay) > 0)
		return nil, err
	case s.source == nil:
		r.Schedule = schedule.Default(infos)
		return nil, nil
	}
	n, err := r.scheduleTree(s.source)
	if err != nil {
		return nil, err
	}
	var found diag.List
	r.Schedule, found = schedule.Parse(n)
	return found, nil
}

// scheduleTree is a schedule given inline or by its file, whose path is
// relative to the file that names it or to the working directory.
func (r *Run) scheduleTree(n *tree.Node) (*tree.Node, error) {
	if n.Kind == tree.Map {
		return n, nil
	}
	if n.Kind != tree.String {
		return nil, n.Errorf("name a file, or write the phases here", "a schedule is a file's name or a mapping of phases, not a %v", n.Kind)
	}
	file := r.path(n)
	out, err := config.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, n.Errorf("generate one with `trainer` as it is and `schedule: default`", "Could not find specified fine-tuning scheduling file %q", n.Text)
	}
	return out, err
}

// path resolves a file named in a configuration: relative to the file that
// names it if it is there, else to the working directory.
func (r *Run) path(n *tree.Node) string {
	if filepath.IsAbs(n.Text) || n.Src == nil || strings.HasPrefix(n.Pos.File, "--") {
		return n.Text
	}
	beside := filepath.Join(filepath.Dir(n.Pos.File), n.Text)
	if _, err := os.Stat(beside); err == nil {
		return beside
	}
	return n.Text
}

func remarks(l diag.List) diag.List {
	var out diag.List
	for _, f := range l {
		if f.Severity != diag.Error {
			out = append(out, f)
		}
	}
	return out
}

// trainerConfig is the trainer's part of the run.
func (r *Run) trainerConfig(e engine.Engine, dir string, sink event.Sink) trainer.Config {
	t := r.Config.Trainer
	c := trainer.DefaultConfig(e)
	c.MaxEpochs, c.MinEpochs, c.MaxSteps, c.MaxTime, c.Seed = t.MaxEpochs, t.MinEpochs, t.MaxSteps, t.MaxTime, r.Config.Seed
	c.LimitTrainBatches, c.LimitValBatches = limit(t.LimitTrainBatches), limit(t.LimitValBatches)
	c.LimitTestBatches, c.LimitPredictBatches = limit(t.LimitTestBatches), limit(t.LimitPredictBatches)
	if t.OverfitBatches.Value > 0 {
		c.LimitTrainBatches, c.LimitValBatches = limit(t.OverfitBatches), limit(t.OverfitBatches)
	}
	c.ValCheckInterval, c.CheckValEveryNEpoch = limit(t.ValCheckInterval), t.CheckValEveryNEpoch
	c.AccumulateGradBatches = t.AccumulateGradBatches
	c.GradientClipVal, c.GradientClipAlgorithm, c.LogEveryNSteps = t.GradientClipVal, t.GradientClipAlgorithm, t.LogEveryNSteps
	c.Optimizers, c.LRSchedulers = r.components.Optimizers, r.components.LRSchedulers
	c.Sink, c.Profile, c.Averaging, c.LRMonitor = sink, r.Profile, r.averaging, r.scheduling.rates
	if t.EnableCheckpointing {
		c.Dir = dir
	}
	if n := int(t.FastDevRun); n > 0 {
		c.MaxEpochs, c.Dir, c.CheckValEveryNEpoch = 1, "", 1
		c.LimitTrainBatches, c.LimitValBatches, c.LimitTestBatches = trainer.Count(n), trainer.Count(n), trainer.Count(n)
		c.ValCheckInterval = trainer.All()
	}
	return c
}

func limit(s config.Share) trainer.Limit { return trainer.Limit{Share: s.Fraction, Value: s.Value} }

// Fit trains the run in its folder, which it opens or continues; sink hears of
// it beside the folder's event log.
func (r *Run) Fit(ctx context.Context, e engine.Engine, sink event.Sink) (trainer.Result, error) {
	for _, n := range r.Notes {
		sink.Emit(trainer.Remark(n))
	}
	if r.Config.Trainer.FastDevRun > 0 {
		return r.fit(ctx, e, "", sink)
	}
	resolved := config.Text(r.Tree, r.Config)
	sum := sha256.Sum256([]byte(config.Canonical(r.Tree, r.Config)))
	print := hex.EncodeToString(sum[:])
	folder, err := openFolder(r.Config.LogDir, r.Config.Name, print)
	if err != nil {
		return trainer.Result{}, err
	}
	if err := r.describe(folder, resolved); err != nil {
		return trainer.Result{}, err
	}
	if r.scheduling.genOnly {
		return trainer.Result{Reason: "gen_ft_sched_only: the schedule was written to " + filepath.Join(folder.Path, schedule.FileName(r.Task.Name()))}, nil
	}
	log, err := os.OpenFile(filepath.Join(folder.Path, EventsFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return trainer.Result{}, fmt.Errorf("opening the event log: %w", err)
	}
	defer log.Close()
	nd := runlog.NewNDJSON(log)
	st := status{Config: print, State: "running"}
	if err := folder.setStatus(st); err != nil {
		return trainer.Result{}, err
	}
	res, err := r.fit(ctx, e, folder.Path, event.Sinks{sink, nd})
	switch {
	case err != nil:
		st.State = "failed"
	case res.Interrupted:
		st.State = "interrupted"
	default:
		st.State = "finished"
	}
	return res, errors.Join(err, nd.Err(), folder.setStatus(st))
}

func (r *Run) fit(ctx context.Context, e engine.Engine, dir string, sink event.Sink) (trainer.Result, error) {
	tr, err := trainer.New(r.trainerConfig(e, dir, sink))
	if err != nil {
		return trainer.Result{}, err
	}
	s := trainer.Schedule{Plan: r.Plan, Options: r.scheduling.options, Groups: r.initial, EarlyStopping: r.scheduling.stop, Checkpoint: r.scheduling.keep}
	if dir == "" || !r.Config.Trainer.EnableCheckpointing {
		s.Options.RestoreBest, s.Checkpoint = false, nil
	}
	return tr.Fit(ctx, r.Task, r.Data, s)
}

// describe writes the resolved configuration and the schedule into the folder.
func (r *Run) describe(f Folder, resolved string) error {
	if err := f.write(ConfigFile, []byte(resolved)); err != nil {
		return err
	}
	if r.Schedule == nil {
		return nil
	}
	return f.write(schedule.FileName(r.Task.Name()), []byte(r.Schedule.YAML()))
}
