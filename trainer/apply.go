package trainer

import (
	"fmt"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/phase"
)

// send tells the machine what happened and obeys.
func (f *fit) send(ev phase.Event) error {
	d, err := f.decide(ev)
	if err != nil {
		return err
	}
	return f.apply(d)
}

// decide asks the machine and passes its remarks on.
func (f *fit) decide(ev phase.Event) (phase.Directive, error) {
	d, err := f.machine.Step(ev)
	if err != nil {
		return d, err
	}
	for _, n := range d.Notes {
		f.Sink.Emit(Remark(n))
	}
	return d, nil
}

// apply carries a directive out, in the order of its fields.
func (f *fit) apply(d phase.Directive) error {
	if d.Restore != nil {
		if err := f.restore(*d.Restore); err != nil {
			return fmt.Errorf("restoring %s for phase %d: %w", d.Restore.From.Name, d.Phase, err)
		}
	}
	if d.Optimizer != nil {
		if err := f.opt.replace(*d.Optimizer); err != nil {
			return fmt.Errorf("re-creating the optimizer for phase %d: %w", d.Phase, err)
		}
		f.remark(f.opt)
	}
	switch {
	case d.Regrouped:
		if err := f.regroup(d); err != nil {
			return err
		}
	case d.LRsChanged:
		f.opt.setRates(d.Groups)
	}
	for _, s := range d.Save {
		if err := f.save(s.Name, s.Best); err != nil {
			return err
		}
	}
	for _, r := range d.Drop {
		if err := f.saver.drop(r.Name); err != nil {
			return err
		}
	}
	if d.Stop != nil {
		f.halt(d.Stop)
	}
	return nil
}

// halt ends the fit, after the end of a running epoch.
func (f *fit) halt(s *phase.Stop) {
	switch f.pos.Stage {
	case atBatch, atTrainEnd, atValidation, atEpochEnd:
		f.ending = s
		f.pos.Stage = atEpochEnd
	default:
		f.stop = s
	}
}

// regroup thaws and freezes: the groups say what is trained.
func (f *fit) regroup(d phase.Directive) error {
	before := map[string]bool{}
	for name, p := range f.byName {
		before[name] = p.Tensor.RequiresGrad() && f.opened
		p.Tensor.SetRequiresGrad(false)
	}
	f.opened = true
	var thawed []string
	trainable, owners := 0, map[string]int{}
	for i, g := range d.Groups {
		for _, name := range g.Params {
			p, ok := f.byName[name]
			if !ok || p.Buffer {
				return fmt.Errorf("group %d trains %q, which is not a parameter of the model", i, name)
			}
			if j, taken := owners[name]; taken {
				return fmt.Errorf("%q is in groups %d and %d", name, j, i)
			}
			owners[name] = i
			p.Tensor.SetRequiresGrad(true)
			trainable += p.Tensor.Len()
			if !before[name] {
				thawed = append(thawed, name)
			}
		}
	}
	if err := f.opt.regroup(d.Groups); err != nil {
		return fmt.Errorf("grouping the parameters of phase %d: %w", d.Phase, err)
	}
	FreezeBatchNorm(f.task.Network().Params(), d.FrozenBatchNorm)
	f.guard = newGuard(f.params)
	e := event.PhaseStarted{
		Phase: d.Phase, Phases: f.machine.MaxDepth() + 1, Epoch: f.pos.Epoch, Step: f.pos.Step,
		Thawed: thawed, Trainable: trainable, Total: f.total(),
	}
	if d.Transition != nil {
		e.Reason = d.Transition.Reason
	}
	if d.Restore != nil {
		e.Restored = d.Restore.From.Name
	}
	for _, g := range d.Groups {
		e.Groups = append(e.Groups, event.Group{Phase: g.Phase, Tensors: len(g.Params), LR: g.LR})
	}
	net := f.task.Network()
	if i := net.Frontier(); i < net.Len() {
		e.Frontier = net.Blocks()[i].Name
	}
	f.Sink.Emit(e)
	return nil
}

// total counts the elements of all parameters, buffers left out.
func (f *fit) total() int {
	n := 0
	for _, p := range f.params {
		if !p.Buffer && p.Info.SharedWith == "" {
			n += p.Tensor.Len()
		}
	}
	return n
}

// FreezeBatchNorm says how the batch norms behave whose weight and bias are
// frozen.
func FreezeBatchNorm(ps *nn.Params, how phase.BatchNorm) {
	for _, b := range ps.BatchNorms() {
		s := nn.Tracked
		if how == phase.BatchNormEval && b.Weight != nil && !b.Weight.Tensor.RequiresGrad() {
			s = nn.Stored
		}
		b.SetStatistics(s)
	}
}

// Remark is a finding as an event: a note, or a warning.
func Remark(n diag.Finding) event.Event {
	if n.Severity == diag.Note {
		return event.Note{Text: n.Error()}
	}
	return event.Warning{Text: n.Error()}
}
