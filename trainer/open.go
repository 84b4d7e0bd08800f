package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// prepare makes a fit from what Fit was given and checks that it can run.
func (tr *Trainer) prepare(t task.Task, d Data, s Schedule) (*fit, error) {
	f := &fit{Config: tr.cfg, task: t, data: d, sched: s, saver: &saver{}}
	if d.Train == nil {
		return nil, errors.New("fit: there is no training data")
	}
	f.params = t.Network().Params().All()
	f.byName = make(map[string]*nn.Param, len(f.params))
	for _, p := range f.params {
		if !p.Buffer && p.SharedWith == "" {
			f.byName[p.Name] = p
		}
	}
	if f.LimitValBatches.Value == 0 {
		f.data.Val = nil
	}
	if f.data.Val != nil && f.LimitValBatches.Apply(f.data.Val.Batches()) == 0 {
		return nil, errors.New("fit: the validation set is empty\n    hint: set limit_val_batches to 0 for a fit without validation")
	}
	n := f.LimitTrainBatches.Apply(d.Train.Batches())
	if n == 0 {
		return nil, fmt.Errorf("fit: an epoch has no training batch (%d samples, %d batches before limit_train_batches)", d.Train.Dataset().Len(), d.Train.Batches())
	}
	var err error
	if f.rhythm, err = newRhythm(n, f.AccumulateGradBatches, f.ValCheckInterval, f.CheckValEveryNEpoch); err != nil {
		return nil, err
	}
	if f.sched.Plan == nil {
		f.sched.Plan = schedule.AllAtOnce(t.Network().Params().Infos())
	}
	f.avg = newAverage(f.Averaging, f.params)
	f.tape = tensor.NewTape(f.Engine)
	if f.Profile != nil {
		f.tape.SetObserver(f.Profile)
	}
	return f, nil
}

// machineConfig is what the machine is made of.
func (f *fit) machineConfig() phase.Config {
	o := f.task.Optimization()
	return phase.Config{
		Plan: f.sched.Plan, Options: f.sched.Options, InitialGroups: f.sched.Groups, EarlyStopping: f.sched.EarlyStopping, Checkpoint: f.sched.Checkpoint,
		Optimizer: o.Spec(), Optimizers: Describe(f.Optimizers), LRScheduler: o.LRScheduler, LRSchedulers: f.LRSchedulers,
		MaxEpochs: f.MaxEpochs, MinEpochs: f.MinEpochs, MaxSteps: f.MaxSteps,
		StepsPerEpoch: f.rhythm.stepsPerEpoch(),
	}
}

// open starts the fit, or continues the one whose checkpoints lie in Dir.
func (f *fit) open() error {
	f.began = time.Now()
	var existing []string
	resumed := ""
	if f.Dir != "" {
		if f.files == nil {
			f.files = checkpoint.OS{}
		}
		store, err := checkpoint.Open(f.files, CheckpointDir(f.Dir))
		if err != nil {
			return err
		}
		f.saver.store = store
		all, err := store.List()
		if err != nil {
			return err
		}
		for _, m := range all {
			existing = append(existing, m.Name)
		}
		m, ok, problems := store.Latest()
		for _, p := range problems {
			f.Sink.Emit(event.Warning{Text: p.Error()})
		}
		if ok {
			if err := f.resume(m); err != nil {
				return fmt.Errorf("resuming from %s: %w", store.Path(m.Name, ""), err)
			}
			resumed = m.Name
		} else if len(problems) > 0 {
			return fmt.Errorf("no checkpoint in %s is whole\n    hint: remove the folder to start over", store.Dir())
		}
	}
	if resumed == "" {
		if err := f.start(); err != nil {
			return err
		}
	}
	e := event.RunStarted{
		Dir: f.Dir, Task: f.task.Name(), Engine: f.Engine.Name(), Path: f.Engine.Path(), Seed: f.Seed,
		Phases: f.machine.MaxDepth() + 1, Parameters: f.total(), MaxEpochs: f.machine.MaxEpochs(), MaxSteps: f.MaxSteps,
		TrainSamples: f.data.Train.Dataset().Len(), BatchesPerEpoch: f.rhythm.batches,
		Resumed: resumed, Epoch: f.pos.Epoch, Step: f.pos.Step,
	}
	if f.data.Val != nil {
		e.ValSamples = f.data.Val.Dataset().Len()
	}
	f.Sink.Emit(e)
	if resumed != "" {
		return f.send(phase.Resumed{Existing: existing})
	}
	return f.send(phase.FitStart{Existing: existing})
}

func (f *fit) start() (err error) {
	if f.machine, err = phase.New(f.machineConfig()); err != nil {
		return err
	}
	f.opt, err = f.newOptimizer(f.task.Optimization().Spec())
	f.pos.Stage = atEpochStart
	return err
}

// resume takes everything up where the checkpoint left it.
func (f *fit) resume(m checkpoint.Manifest) error {
	if m.Engine != f.Engine.Name() || m.Path != f.Engine.Path() {
		f.Sink.Emit(event.Warning{Text: fmt.Sprintf(
			"the checkpoint was made on engine %s (%s), this is %s (%s): the continuation is correct, but not the same to the last bit",
			m.Engine, m.Path, f.Engine.Name(), f.Engine.Path())})
	}
	s, err := f.readState(m.Name)
	if err != nil {
		return err
	}
	if s.Seed != f.Seed {
		return fmt.Errorf("the run was started with seed %d, not %d\n    hint: use the same seed, or another folder", s.Seed, f.Seed)
	}
	var st phase.State
	if err := json.Unmarshal(s.Machine, &st); err != nil {
		return fmt.Errorf("reading the machine's state: %w", err)
	}
	if f.machine, err = phase.Restore(f.machineConfig(), st); err != nil {
		return err
	}
	if f.opt, err = f.newOptimizer(f.machine.Optimizer()); err != nil {
		return err
	}
	if err := f.loadWeights(m, s.Averaged); err != nil {
		return err
	}
	if err := f.loadOptimizer(m.Name, s); err != nil {
		return err
	}
	if err := f.loadGradients(m); err != nil {
		return err
	}
	f.pos, f.elapsed, f.best, f.score = s.Position, s.Position.Elapsed, s.Best, s.Score
	f.saver.latest = m.Name
	if ref, ok := f.machine.Best(); !ok || ref.Name != m.Name {
		f.saver.moving = m.Name
	}
	return nil
}
