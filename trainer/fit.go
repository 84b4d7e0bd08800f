package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// Trainer runs fits, validations and predictions.
type Trainer struct{ cfg Config }

// New makes a trainer.
func New(c Config) (*Trainer, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("configuring the trainer: %w", err)
	}
	if c.Sink == nil {
		c.Sink = event.Sinks(nil)
	}
	if c.Optimizers == nil {
		c.Optimizers = optim.Builtin()
	}
	if c.LRSchedulers == nil {
		c.LRSchedulers = lrsched.Builtin()
	}
	if c.Profile != nil {
		c.Sink = event.Sinks{c.Profile, c.Sink}
	}
	return &Trainer{cfg: c}, nil
}

// stage is where in an epoch a fit stands: what comes next.
type stage string

const (
	atEpochStart stage = "epoch_start"
	atBatch      stage = "batch"
	atTrainEnd   stage = "train_end"
	atValidation stage = "validation"
	atEpochEnd   stage = "epoch_end"
)

// position is a fit's place in its data. With the machine's and the optimizer's
// state it is all that a continuation needs, for random numbers follow from it.
type position struct {
	Stage stage `json:"stage"`
	Epoch int   `json:"epoch"`
	// Batch is the next batch of the epoch.
	Batch int `json:"batch"`
	// Step counts the optimizer steps of the run.
	Step int `json:"step"`
	// The epoch's training loss so far, summed over samples.
	LossSum    float64 `json:"loss_sum"`
	LossWeight float64 `json:"loss_weight"`
	Skipped    int     `json:"skipped"`
	// Saved tells that the epoch has left a checkpoint already.
	Saved bool `json:"saved"`
	// Metrics are the last validation's, as text, since JSON lacks NaN.
	Metrics map[string]lrsched.Real `json:"metrics,omitempty"`
	// Elapsed is the training time so far in seconds, for max_time.
	Elapsed float64 `json:"elapsed"`
}

// fit is one run of Fit.
type fit struct {
	Config
	task    task.Task
	data    Data
	sched   Schedule
	machine *phase.Machine
	tape    *tensor.Tape
	opt     *optimizer
	avg     *average
	saver   *saver
	rhythm  rhythm
	pos     position
	// ending is a stop that waits for the end of the epoch, stop is final.
	ending, stop *phase.Stop
	params       []*nn.Param
	// byName finds them by the task's names, which schedules use.
	byName map[string]*nn.Param
	opened bool
	pace   pace
	// trained is the time spent on the batches of the epoch, validations left out.
	trained time.Duration
	rates   rateLog
	// guard checks the first step of a phase.
	guard   *guard
	began   time.Time
	elapsed float64
	best    string
	score   float64
}

// Fit trains the task. Where Dir holds the checkpoints of an unfinished fit, it
// continues that one. A cancelled ctx ends it in good order: the position is
// saved and Result.Interrupted set.
func (tr *Trainer) Fit(ctx context.Context, t task.Task, d Data, s Schedule) (Result, error) {
	f, err := tr.prepare(t, d, s)
	if err != nil {
		return Result{}, err
	}
	defer f.tape.Reset()
	if err := f.open(); err != nil {
		return Result{}, err
	}
	interrupted := false
	if err = f.loop(ctx); err == nil {
		err = f.finish(ctx)
	}
	if errors.Is(err, errInterrupted) {
		interrupted, err = true, f.saveInterrupted()
	}
	if err != nil {
		return f.result(interrupted), f.explain(err)
	}
	r := f.result(interrupted)
	f.Sink.Emit(event.RunDone{
		Reason: r.Reason, Epoch: r.Epochs, Step: r.Steps, Phase: r.Phase, Interrupted: interrupted,
		Best: r.Best, BestScore: r.BestScore, Seconds: f.time(),
	})
	return r, nil
}

// errInterrupted says that ctx was cancelled.
var errInterrupted = errors.New("interrupted")

// time is the training time in seconds, of all sessions.
func (f *fit) time() float64 { return f.elapsed + time.Since(f.began).Seconds() }

// explain adds to an error where the fit stood and what is safe.
func (f *fit) explain(err error) error {
	err = fmt.Errorf("epoch %d, step %d, phase %d: %w", f.pos.Epoch, f.pos.Step, f.machine.Phase(), err)
	if f.saver.latest != "" {
		err = fmt.Errorf("%w\n    the checkpoint %s is safe in %s", err, f.saver.latest, f.saver.dir())
	}
	return err
}

func (f *fit) result(interrupted bool) Result {
	r := Result{Interrupted: interrupted, Epochs: f.pos.Epoch, Steps: f.pos.Step, Phase: f.machine.Phase(), Best: f.best, BestScore: f.score}
	r.Metrics = floats(f.pos.Metrics)
	switch {
	case interrupted:
		r.Reason = "interrupted; the same command continues"
	case f.stop != nil:
		r.Reason = f.stop.Reason
	}
	return r
}

// loop runs stages until the fit stops. Each stage leaves the position at the
// one to come, so that a save at any time continues right.
func (f *fit) loop(ctx context.Context) error {
	for f.stop == nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err := f.stage(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *fit) stage(ctx context.Context) error {
	switch f.pos.Stage {
	case atEpochStart:
		return f.epochStart()
	case atBatch:
		return f.batches(ctx)
	case atTrainEnd:
		return f.trainEnd()
	case atValidation:
		return f.validation(ctx)
	case atEpochEnd:
		return f.epochEnd()
	}
	return fmt.Errorf("trainer: no stage %q", f.pos.Stage)
}

func (f *fit) epochStart() error {
	if f.machine.MaxEpochs() >= 0 && f.pos.Epoch >= f.machine.MaxEpochs() {
		f.stop = &phase.Stop{Cause: "max-epochs", Reason: fmt.Sprintf("max_epochs of %d reached", f.machine.MaxEpochs())}
		return nil
	}
	if err := f.send(phase.EpochStart{Epoch: f.pos.Epoch}); err != nil {
		return err
	}
	f.trained = 0
	f.Sink.Emit(event.EpochStarted{Epoch: f.pos.Epoch, Phase: f.machine.Phase(), Batches: f.rhythm.batches})
	f.logRates(lrsched.ByEpoch)
	f.pos = position{Stage: atBatch, Epoch: f.pos.Epoch, Step: f.pos.Step, Metrics: f.pos.Metrics}
	return nil
}

func (f *fit) trainEnd() error {
	f.pos.Stage = atEpochEnd
	if f.data.Val != nil && f.rhythm.validates(f.pos.Epoch, f.rhythm.batches-1) {
		f.pos.Stage = atValidation
	}
	return f.send(phase.TrainEnd{Metrics: f.trainMetrics()})
}

func (f *fit) validation(ctx context.Context) error {
	m, secs, err := f.validate(ctx)
	if err != nil {
		return err
	}
	f.pos.Metrics = texts(m)
	f.pos.Stage = atBatch
	if f.pos.Batch >= f.rhythm.batches {
		f.pos.Stage = atEpochEnd
	}
	d, err := f.decide(phase.Validated{Metrics: f.withTrain(m)})
	if err != nil {
		return err
	}
	v := event.Validated{Epoch: f.pos.Epoch, Phase: d.Phase, Step: f.pos.Step, Metrics: m, Patience: -1, Seconds: secs}
	if wait, patience, ok := f.machine.Waiting(); ok {
		v.Wait, v.Patience = wait, patience
	}
	for _, s := range d.Save {
		v.Best = v.Best || s.Best
	}
	f.Sink.Emit(v)
	if err := f.apply(d); err != nil {
		return err
	}
	if len(d.Save) == 0 {
		return f.save("", false)
	}
	return nil
}

func (f *fit) epochEnd() error {
	f.Sink.Emit(event.EpochDone{
		Epoch: f.pos.Epoch, Phase: f.machine.Phase(), Step: f.pos.Step, TrainLoss: f.pos.LossSum / f.pos.LossWeight,
		Seconds: f.trained.Seconds(), Samples: int(f.pos.LossWeight), Skipped: f.pos.Skipped,
	})
	d, err := f.decide(phase.EpochEnd{Metrics: f.withTrain(floats(f.pos.Metrics)), Partial: f.pos.Batch < f.rhythm.batches})
	if err != nil {
		return err
	}
	saved := f.pos.Saved || len(d.Save) > 0
	f.avg.epochDone(f.pos.Epoch)
	f.pos = position{Stage: atEpochStart, Epoch: f.pos.Epoch + 1, Step: f.pos.Step, Metrics: f.pos.Metrics}
	if err := f.apply(d); err != nil {
		return err
	}
	if f.stop == nil {
		f.stop = f.ending
	}
	if !saved {
		return f.save("", false)
	}
	return nil
}

// texts and floats convert metrics to and from the form that JSON can hold.
func texts(m map[string]float64) map[string]lrsched.Real {
	out := make(map[string]lrsched.Real, len(m))
	for k, v := range m {
		out[k] = lrsched.Real(v)
	}
	return out
}

func floats(m map[string]lrsched.Real) map[string]float64 {
	out := make(map[string]float64, len(m))
	for k, v := range m {
		out[k] = float64(v)
	}
	return out
}

// trainMetrics are what training itself has measured in this epoch.
func (f *fit) trainMetrics() map[string]float64 {
	if f.pos.LossWeight == 0 {
		return nil
	}
	return map[string]float64{"train_loss": f.pos.LossSum / f.pos.LossWeight}
}

func (f *fit) withTrain(m map[string]float64) map[string]float64 {
	out := f.trainMetrics()
	if out == nil {
		out = map[string]float64{}
	}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// clip bounds the gradients and returns their norm before.
func (f *fit) clip() float64 {
	if f.GradientClipVal == 0 {
		return 0
	}
	f.opt.takeGradients()
	if f.GradientClipAlgorithm == "value" {
		optim.ClipValue(f.opt.params, f.GradientClipVal)
		return 0
	}
	return optim.ClipNorm(f.opt.params, f.GradientClipVal)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
