package trainer

import (
	"fmt"

	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/lrsched"
)

// LRMonitor is the options of Lightning's callback LearningRateMonitor.
type LRMonitor struct {
	// Interval at which learning rates are logged: with each logged step, or at
	// the start of each epoch; empty: the one by which the LR scheduler steps.
	Interval lrsched.Interval
	// Momentum logs the groups' momentum, or first beta, WeightDecay their weight
	// decay.
	Momentum, WeightDecay bool
}

func (m LRMonitor) check() error {
	switch m.Interval {
	case "", lrsched.ByStep, lrsched.ByEpoch:
		return nil
	}
	return fmt.Errorf("learning rates are logged by step or by epoch, not by %q", string(m.Interval))
}

// rateLog keeps the names under which learning rates are logged.
type rateLog struct {
	base   string
	names  []string
	values map[string]float64
}

// named gives one name to each of n groups. The map of values starts anew with
// the names, so that a group that is gone is not reported.
func (r *rateLog) named(base string, n int) []string {
	if r.base == base && len(r.names) == n {
		return r.names
	}
	r.base, r.names, r.values = base, []string{base}, map[string]float64{}
	if n > 1 {
		r.names = make([]string, n)
		for i := range r.names {
			r.names[i] = fmt.Sprintf("%s/pg%d", base, i+1)
		}
	}
	return r.names
}

// logRates reports the learning rates where it is the interval's turn.
func (f *fit) logRates(interval lrsched.Interval) {
	_, config := f.machine.LRScheduler()
	due := f.LRMonitor.Interval
	if due == "" {
		due = config.Interval
	}
	if due == "" { // no scheduler: they change with phases, at the start of an epoch
		due = lrsched.ByEpoch
	}
	if interval != due {
		return
	}
	label := config.Name
	if label == "" {
		label = f.opt.Name()
	}
	groups := f.machine.Groups()
	for i, name := range f.rates.named("lr-"+label, len(groups)) {
		f.rates.values[name] = groups[i].LR
		if f.LRMonitor.Momentum {
			f.rates.values[name+"-momentum"] = groups[i].Momentum
		}
		if f.LRMonitor.WeightDecay {
			f.rates.values[name+"-weight_decay"] = groups[i].WeightDecay
		}
	}
	f.Sink.Emit(event.LRs{Epoch: f.pos.Epoch, Phase: f.machine.Phase(), Step: f.pos.Step, Values: f.rates.values})
}
