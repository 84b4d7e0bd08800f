package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/task"
)

// Sweep is a search for a learning rate: each training step takes a higher one,
// and the loss says which still trains (Smith, Cyclical Learning Rates for
// Training Neural Networks, 2017; Lightning's Tuner.lr_find).
type Sweep struct {
	// From and To are the first and the last learning rate.
	From, To float64
	// Steps is the number of optimizer steps, at least 2.
	Steps int
	// Linear raises the learning rate by equal differences, not equal factors.
	Linear bool
	// Divergence ends the sweep where the smoothed loss is that many times the
	// least one; 0: never.
	Divergence float64
	// Phase is the one whose groups are searched for.
	Phase int
	// Together gives all groups the same rate in one sweep. Otherwise each group
	// has a sweep of its own, in which the others stay.
	Together bool
}

// DefaultSweep is Lightning's.
func DefaultSweep() Sweep { return Sweep{From: 1e-8, To: 1, Steps: 100, Divergence: 4} }

func (s Sweep) check() error {
	switch {
	case !(s.From > 0 && s.To > s.From) || math.IsInf(s.To, 0):
		return fmt.Errorf("a sweep goes from a positive learning rate to a higher one, not from %v to %v", s.From, s.To)
	case s.Steps < 2:
		return fmt.Errorf("a sweep takes at least 2 steps, not %d", s.Steps)
	case s.Divergence != 0 && !(s.Divergence > 1):
		return fmt.Errorf("a sweep diverges at a multiple of the least loss above 1, not at %v", s.Divergence)
	}
	return nil
}

// rate is that of step i.
func (s Sweep) rate(i int) float64 {
	r := float64(i) / float64(s.Steps-1)
	if s.Linear {
		return s.From + (s.To-s.From)*r
	}
	return s.From * math.Pow(s.To/s.From, r)
}

// Curve is what a sweep found.
type Curve struct {
	// Group is the group's number and Params how many tensors it has; Group is
	// -1 for all of them together.
	Group, Params int
	// Phase is the one that thawed the group.
	Phase  int
	Points []SweepPoint
	// Suggestion is the learning rate around which the loss fell most steeply
	// over the sweep's steps; 0 where it fell nowhere.
	Suggestion float64
	// Diverged tells that the sweep ended early.
	Diverged bool
}

// SweepPoint is a step of a sweep: the loss measured before it, and that
// smoothed exponentially by 0.98 and corrected for its start, as Lightning does.
type SweepPoint struct{ LR, Loss, Smoothed float64 }

const smoothing = 0.98

// FindLR sweeps learning rates on a copy of the state: the network and its
// running statistics are left as they were. The phases before Sweep.Phase are
// passed over without training.
func (tr *Trainer) FindLR(ctx context.Context, t task.Task, d Data, s Schedule, w Sweep) ([]Curve, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	s.Options.RestoreBest, s.Checkpoint = false, nil
	without := *tr
	without.cfg.Dir, without.cfg.Averaging = "", nil
	f, err := without.prepare(t, d, s)
	if err != nil {
		return nil, err
	}
	defer f.tape.Close()
	if err := f.start(); err != nil {
		return nil, err
	}
	groups, err := f.advance(w.Phase)
	if err != nil {
		return nil, err
	}
	if w.Together {
		c, err := f.sweep(ctx, w, groups, -1)
		return []Curve{c}, err
	}
	var all []Curve
	for i := range groups {
		c, err := f.sweep(ctx, w, groups, i)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

// advance passes over phases, which change by epoch, and gives the groups of
// the one that is wanted.
func (f *fit) advance(to int) ([]phase.Group, error) {
	silent := f.Sink
	f.Sink = event.Sinks(nil)
	defer func() { f.Sink = silent }()
	var groups []phase.Group
	send := func(ev phase.Event) error {
		d, err := f.decide(ev)
		if err != nil {
			return err
		}
		groups = append([]phase.Group(nil), d.Groups...)
		d.Save, d.Drop = nil, nil
		return f.apply(d)
	}
	err := send(phase.FitStart{})
	for epoch := 0; err == nil; epoch++ {
		if err = send(phase.EpochStart{Epoch: epoch}); err != nil || f.machine.Phase() >= to {
			break
		}
		if f.stop != nil || epoch > to {
			return nil, fmt.Errorf("phase %d is never reached; the last one is %d", to, f.machine.Phase())
		}
		if err = send(phase.TrainEnd{}); err == nil {
			err = send(phase.EpochEnd{})
		}
	}
	return groups, err
}

// sweep trains by rising rates, a group or all of them, and takes everything
// back.
func (f *fit) sweep(ctx context.Context, w Sweep, groups []phase.Group, only int) (c Curve, err error) {
	c = Curve{Group: only, Phase: f.machine.Phase()}
	if only >= 0 {
		groups = groups[only : only+1]
		c.Phase = groups[0].Phase
	}
	for _, g := range groups {
		c.Params += len(g.Params)
	}
	before := newAverage(&Averaging{}, f.params)
	before.take()
	defer func() { err = errors.Join(err, before.swap()) }()
	if err := f.opt.replace(f.machine.Optimizer()); err != nil {
		return c, err
	}
	if err := f.opt.regroup(groups); err != nil {
		return c, err
	}
	smoothed, least := 0.0, math.Inf(1)
	err = f.sweepSteps(ctx, w.Steps, func(i int) {
		for g := range groups {
			f.opt.SetRate(g, w.rate(i))
		}
	}, func(i int, loss float64) bool {
		smoothed = smoothing*smoothed + (1-smoothing)*loss
		p := SweepPoint{LR: w.rate(i), Loss: loss, Smoothed: smoothed / (1 - math.Pow(smoothing, float64(i+1)))}
		f.Sink.Emit(event.Progress{What: "learning rates", Batch: i + 1, Batches: w.Steps})
		if notFinite(loss) || w.Divergence > 0 && i > 0 && p.Smoothed > w.Divergence*least {
			c.Diverged = true
			return false
		}
		c.Points = append(c.Points, p)
		least = min(least, p.Smoothed)
		return true
	})
	c.Suggestion = steepest(c.Points)
	return c, err
}

// sweepSteps takes optimizer steps until there are enough or measured says no.
func (f *fit) sweepSteps(ctx context.Context, steps int, before func(i int), measured func(i int, loss float64) bool) error {
	f.tape.SetTraining(true)
	for i, epoch := 0, 0; i < steps; epoch++ {
		f.tape.SetRandom(f.Seed, uint64(epoch))
		f.zeroGrad()
		for b, err := range f.data.Train.Epoch(ctx, epoch, 0) {
			if err != nil {
				return err
			}
			if b.Index >= f.rhythm.batches || i >= steps {
				b.Release()
				break
			}
			stepped := f.rhythm.steps(b.Index)
			if stepped {
				before(i)
			}
			loss, err := f.sweepBatch(b, stepped)
			b.Release()
			if err != nil {
				return err
			}
			if !stepped {
				continue
			}
			if !measured(i, loss) {
				return nil
			}
			i++
		}
	}
	return nil
}

// sweepBatch is a training batch that tells nobody. A loss that is not finite
// is no error here, and no step follows it.
func (f *fit) sweepBatch(b *data.Batch, steps bool) (float64, error) {
	evaluate := func() (float64, error) {
		loss, err := f.evaluate(b)
		if err == nil && steps {
			f.clip()
		}
		return loss, err
	}
	if f.opt.Evaluates() {
		loss, err := f.opt.search(func() (float64, error) {
			f.zeroGrad()
			return evaluate()
		})
		if notFinite(loss) {
			err = nil
		}
		return loss, err
	}
	loss, err := evaluate()
	if notFinite(loss) || err != nil || !steps {
		if notFinite(loss) {
			err = nil
		}
		return loss, err
	}
	err = f.opt.step()
	f.zeroGrad()
	return loss, err
}

// steepest is the rate around which the loss falls most: that in the middle of
// the steepest straight line through a fifth of the points (least squares). A
// smoothed loss would not do, for its first points follow the noise of single
// batches far more than its last ones.
func steepest(points []SweepPoint) float64 {
	half := max(len(points)/10, 2)
	best, lr := 0.0, 0.0
	for mid := half; mid+half < len(points); mid++ {
		slope := 0.0
		for k := -half; k <= half; k++ {
			slope += float64(k) * points[mid+k].Loss
		}
		if slope < best {
			best, lr = slope, points[mid].LR
		}
	}
	return lr
}
