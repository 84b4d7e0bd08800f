package trainer

import (
	"context"
	"fmt"
	"time"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/metric"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/tensor"
)

// evaluation runs a task over a split without training it.
type evaluation struct {
	task  task.Task
	tape  *tensor.Tape
	sink  event.Sink
	what  string // "val" or "test", the prefix of its metrics
	limit Limit
}

// run gives <what>_loss and the task's metrics.
func (e evaluation) run(ctx context.Context, l *data.Loader) (map[string]float64, error) {
	var loss metric.Mean
	metrics := e.task.Metrics()
	total := e.limit.Apply(l.Batches())
	e.tape.SetTraining(false)
	for b, err := range l.Epoch(ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		if b.Index >= total {
			b.Release()
			break
		}
		err := e.tape.Do(func() {
			e.tape.NoGrad(func() {
				out := e.task.Step(e.tape, b)
				loss.Add(out.Loss.Item(), float64(b.Size))
				if out.Scores == nil {
					return
				}
				scores := out.Scores.Float64s()
				for _, m := range metrics {
					m.Update(scores, out.Targets)
				}
			})
		})
		e.tape.Reset()
		if err != nil {
			return nil, fmt.Errorf("%s batch %d: %w", e.what, b.Index, err)
		}
		e.sink.Emit(event.Progress{What: e.what, Batch: b.Index + 1, Batches: total})
		b.Release()
	}
	out := map[string]float64{e.what + "_loss": loss.Value()}
	for _, m := range metrics {
		out[e.what+"_"+m.Name] = m.Value()
	}
	return out, nil
}

// validate is the fit's validation.
func (f *fit) validate(ctx context.Context) (map[string]float64, float64, error) {
	var m map[string]float64
	var secs float64
	err := f.avg.validated(func() (err error) {
		m, secs, err = f.measure(ctx)
		return err
	})
	return m, secs, err
}

// measure validates the weights that are in the network.
func (f *fit) measure(ctx context.Context) (map[string]float64, float64, error) {
	began := time.Now()
	m, err := evaluation{f.task, f.tape, f.Sink, "val", f.LimitValBatches}.run(ctx, f.data.Val)
	if err != nil && ctx.Err() != nil {
		return nil, 0, errInterrupted
	}
	return m, time.Since(began).Seconds(), err
}

// Evaluate runs the task over a split; what ("val", "test") names its metrics.
func (tr *Trainer) Evaluate(ctx context.Context, t task.Task, l *data.Loader, what string) (map[string]float64, error) {
	tape := tensor.NewTape(tr.cfg.Engine)
	defer tape.Close()
	limit := tr.cfg.LimitTestBatches
	if what == "val" {
		limit = tr.cfg.LimitValBatches
	}
	return evaluation{t, tape, tr.cfg.Sink, what, limit}.run(ctx, l)
}

// Predict runs the task over a split and hands each batch's scores, [Size,
// classes] row by row, to yield, which ends the run by returning an error.
func (tr *Trainer) Predict(ctx context.Context, t task.Task, l *data.Loader, yield func(b *data.Batch, scores []float64) error) error {
	tape := tensor.NewTape(tr.cfg.Engine)
	defer tape.Close()
	total := tr.cfg.LimitPredictBatches.Apply(l.Batches())
	for b, err := range l.Epoch(ctx, 0, 0) {
		if err != nil {
			return err
		}
		if b.Index >= total {
			b.Release()
			return nil
		}
		var scores []float64
		err := tape.Do(func() {
			tape.NoGrad(func() { scores = t.Step(tape, b).Scores.Float64s() })
		})
		tape.Reset()
		if err == nil {
			err = yield(b, scores)
		}
		b.Release()
		if err != nil {
			return fmt.Errorf("predicting batch %d: %w", b.Index, err)
		}
	}
	return nil
}
