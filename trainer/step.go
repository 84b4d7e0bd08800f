package trainer

import (
	"context"
	"fmt"
	"time"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
)

// batches trains from the position on, up to the next validation or the end of
// the epoch.
func (f *fit) batches(ctx context.Context) error {
	began := time.Now()
	defer func() { f.trained += time.Since(began) }()
	f.tape.SetTraining(true)
	f.tape.SetRandom(f.Seed, uint64(f.pos.Epoch))
	pending, waiting := f.accumulating(), time.Now()
	for b, err := range f.data.Train.Epoch(ctx, f.pos.Epoch, f.pos.Batch) {
		if err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return err
		}
		f.mark("waiting for data", waiting)
		i := b.Index
		if i >= f.rhythm.batches {
			b.Release()
			break
		}
		steps := f.rhythm.steps(i)
		if f.opt.Evaluates() {
			err = f.search(b)
		} else {
			err = f.batch(b, steps)
		}
		b.Release()
		if err != nil {
			return err
		}
		pending = !steps
		if f.ending != nil || f.stop != nil {
			return nil // halt has set the stage
		}
		if i+1 < f.rhythm.batches && f.rhythm.validates(f.pos.Epoch, i) && f.data.Val != nil {
			f.pos.Stage = atValidation
			return nil
		}
		// A position within accumulated gradients cannot be saved.
		if steps && ctx.Err() != nil {
			return errInterrupted
		}
		waiting = time.Now()
	}
	if pending { // the batches that would have completed the step were skipped
		if err := f.step(f.rhythm.batches-1, f.pos.LossSum/f.pos.LossWeight); err != nil {
			return err
		}
	}
	if f.ending == nil && f.stop == nil {
		f.pos.Batch, f.pos.Stage = f.rhythm.batches, atTrainEnd
	}
	return nil
}

// batch adds to the gradients and, where that completes them, takes a step.
func (f *fit) batch(b *data.Batch, steps bool) error {
	began := time.Now()
	loss, err := f.evaluate(b)
	if err != nil {
		return err
	}
	f.count(b, loss, began)
	if !steps {
		return nil
	}
	return f.step(b.Index, loss)
}

// evaluate runs forward and backward and adds to the gradients.
func (f *fit) evaluate(b *data.Batch) (loss float64, err error) {
	err = f.tape.Do(func() {
		out := f.task.Step(f.tape, b)
		loss = out.Loss.Item()
		if notFinite(loss) {
			return
		}
		total := out.Loss
		if f.AccumulateGradBatches > 1 {
			total = f.tape.Scale(total, 1/float64(f.AccumulateGradBatches), 0)
		}
		f.tape.Backward(total, nil)
	})
	f.tape.Reset()
	if err != nil {
		return loss, fmt.Errorf("batch %d: %w", b.Index, err)
	}
	if notFinite(loss) {
		return loss, fmt.Errorf("batch %d: the training loss is %v\n    hint: lower the learning rate, clip the gradients (gradient_clip_val: 1.0), or look at the batch's samples %v",
			b.Index, loss, few(b.Indices))
	}
	return loss, nil
}

// count moves the position behind a batch.
func (f *fit) count(b *data.Batch, loss float64, began time.Time) {
	f.pos.Batch = b.Index + 1
	f.pos.LossSum += loss * float64(b.Size)
	f.pos.LossWeight += float64(b.Size)
	f.pos.Skipped += b.Skipped
	f.pace.add(b.Size, time.Since(began))
}

// mark counts work that is no kernel in the profile.
func (f *fit) mark(what string, since time.Time) {
	if f.Profile != nil {
		f.Profile.Mark(what, since, time.Since(since))
	}
}

// few shortens a list of samples for a message.
func few(ids []int) string {
	if len(ids) > 8 {
		return fmt.Sprintf("%v … %d in all", ids[:8], len(ids))
	}
	return fmt.Sprint(ids)
}

// step applies the gradients.
func (f *fit) step(batch int, loss float64) error {
	f.guard.beforeStep(f)
	norm := f.clip()
	stepping := time.Now()
	if err := f.opt.step(); err != nil {
		return fmt.Errorf("batch %d: %w", batch, err)
	}
	f.mark("optimizer step", stepping)
	return f.stepped(batch, loss, norm)
}

// search lets an optimizer that evaluates the model itself take its step on a
// batch. Each evaluation clips its gradients, as in Lightning.
func (f *fit) search(b *data.Batch) error {
	began, evaluations, norm := time.Now(), 0, 0.0
	loss, err := f.opt.search(func() (float64, error) {
		f.zeroGrad()
		loss, err := f.evaluate(b)
		if err != nil {
			return loss, err
		}
		if evaluations++; evaluations > 1 {
			f.clip()
			return loss, nil
		}
		f.guard.beforeStep(f)
		norm = f.clip()
		return loss, nil
	})
	if err != nil {
		return err
	}
	f.count(b, loss, began)
	return f.stepped(b.Index, loss, norm)
}

func (f *fit) zeroGrad() {
	for _, p := range f.params {
		p.Tensor.ZeroGrad()
	}
}

// stepped tells the machine and the world.
func (f *fit) stepped(batch int, loss, norm float64) error {
	f.zeroGrad()
	if err := f.guard.afterStep(); err != nil {
		return err
	}
	f.avg.stepped(f.pos.Step)
	f.pos.Step++
	logged := f.LogEveryNSteps > 0 && f.pos.Step%f.LogEveryNSteps == 0
	f.Sink.Emit(event.StepDone{
		Epoch: f.pos.Epoch, Phase: f.machine.Phase(), Step: f.pos.Step, Batch: batch, Batches: f.rhythm.batches,
		Loss: loss, GradNorm: norm, LRs: f.opt.rates, SamplesPerSecond: f.pace.perSecond(),
		Log: logged,
	})
	if logged {
		f.logRates(lrsched.ByStep)
	}
	if err := f.send(phase.StepEnd{Batch: batch, Metrics: map[string]float64{"train_loss": loss}}); err != nil {
		return err
	}
	switch {
	case f.MaxSteps >= 0 && f.pos.Step >= f.MaxSteps:
		f.halt(&phase.Stop{Cause: "max-steps", Reason: fmt.Sprintf("max_steps of %d reached", f.MaxSteps)})
	case f.MaxTime > 0 && f.time() >= f.MaxTime.Seconds():
		f.halt(&phase.Stop{Cause: "max-time", Reason: fmt.Sprintf("max_time of %v reached", f.MaxTime)})
	}
	return nil
}

// pace is the speed of training over the latest batches.
type pace struct{ samples, seconds float64 }

// add counts a batch; older ones fade.
func (p *pace) add(samples int, d time.Duration) {
	const fade = 0.95
	p.samples = p.samples*fade + float64(samples)
	p.seconds = p.seconds*fade + d.Seconds()
}

func (p *pace) perSecond() float64 {
	if p.seconds == 0 {
		return 0
	}
	return p.samples / p.seconds
}
