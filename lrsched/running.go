package lrsched

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// errZero is Python's ZeroDivisionError, which the formulas must not turn into
// an infinite LR.
var errZero = errors.New("division by zero")

// base is the state that torch's LRScheduler keeps for every class.
type base struct {
	BaseLR Reals `json:"base_lrs"`
	Epoch  int   `json:"last_epoch"`
	Count  int   `json:"_step_count"`
	Last   Reals `json:"_last_lr"`
	// initial is true during the step that building makes.
	initial bool
}

// LastEpoch implements Scheduler.
func (b *base) LastEpoch() int { return b.Epoch }

// BaseLRs implements Scheduler.
func (b *base) BaseLRs() []float64 { return slices.Clone(b.BaseLR) }

// LastLRs implements Scheduler.
func (b *base) LastLRs() []float64 { return slices.Clone(b.Last) }

// values are what a rule computed: one LR for each group, and one momentum
// unless the momentum is left alone.
type values struct{ lrs, momenta []float64 }

// rule is the arithmetic of one scheduler class: torch's get_lr. It must not
// change the table.
type rule interface {
	next(b *base, t *Table) (values, error)
}

// What a rule may have beside it.
type (
	// closed is torch's _get_closed_form_lr: the LRs at b.Epoch without recursion.
	closed interface {
		closed(b *base) ([]float64, error)
	}
	// advancer overrides how a step moves the time (CosineAnnealingWarmRestarts).
	advancer interface {
		advance(b *base, to *float64) error
	}
	// extender takes in groups that arrive later; base has them already.
	extender interface {
		extend(b *base, t *Table, lrs []float64) error
	}
	// loader brings the rule in line after its state was replaced.
	loader interface {
		loaded(b *base) error
	}
	// factorer is driven by factors, see Multiplier.
	factorer interface {
		lastFactor(epoch int) (float64, error)
	}
)

// running is a scheduler of torch's LRScheduler family: the shared stepping
// around one rule.
type running struct {
	class string
	base
	rule rule
}

// start is torch's LRScheduler.__init__: it records the groups' initial LRs and
// makes the initial step.
func start(s Site, class string, r rule) (*running, error) {
	run := &running{class: class, rule: r}
	if err := storable(r); err != nil {
		return nil, err
	}
	for i := range s.Table.Groups {
		g := &s.Table.Groups[i]
		if !g.InitialLR.Set {
			if s.Resumed > 0 {
				return nil, fmt.Errorf("group %d has no initial_lr, so it cannot be resumed", i)
			}
			g.InitialLR = At(g.LR)
		}
		run.BaseLR = append(run.BaseLR, g.InitialLR.Value)
	}
	run.Epoch = s.Resumed - 1
	if err := run.initialStep(s.Table); err != nil {
		return nil, err
	}
	return run, nil
}

// Class implements Scheduler.
func (r *running) Class() string { return r.class }

// Step implements Scheduler.
func (r *running) Step(t *Table) error { return named(r.class, r.step(t, nil)) }

// StepTo implements Seeker.
func (r *running) StepTo(t *Table, epoch float64) error { return named(r.class, r.step(t, &epoch)) }

// named says whose error it is.
func named(class string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", class, err)
	}
	return nil
}

// initialStep is torch's LRScheduler._initial_step.
func (r *running) initialStep(t *Table) error {
	r.Count, r.initial = 0, true
	defer func() { r.initial = false }()
	return r.step(t, nil)
}

// restart is torch's LRScheduler._update_lr(0), by which SequentialLR switches.
func (r *running) restart(t *Table) error {
	zero := 0.0
	return r.update(t, &zero)
}

// undo is one step of torch's SequentialLR.recursive_undo.
func (r *running) undo() { r.Epoch-- }

func (r *running) step(t *Table, to *float64) error {
	if a, ok := r.rule.(advancer); ok {
		if err := a.advance(&r.base, to); err != nil {
			return err
		}
		v, err := r.rule.next(&r.base, t)
		return r.apply(t, v, err)
	}
	r.Count++
	return r.update(t, to)
}

func (r *running) update(t *Table, to *float64) error {
	if to == nil {
		r.Epoch++
		v, err := r.rule.next(&r.base, t)
		return r.apply(t, v, err)
	}
	if *to != math.Trunc(*to) || math.Abs(*to) > 1<<53 {
		return fmt.Errorf("step to epoch %v: want a whole number", *to)
	}
	r.Epoch = int(*to)
	if c, ok := r.rule.(closed); ok {
		lrs, err := c.closed(&r.base)
		return r.apply(t, values{lrs: lrs}, err)
	}
	v, err := r.rule.next(&r.base, t)
	return r.apply(t, v, err)
}

// apply writes what a rule computed into the table.
func (r *running) apply(t *Table, v values, err error) error {
	if err == nil && len(v.lrs) != len(t.Groups) {
		err = mismatch(len(v.lrs), t)
	}
	if err != nil {
		return fmt.Errorf("epoch %d: %w", r.Epoch, err)
	}
	for i := range t.Groups {
		t.Groups[i].LR = v.lrs[i]
		if v.momenta != nil {
			t.Groups[i].Momentum = v.momenta[i]
		}
	}
	r.Last = v.lrs
	return nil
}

// mismatch is torch's zip error: the table has grown and nobody said so.
func mismatch(known int, t *Table) error {
	return fmt.Errorf("it schedules %d groups, the optimizer has %d: a group was added without telling the scheduler", known, len(t.Groups))
}

// Extend implements Scheduler.
func (r *running) Extend(t *Table, lrs []float64) error {
	if len(r.BaseLR)+len(lrs) != len(t.Groups) {
		return fmt.Errorf("%s: %d groups and %d new ones make not the %d of the optimizer", r.class, len(r.BaseLR), len(lrs), len(t.Groups))
	}
	if len(r.BaseLR) == 0 {
		return fmt.Errorf("%s: there is no first group that %d late groups could take after", r.class, len(lrs))
	}
	r.BaseLR = append(slices.Clone(r.BaseLR), lrs...)
	if e, ok := r.rule.(extender); ok {
		if err := e.extend(&r.base, t, lrs); err != nil {
			return fmt.Errorf("%s: %w", r.class, err)
		}
	}
	return nil
}

// LastFactor implements Multiplier for the schedulers that are driven by
// factors; for the others it is 1.
func (r *running) LastFactor() (float64, error) {
	if f, ok := r.rule.(factorer); ok {
		return f.lastFactor(r.Epoch)
	}
	return 1, nil
}

// current leaves every LR as it stands.
func current(t *Table) values { return values{lrs: t.LRs()} }

// scaled multiplies every current LR by f.
func scaled(t *Table, f float64) values {
	v := current(t)
	for i := range v.lrs {
		v.lrs[i] *= f
	}
	return v
}

// ofBase computes each group's LR from its base LR.
func ofBase(b *base, f func(lr float64) float64) []float64 {
	lrs := make([]float64, len(b.BaseLR))
	for i, lr := range b.BaseLR {
		lrs[i] = f(lr)
	}
	return lrs
}
