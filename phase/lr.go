package phase

import (
	"fmt"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/schedule"
)

// directed is the choice that a directive states.
func directed(s schedule.LRScheduler) lrsched.Choice {
	return lrsched.Named(s.Spec.Name, s.Spec.Args, lrsched.Config{
		Interval: lrsched.Interval(s.Interval), Frequency: s.Frequency,
		Monitor: s.Monitor, Lenient: s.Lenient, Name: s.Name,
	})
}

// reinit is the directive that replaces the LR scheduler when phase i begins.
func (c *Config) reinit(i int) *schedule.Reinit {
	if i == 0 {
		return nil
	}
	if c.ReinitLR != nil {
		return c.ReinitLR
	}
	return c.Plan.Phase(i).NewLRScheduler
}

// choice names the LR scheduler that phase i makes; phase 0 has the fit's own.
func (c *Config) choice(i int) (lrsched.Choice, bool) {
	if r := c.reinit(i); r != nil {
		return directed(r.LRScheduler), true
	}
	if i == 0 && c.LRScheduler != nil {
		return *c.LRScheduler, true
	}
	return lrsched.Choice{}, false
}

// resolve understands the LR scheduler that phase i makes.
func (c *Config) resolve(i int) (*lrsched.Resolved, error) {
	ch, ok := c.choice(i)
	if !ok {
		return nil, fmt.Errorf("phase %d no longer makes the LR scheduler that the state uses", i)
	}
	if c.LRSchedulers == nil {
		return nil, fmt.Errorf("phase %d: no LR schedulers to choose from", i)
	}
	return c.LRSchedulers.Resolve(ch)
}

// fill copies the groups into the table that schedulers see.
func fill(t *lrsched.Table, gs []Group, o optimizer) {
	t.DefaultLR, t.Momentum = o.lr, o.kind
	t.Groups = t.Groups[:0]
	for _, g := range gs {
		t.Groups = append(t.Groups, g.Group)
	}
}

// drain copies what a scheduler wrote back into the groups and tells whether
// anything changed.
func drain(t *lrsched.Table, gs []Group) bool {
	changed := false
	for i := range gs {
		changed = changed || gs[i].LR != t.Groups[i].LR || gs[i].Momentum != t.Groups[i].Momentum
		gs[i].Group = t.Groups[i]
	}
	return changed
}

// construct builds the LR scheduler that phase i makes at the groups: their
// initial learning rates are its base, and it makes its initial step.
func (m *Machine) construct(i int, gs []Group, note func(string)) (lrsched.Scheduler, lrsched.Config, error) {
	r, err := m.cfg.resolve(i)
	if err != nil {
		return nil, lrsched.Config{}, err
	}
	fill(&m.table, gs, m.opt)
	s, err := r.Build(&m.table, m.budget(i, m.st.Epoch), note)
	if err != nil {
		return nil, r.Config, err
	}
	drain(&m.table, gs)
	return s, r.Config, nil
}

// schedule puts the LR scheduler that phase i makes in force.
func (m *Machine) schedule(i int) error {
	s, cfg, err := m.construct(i, m.st.Groups, nil)
	if err != nil {
		return fmt.Errorf("LR scheduler of phase %d: %w", i, err)
	}
	m.sched, m.schedCfg, m.made = s, cfg, maker{i, m.st.Epoch}
	return nil
}

// former is an LR scheduler as it was saved; the learning rates are the
// table's and do not change.
func (m *Machine) former(st scheduler, gs []Group) (lrsched.Scheduler, lrsched.Config, error) {
	r, err := m.cfg.resolve(st.From)
	if err != nil {
		return nil, lrsched.Config{}, err
	}
	fill(&m.table, gs, m.opt)
	s, err := r.Restore(&m.table, m.budget(st.From, st.Epoch), st.State)
	if err != nil {
		return nil, lrsched.Config{}, fmt.Errorf("LR scheduler of phase %d: %w", st.From, err)
	}
	return s, r.Config, nil
}

// load puts an LR scheduler in force that was saved.
func (m *Machine) load(st scheduler) (err error) {
	m.sched, m.schedCfg, err = m.former(st, m.st.Groups)
	m.made = st.maker
	return err
}

// budget is how long a scheduler made by phase i in an epoch will run: until
// the phase that replaces it begins, if that is bound to an epoch, or the fit
// ends.
func (m *Machine) budget(i, epoch int) lrsched.Budget {
	epoch = max(epoch, 0)
	t := lrsched.Training{Batches: -1, MaxEpochs: -1, MaxSteps: -1}
	if end := m.replaced(i, epoch); end >= 0 {
		t.MaxEpochs = max(end-epoch, 0)
	}
	if steps := m.cfg.StepsPerEpoch; steps > 0 {
		t.Batches = steps
		if m.cfg.MaxSteps > 0 {
			t.MaxSteps = max(m.cfg.MaxSteps-epoch*steps, 0)
		}
	}
	b, err := t.Budget()
	if err != nil {
		panic(err) // the bounds above are in range
	}
	return b
}

// replaced is the epoch at which the scheduler of phase i, made in an epoch, has
// run its course; -1 for no end.
func (m *Machine) replaced(i, epoch int) int {
	for k := i; k < m.cfg.depth(); k++ {
		limit := m.cfg.Plan.Phase(k).MaxTransitionEpoch
		if m.cfg.reinit(k+1) != nil && limit > epoch {
			return limit
		}
		if m.cfg.reinit(k+1) != nil {
			break // early stopping decides when
		}
	}
	return m.maxEpochs
}

// stepByStep steps the LR scheduler after an optimizer step.
func (m *Machine) stepByStep(batch int, d *Directive) error {
	if m.sched == nil || !m.schedCfg.DueAfterBatch(batch) {
		return nil
	}
	return m.stepLR(d)
}

// stepByEpoch steps the LR scheduler after the last batch of an epoch; one that
// needs a metric waits for the end of the epoch.
func (m *Machine) stepByEpoch(d *Directive) error {
	if _, metered := m.sched.(lrsched.Metered); m.sched == nil || metered || !m.schedCfg.DueAfterEpoch(m.st.Epoch) {
		return nil
	}
	return m.stepLR(d)
}

// stepPlateau steps an LR scheduler that needs a metric, at the end of an epoch.
func (m *Machine) stepPlateau(d *Directive) error {
	if _, metered := m.sched.(lrsched.Metered); !metered || !m.schedCfg.DueAfterEpoch(m.st.Epoch) {
		return nil
	}
	return m.stepLR(d)
}

// stepLR steps the LR scheduler.
func (m *Machine) stepLR(d *Directive) error {
	fill(&m.table, m.st.Groups, m.opt)
	if s, ok := m.sched.(lrsched.Metered); ok {
		value, ok := m.st.Metrics[m.schedCfg.Monitor]
		if !ok {
			missing := m.unlogged(m.sched.Class(), m.schedCfg.Monitor)
			if !m.schedCfg.Lenient {
				return missing
			}
			missing.Severity = diag.Warning
			d.Notes = append(d.Notes, missing)
			return nil
		}
		if err := s.StepMetric(&m.table, float64(value)); err != nil {
			return err
		}
	} else if err := m.sched.Step(&m.table); err != nil {
		return err
	}
	if drain(&m.table, m.st.Groups) {
		d.LRsChanged = true
	}
	return nil
}
