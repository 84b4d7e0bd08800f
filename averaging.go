package thaw

import (
	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
	"github.com/thaw-go/thaw/tree"
)

// averaging is a callback that asks for averaged weights.
type averaging struct {
	class     string
	component config.Component
	options   any
}

// errorf is an error at one of the callback's options.
func (a *averaging) errorf(key, hint, format string, args ...any) error {
	n := a.component.Node
	if k := a.component.ArgsNode.Field(key); k != nil {
		n = k
	}
	return n.Errorf(hint, a.class+": "+format, args...)
}

// average understands the callback; Lightning's stochastic weight averaging has
// a say in the LR scheduler.
func (r *Run) average(opt *task.Optimization) error {
	a := r.scheduling.averaging
	if a == nil {
		return nil
	}
	switch o := a.options.(type) {
	case *config.WeightAveraging:
		r.averaging = &trainer.Averaging{How: optim.EqualAveraging(), Buffers: o.UseBuffers, EverySteps: 1, FromEpoch: -1}
	case *config.EMAWeightAveraging:
		how, err := optim.ExponentialAveraging(o.Decay)
		if err != nil {
			return a.errorf("decay", "write a share such as 0.999", "%v", err)
		}
		r.averaging = &trainer.Averaging{How: how, Buffers: o.UseBuffers, EverySteps: o.EveryNSteps, FromEpoch: -1}
		if o.StartAtStep != nil {
			r.averaging.FromStep = *o.StartAtStep
		}
		if o.StartAtEpoch != nil {
			r.averaging.FromEpoch = *o.StartAtEpoch
		}
		if o.EveryNSteps == 0 && o.StartAtEpoch == nil {
			return a.errorf("update_every_n_steps", "set update_every_n_steps or update_starting_at_epoch", "the weights would never be averaged")
		}
	case *config.StochasticWeightAveraging:
		return r.averageLast(a, o, opt)
	}
	return nil
}

// averageLast reads stochastic weight averaging: from an epoch on, SWALR takes
// the LR scheduler's place and the weights at the ends of epochs are averaged.
func (r *Run) averageLast(a *averaging, o *config.StochasticWeightAveraging, opt *task.Optimization) error {
	start := int(o.EpochStart.Value)
	if o.EpochStart.Fraction {
		if r.Config.Trainer.MaxEpochs < 0 {
			return a.errorf("swa_epoch_start", "write a number of epochs, or set trainer.max_epochs", "a share of max_epochs needs max_epochs")
		}
		start = int(float64(r.Config.Trainer.MaxEpochs) * o.EpochStart.Value)
	} else if start < 1 {
		return a.errorf("swa_epoch_start", "write a number from 1 on, or a share such as 0.8", "epoch %d is too early", start)
	} else {
		start-- // Lightning counts these epochs from 1
	}
	if o.LRs == nil || o.LRs.Kind == tree.Null {
		return a.errorf("swa_lrs", "add swa_lrs: 0.05, or a list with one for each group", "swa_lrs is missing")
	}
	swa, err := r.components.LRSchedulers.Resolve(lrsched.Named("swalr", lrsched.Args{
		"swa_lr": o.LRs.Value(), "anneal_epochs": o.AnnealingEpochs, "anneal_strategy": o.AnnealingStrategy,
	}))
	if err != nil {
		return a.errorf("swa_lrs", "", "%v", err)
	}
	before := lrsched.Builder(lrsched.ConstantLR{Factor: 1})
	if opt.LRScheduler != nil {
		given, err := r.components.LRSchedulers.Resolve(*opt.LRScheduler)
		if err != nil {
			return err
		}
		if given.Config.Interval != lrsched.ByEpoch || given.Config.Frequency != 1 || given.Config.Monitor != "" {
			return a.errorf("swa_lrs", "use an LR scheduler that steps once an epoch, or EMAWeightAveraging, which leaves learning rates alone",
				"%s does not step once an epoch, so SWALR cannot take over from it at one", given.Name)
		}
		before = given.Builder
	}
	sequence := lrsched.Use(
		lrsched.SequentialLR{Schedulers: lrsched.Members{before, swa.Builder}, Milestones: []int{start}},
		lrsched.Config{Interval: lrsched.ByEpoch},
	)
	opt.LRScheduler = &sequence
	r.averaging = &trainer.Averaging{How: optim.EqualAveraging(), FromEpoch: start, AtEnd: true}
	return nil
}
