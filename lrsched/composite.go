package lrsched

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Members are the schedulers that SequentialLR and ChainedScheduler are made
// of, built in order on the same groups.
type Members []Builder

// composite builders are made of others.
type composite interface{ members() []Builder }

// member is a running scheduler that can be part of another: what torch's
// composites call on their parts.
type member interface {
	Scheduler
	initialStep(t *Table) error
	restart(t *Table) error
	undo()
}

// toMembers reads a list of choices.
func (c *resolver) toMembers(v any) (Members, error) {
	if m, ok := v.(Members); ok {
		return m, nil
	}
	list, ok := toList(v)
	if !ok {
		return nil, fmt.Errorf("want a list of schedulers, got %s", show(v))
	}
	var out Members
	for i, x := range list {
		ch, err := ParseChoice(x)
		if err == nil && ch.Config != (Config{}) {
			err = errors.New("a scheduler within another has no config of its own")
		}
		if err != nil {
			return nil, fmt.Errorf("scheduler %d: %w", i, err)
		}
		r, _, err := c.resolve(ch)
		if err != nil {
			return nil, fmt.Errorf("scheduler %d: %w", i, err)
		}
		out = append(out, r.Builder)
	}
	return out, nil
}

// build makes the schedulers in order; horizon is the length of each part of a
// run of the given length.
func (m Members) build(s Site, horizon func(i, total int) int) ([]member, error) {
	if len(m) == 0 {
		return nil, errors.New("at least one scheduler is expected, but got none")
	}
	// A part starts anew, however far the whole has come.
	s.Resumed = 0
	out := make([]member, len(m))
	total := s.Horizon
	for i, b := range m {
		s.Horizon = horizon(i, total)
		sched, err := b.Build(s)
		if err != nil {
			return nil, fmt.Errorf("scheduler %d: %w", i, err)
		}
		part, ok := sched.(member)
		if _, metered := sched.(Metered); metered {
			return nil, fmt.Errorf("scheduler %d: %s cannot be part of another, since it is stepped with a metric", i, sched.Class())
		} else if !ok {
			return nil, fmt.Errorf("scheduler %d: %s cannot be part of another", i, sched.Class())
		}
		out[i] = part
	}
	return out, nil
}

// parts is what SequentialLR and ChainedScheduler have in common.
type parts struct {
	list []member
	Last Reals
}

// BaseLRs implements Scheduler: those of the first part.
func (p *parts) BaseLRs() []float64 { return p.list[0].BaseLRs() }

// LastLRs implements Scheduler.
func (p *parts) LastLRs() []float64 { return append([]float64(nil), p.Last...) }

// Extend implements Scheduler.
func (p *parts) Extend(t *Table, lrs []float64) error {
	for _, m := range p.list {
		if err := m.Extend(t, lrs); err != nil {
			return err
		}
	}
	return nil
}

// LastFactor implements Multiplier: the product of the parts' factors.
func (p *parts) LastFactor() (float64, error) {
	product := 1.0
	for _, m := range p.list {
		if f, ok := m.(Multiplier); ok {
			x, err := f.LastFactor()
			if err != nil {
				return 0, err
			}
			product *= x
		}
	}
	return product, nil
}

// undo is torch's recursive_undo, which takes one step back in every part and
// none in the whole.
func (p *parts) undo() {
	for _, m := range p.list {
		m.undo()
	}
}

// restart is what torch does not support: a composite as a later part of
// SequentialLR.
func (p *parts) restart(*Table) error {
	return errors.New("it cannot start at a milestone; make it the first scheduler")
}

// partsState is a composite's part of the state.
type partsState struct {
	Last       Reals             `json:"_last_lr"`
	Schedulers []json.RawMessage `json:"_schedulers"`
}

func (p *parts) state() partsState {
	s := partsState{Last: p.Last}
	for _, m := range p.list {
		s.Schedulers = append(s.Schedulers, m.State())
	}
	return s
}

func (p *parts) load(class string, s partsState) error {
	if len(s.Schedulers) != len(p.list) {
		return fmt.Errorf("%s: the state has %d schedulers, want %d", class, len(s.Schedulers), len(p.list))
	}
	for i, m := range p.list {
		if err := m.Load(s.Schedulers[i]); err != nil {
			return fmt.Errorf("%s: scheduler %d: %w", class, i, err)
		}
	}
	p.Last = s.Last
	return nil
}
