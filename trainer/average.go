package trainer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/thaw-go/thaw/checkpoint"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/optim"
)

// Averaging keeps averaged weights beside the trained ones
// (torch.optim.swa_utils.AveragedModel). They are what is validated and saved
// as WeightsFile, and what the fit leaves in the network; before the first are
// taken in, the trained ones are. Checkpoints hold both.
type Averaging struct {
	How optim.Averaging
	// Buffers averages buffers too, such as running statistics, instead of
	// copying the latest.
	Buffers bool
	// EverySteps takes the weights in after the steps, counted from 0, that are
	// multiples of it and not below FromStep; 0: after none.
	EverySteps, FromStep int
	// FromEpoch takes them in at the end of each epoch from this one on; -1: of
	// none.
	FromEpoch int
	// AtEnd leaves validation and checkpoints to the trained weights. When the
	// fit ends, a pass over the training data collects BatchNorm statistics for
	// the averages, which are then validated and saved as checkpoint AveragedName.
	AtEnd bool
}

// AveragedName is the checkpoint of weights that are averaged AtEnd.
const AveragedName = "averaged"

// Beside WeightsFile, which holds what is validated, stands one of these.
const (
	trainedFile = "trained.safetensors"
	averageFile = "average.safetensors"
)

func (a *Averaging) check() error {
	if a != nil && a.EverySteps <= 0 && a.FromEpoch < 0 {
		return fmt.Errorf("weight averaging would never take any weights in: set a number of steps or an epoch")
	}
	return nil
}

// average is the averaged weights of a fit.
type average struct {
	Averaging
	optim.Average
	params []*nn.Param
}

// newAverage is nil where nothing is averaged.
func newAverage(a *Averaging, params []*nn.Param) *average {
	if a == nil {
		return nil
	}
	v := &average{Averaging: *a, Average: optim.Average{How: a.How, Buffers: a.Buffers}}
	for _, p := range params {
		if p.SharedWith == "" {
			v.params = append(v.params, p)
		}
	}
	return v
}

// ready tells that there are averages.
func (a *average) ready() bool { return a != nil && a.N > 0 }

// stepped takes the weights in after a step, the n-th from 0.
func (a *average) stepped(n int) {
	if a != nil && a.EverySteps > 0 && n >= a.FromStep && n%a.EverySteps == 0 {
		a.take()
	}
}

// epochDone takes them in at the end of an epoch.
func (a *average) epochDone(epoch int) {
	if a != nil && a.FromEpoch >= 0 && epoch >= a.FromEpoch {
		a.take()
	}
}

func (a *average) take() { a.Update(a.tracked()) }

// tracked is the network's values.
func (a *average) tracked() []optim.Tracked {
	out := make([]optim.Tracked, len(a.params))
	for i, p := range a.params {
		out[i] = optim.Tracked{Name: p.Name, Buffer: p.Buffer}
		if p.Tensor.DType() == engine.I64 {
			out[i].Ints = p.Tensor.Int64s()
		} else {
			out[i].Value = slice(p.Tensor.Array())
		}
	}
	return out
}

// swap exchanges the averages and the network's values.
func (a *average) swap() error {
	for i, t := range a.tracked() {
		if t.Ints != nil {
			if err := a.params[i].Tensor.Set(a.Ints[t.Name]); err != nil {
				return fmt.Errorf("exchanging %s and its average: %w", t.Name, err)
			}
			a.Ints[t.Name] = t.Ints
			continue
		}
		exchange(t.Value.F32, a.Values[t.Name].F32)
		exchange(t.Value.F64, a.Values[t.Name].F64)
	}
	return nil
}

func exchange[T optim.Float](x, y []T) {
	for i := range x {
		x[i], y[i] = y[i], x[i]
	}
}

// swapped runs f while the averages, if there are any, are in the network.
func (a *average) swapped(f func() error) error {
	if !a.ready() {
		return f()
	}
	if err := a.swap(); err != nil {
		return err
	}
	if err := f(); err != nil {
		_ = a.swap()
		return err
	}
	return a.swap()
}

// validated is what validations and WeightsFile see.
func (a *average) validated(f func() error) error {
	if a != nil && a.AtEnd {
		return f()
	}
	return a.swapped(f)
}

// other names the file of the weights that WeightsFile does not hold, "" for
// none.
func (a *average) other() string {
	switch {
	case !a.ready():
		return ""
	case a.AtEnd:
		return averageFile
	}
	return trainedFile
}

// loadWeights reads a checkpoint's weights, and n averages of them.
func (f *fit) loadWeights(m checkpoint.Manifest, n int) error {
	has := func(name string) bool {
		return slices.ContainsFunc(m.Files, func(i checkpoint.FileInfo) bool { return i.Name == name })
	}
	if f.avg == nil {
		return f.loadFile(m, WeightsFile)
	}
	f.avg.Values, f.avg.Ints, f.avg.N = nil, nil, 0
	averages, trained := averageFile, WeightsFile
	switch {
	case has(trainedFile):
		averages, trained = WeightsFile, trainedFile
	case !has(averageFile):
		return f.loadFile(m, WeightsFile)
	}
	if err := f.loadFile(m, averages); err != nil {
		return err
	}
	f.avg.take()
	f.avg.N = n
	return f.loadFile(m, trained)
}

// finish leaves the averages in the network.
func (f *fit) finish(ctx context.Context) error {
	if !f.avg.ready() {
		return nil
	}
	if err := f.avg.swap(); err != nil || !f.avg.AtEnd {
		return err
	}
	if err := f.finishAverages(ctx); err != nil {
		_ = f.avg.swap()
		return err
	}
	return nil
}

// finishAverages collects statistics for the averages, validates and saves
// them.
func (f *fit) finishAverages(ctx context.Context) error {
	f.Sink.Emit(event.Note{Text: fmt.Sprintf("the fit leaves the mean of the weights after %d epochs", f.avg.N)})
	if err := f.collect(ctx); err != nil {
		return err
	}
	if f.data.Val != nil {
		m, secs, err := f.measure(ctx)
		if err != nil {
			return err
		}
		f.pos.Metrics = texts(m)
		f.Sink.Emit(event.Validated{Epoch: max(f.pos.Epoch-1, 0), Phase: f.machine.Phase(), Step: f.pos.Step, Metrics: m, Patience: -1, Seconds: secs})
		f.score = m[cmp.Or(f.monitor(), "val_loss")]
	}
	f.best = AveragedName
	f.avg.N = 0 // from now on they are the network's own weights
	return f.write(AveragedName, true)
}

// monitor is the metric that ranks checkpoints.
func (f *fit) monitor() string {
	if c := f.sched.Checkpoint; c != nil {
		return c.Monitor
	}
	return ""
}

// collect gathers BatchNorm statistics in a pass over the training data
// (torch.optim.swa_utils.update_bn), for layers that are not frozen.
func (f *fit) collect(ctx context.Context) error {
	collecting := false
	for _, b := range f.task.Network().Params().BatchNorms() {
		if b.Statistics() != nn.Tracked {
			continue
		}
		stop, err := b.Recollect()
		if err != nil {
			return err
		}
		defer stop()
		collecting = true
	}
	if !collecting {
		return nil
	}
	began := time.Now()
	f.tape.SetTraining(true)
	f.tape.SetRandom(f.Seed, uint64(f.pos.Epoch))
	for b, err := range f.data.Train.Epoch(ctx, f.pos.Epoch, 0) {
		if err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return err
		}
		if b.Index >= f.rhythm.batches {
			b.Release()
			break
		}
		err := f.tape.Do(func() {
			f.tape.NoGrad(func() { f.task.Step(f.tape, b) })
		})
		f.tape.Reset()
		if err != nil {
			b.Release()
			return fmt.Errorf("collecting statistics, batch %d: %w", b.Index, err)
		}
		f.Sink.Emit(event.Progress{What: "statistics", Batch: b.Index + 1, Batches: f.rhythm.batches})
		b.Release()
	}
	f.mark("collecting statistics", began)
	return nil
}
