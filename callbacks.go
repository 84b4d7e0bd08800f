package thaw

import (
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/trainer"
	"github.com/thaw-go/thaw/tree"
)

// scheduling is what a configuration says about phases and checkpoints.
type scheduling struct {
	options phase.Options
	stop    *phase.EarlyStopping
	keep    *phase.Checkpoint
	// source is the schedule: a file's name, a mapping, or nil for the
	// generated one; scheduled tells that there are phases at all.
	source    *tree.Node
	preset    *preset
	scheduled bool
	genOnly   bool
	// withoutStopping tells that nobody asked for early stopping, and that the
	// schedule does without.
	withoutStopping bool
	// baseMaxLR is nil for the optimizer's own.
	baseMaxLR *float64
	notes     diag.List
	// averaging is the callback that asks for averaged weights, as read; nil:
	// none does.
	averaging *averaging
	// rates says how learning rates are logged.
	rates trainer.LRMonitor
	// places of what a linter looks at.
	places phase.Places
}

// readScheduling understands the callbacks of a run.
func readScheduling(c config.Run) (scheduling, error) {
	s := scheduling{options: phase.DefaultOptions(), baseMaxLR: Ptr(schedule.DefaultBaseMaxLR)}
	var cb phase.Callbacks
	for _, comp := range append(append([]config.Component{}, c.Callbacks...), c.Trainer.Callbacks...) {
		class, options, err := config.ReadCallback(comp)
		if err != nil {
			return s, err
		}
		switch o := options.(type) {
		case *config.FinetuningScheduler:
			cb.Scheduled = true
			s.places.MaxDepth = placeOf(comp, "max_depth")
			s.places.FrozenBatchNorm = placeOf(comp, "frozen_bn_track_running_stats")
			if err := s.readFTS(o, &cb); err != nil {
				return s, err
			}
		case *config.EarlyStopping:
			s.places.EarlyStopping = placeOf(comp, "monitor")
			cb.EarlyStopping = append(cb.EarlyStopping, phase.EarlyStoppingCallback{Class: class, EarlyStopping: earlyStopping(o)})
		case *config.WeightAveraging, *config.EMAWeightAveraging, *config.StochasticWeightAveraging:
			if s.averaging != nil {
				return s, comp.Node.Errorf("keep one of the two", "weights are averaged by %s already", s.averaging.class)
			}
			s.averaging = &averaging{class, comp, options}
		case *config.LearningRateMonitor:
			s.rates = trainer.LRMonitor{Interval: lrsched.Interval(o.LoggingInterval), Momentum: o.LogMomentum, WeightDecay: o.LogWeightDecay}
		case *config.Checkpoint:
			s.places.Checkpoint = placeOf(comp, "monitor")
			cb.Checkpoint = append(cb.Checkpoint, phase.CheckpointCallback{Class: class, Checkpoint: checkpoints(o)})
		}
	}
	if n := c.Schedule; n != nil && n.Kind != tree.Null {
		if s.source != nil || s.preset != nil {
			return s, n.Errorf("keep one of the two", "the schedule is given here and as ft_schedule of FinetuningScheduler")
		}
		// A schedule written for thaw keeps frozen BatchNorm still.
		if s.options.FrozenBatchNorm == phase.BatchNormStatsOnly {
			s.options.FrozenBatchNorm = phase.BatchNormEval
		}
		if err := s.setSource(n, &cb); err != nil {
			return s, err
		}
		cb.Scheduled = true
	}
	if c.NoDecay != nil {
		s.options.NoDecay = c.NoDecay
	}
	s.scheduled = cb.Scheduled
	var err error
	s.stop, s.keep, s.notes, err = cb.Complete(s.options.EpochTransitionsOnly || s.withoutStopping)
	return s, err
}

// setSource takes a schedule, or the preset that stands for one.
func (s *scheduling) setSource(n *tree.Node, cb *phase.Callbacks) error {
	p, err := readPreset(n)
	if err != nil {
		return err
	}
	if p == nil {
		s.source = n
		return nil
	}
	s.preset = p
	if p.TrainBN {
		s.options.FrozenBatchNorm = phase.BatchNormTrain
	}
	if p.byEpoch() && !cb.Scheduled {
		s.options.RestoreBest = false
		s.withoutStopping = len(cb.EarlyStopping) == 0
	}
	return nil
}

// placeOf is where a callback sets a key, or where the callback stands.
func placeOf(c config.Component, key string) schedule.Place {
	n := c.Node
	if k := c.ArgsNode.Field(key); k != nil {
		n = k
	}
	if n == nil {
		return schedule.Place{}
	}
	return schedule.Place{Pos: n.Pos, Line: n.Src.Line(n.Pos.Line)}
}

// earlyStopping is the machine's part of the options.
func earlyStopping(o *config.EarlyStopping) phase.EarlyStopping {
	return phase.EarlyStopping{
		Monitor: o.Monitor, MinDelta: o.MinDelta, Patience: o.Patience, Mode: o.Mode, Strict: o.Strict, CheckFinite: o.CheckFinite,
		StoppingThreshold: o.StoppingThreshold, DivergenceThreshold: o.DivergenceThreshold, CheckOnTrainEpochEnd: o.CheckOnTrainEpochEnd,
	}
}

// checkpoints is the machine's part of the options.
func checkpoints(o *config.Checkpoint) phase.Checkpoint {
	return phase.Checkpoint{
		Monitor: o.Monitor, Mode: o.Mode, SaveTopK: o.SaveTopK, SaveLast: o.SaveLast, Filename: o.Filename,
		EveryNEpochs: o.EveryNEpochs, EveryNTrainSteps: o.EveryNTrainSteps, SaveOnTrainEpochEnd: o.SaveOnTrainEpochEnd, Dir: o.Dir,
	}
}

// readFTS understands FinetuningScheduler's arguments.
func (s *scheduling) readFTS(a *config.FinetuningScheduler, cb *phase.Callbacks) error {
	o := &s.options
	o.MaxDepth, o.RestoreBest, o.EpochTransitionsOnly = a.MaxDepth, a.RestoreBest, a.EpochTransitionsOnly
	o.AllowUntested, o.ApplyLambdasNewPGs, o.EnforcePhase0Params = a.AllowUntested, a.ApplyLambdasNewPGs, a.EnforcePhase0
	o.NoDecay, s.genOnly, o.FrozenBatchNorm = a.NoDecay, a.GenOnly, phase.BatchNorm(a.FrozenBatchNorm)
	s.baseMaxLR = a.BaseMaxLR
	if n := a.Schedule; n != nil && n.Kind != tree.Null {
		if err := s.setSource(n, cb); err != nil {
			return err
		}
	}
	if n := a.ReinitLR; n != nil && n.Kind != tree.Null {
		if s.source != nil {
			return n.Errorf("use new_lr_scheduler in the schedule's phases", "Specifying both `ft_schedule` and `reinit_lr_cfg` is an invalid configuration")
		}
		r, found := schedule.ParseReinit(n)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitLR = r
	}
	if n := a.ReinitOptimizer; n != nil && n.Kind != tree.Null {
		spec, found := schedule.ParseReinitOptimizer(n)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitOptimizer = spec
	}
	return nil
}
