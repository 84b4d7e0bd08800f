package phase

import (
	"encoding/json"
	"fmt"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/registry"
)

// newOptimizer is the directive that replaces the optimizer when phase i
// begins.
func (c *Config) newOptimizer(i int) *registry.Spec {
	if i == 0 {
		return nil
	}
	if c.ReinitOptimizer != nil {
		return c.ReinitOptimizer
	}
	return c.Plan.Phase(i).NewOptimizer
}

// enter begins phase d:
//
//  1. the best checkpoint is restored: weights, optimizer state and the groups
//     as they were then;
//  2. the phases after it are entered again, so that every phase before d has
//     its groups;
//  3. learning rates and the LR scheduler go on from the latest values, not
//     from the checkpoint;
//  4. phase d's groups join the LR scheduler;
//  5. a new LR scheduler is made if phase d says so.
//
// A new optimizer takes the place of the restored one before step 2.
func (m *Machine) enter(d int, dir *Directive) error {
	before := m.st.Groups
	table, from, err := m.rollback(d, dir)
	if err != nil {
		return err
	}
	factor, err := m.formerFactor(from)
	if err != nil {
		return err
	}
	for i := from + 1; i < d; i++ {
		if table, factor, err = m.reenter(i, table, factor); err != nil {
			return err
		}
	}
	ratesOf(before).apply(table, dir.Optimizer == nil)
	m.st.Groups = table
	m.st.Phase = d
	if err := m.relayout(before, d); err != nil {
		return err
	}
	if err := m.extend(d, dir); err != nil {
		return err
	}
	if r := m.cfg.reinit(d); r != nil {
		prepare(m.st.Groups, r.InitPGLRs, r.UseCurrentLRs)
		if err := m.schedule(d); err != nil {
			return err
		}
	}
	m.st.Stopping.PhaseDone, m.st.Stopping.Wait = false, 0
	dir.Regrouped, dir.LRsChanged = true, true
	m.announce(d, dir)
	return nil
}

// rollback restores the best checkpoint and makes the new optimizer that phase
// d may ask for. It returns the table to go on with and the last phase that it
// covers.
func (m *Machine) rollback(d int, dir *Directive) ([]Group, int, error) {
	best := m.st.Keeping.Best
	running := m.opt.name
	spec := m.cfg.newOptimizer(d)
	if m.cfg.RestoreBest {
		if best != nil {
			dir.Restore = &Rollback{From: best.Ref, Optimizer: spec == nil && best.Optimizer == running}
		} else {
			dir.Notes = append(dir.Notes, diag.Finding{
				Severity: diag.Warning, Code: "nothing-to-restore",
				Message: fmt.Sprintf("phase %d begins before any checkpoint was saved: the weights stay as they are", d),
			})
		}
	}
	if spec != nil {
		o, err := m.cfg.describe(*spec)
		if err != nil {
			return nil, 0, fmt.Errorf("new optimizer of phase %d: %w", d, err)
		}
		m.opt, m.st.OptimizerFrom, dir.Optimizer = o, d, spec
		table := m.cfg.phaseGroups(o, 0, nil)
		for i := range table {
			table[i].InitialLR = lrsched.At(table[i].LR)
		}
		return table, 0, nil
	}
	if dir.Restore != nil && dir.Restore.Optimizer && len(best.Groups) <= len(m.st.Groups) &&
		sameLayout(best.Groups, m.st.Groups[:len(best.Groups)]) {
		return clone(best.Groups), min(best.Phase, d-1), nil
	}
	return clone(m.st.Groups), d - 1, nil
}

// reenter adds a phase between the restored checkpoint and the new phase to the
// table. Its LR scheduler lives only until the next directive; what stays are
// the learning rates that the directive gives to groups.
func (m *Machine) reenter(i int, table []Group, factor float64) ([]Group, float64, error) {
	gs := m.cfg.phaseGroups(m.opt, i, table)
	m.scale(gs, factor)
	table = append(table, gs...)
	r := m.cfg.reinit(i)
	if r == nil {
		return table, factor, nil
	}
	prepare(table, r.InitPGLRs, r.UseCurrentLRs)
	s, _, err := m.construct(i, table, nil)
	if err != nil {
		return nil, 0, err
	}
	factor, err = lastFactor(s)
	return table, factor, err
}

// formerFactor is the last factor of the LR scheduler that the restored
// checkpoint holds; 1 where nothing was restored.
func (m *Machine) formerFactor(from int) (float64, error) {
	best := m.st.Keeping.Best
	if !m.cfg.ApplyLambdasNewPGs || m.sched == nil || from == m.st.Phase || best == nil || best.Scheduler == nil {
		return 1, nil
	}
	s, _, err := m.former(*best.Scheduler, best.Groups)
	if err != nil {
		return 0, fmt.Errorf("LR scheduler of checkpoint %s: %w", best.Name, err)
	}
	return lastFactor(s)
}

func lastFactor(s lrsched.Scheduler) (float64, error) {
	if f, ok := s.(lrsched.Multiplier); ok {
		return f.LastFactor()
	}
	return 1, nil
}

// scale lets new groups start at the last factor of the LR scheduler, if
// ApplyLambdasNewPGs asks for it.
func (m *Machine) scale(gs []Group, factor float64) {
	if !m.cfg.ApplyLambdasNewPGs {
		return
	}
	for i := range gs {
		gs[i].LR *= factor
		gs[i].InitialLR = lrsched.At(gs[i].LR)
	}
}

// extend adds phase d's groups to the table and to the running LR scheduler.
func (m *Machine) extend(d int, dir *Directive) error {
	gs := m.cfg.phaseGroups(m.opt, d, m.st.Groups)
	if len(gs) == 0 {
		dir.Notes = append(dir.Notes, diag.Finding{
			Severity: diag.Warning, Code: "empty-phase", Pos: m.cfg.Plan.Phase(d).Source.Key.Pos,
			Message: fmt.Sprintf("no thawed parameters passed by phase %d so no new optimizer groups will be added", d),
		})
		return nil
	}
	lrs := make([]float64, len(gs))
	for i := range gs {
		lrs[i] = gs[i].LR
	}
	if m.sched != nil {
		factor, err := lastFactor(m.sched)
		if err != nil {
			return err
		}
		m.scale(gs, factor)
		if hasLambdas(m.sched) && !m.cfg.ApplyLambdasNewPGs {
			dir.Notes = append(dir.Notes, diag.Finding{
				Severity: diag.Warning, Code: "lambdas-not-applied",
				Message: fmt.Sprintf("%s will use a configured lr for new parameter groups of phase %d until its next step", m.sched.Class(), d),
				Hint:    "set apply_lambdas_new_pgs to scale them at once",
			})
		}
	}
	m.st.Groups = append(m.st.Groups, gs...)
	if m.sched == nil || m.cfg.reinit(d) != nil {
		return nil
	}
	fill(&m.table, m.st.Groups, m.opt)
	if err := m.sched.Extend(&m.table, lrs); err != nil {
		return err
	}
	drain(&m.table, m.st.Groups)
	return nil
}

// hasLambdas tells the LR schedulers that hold one function per group.
func hasLambdas(s lrsched.Scheduler) bool {
	return s.Class() == "LambdaLR" || s.Class() == "MultiplicativeLR"
}

// prepare sets what a new LR scheduler starts from, by the first that applies:
// the i-th of the given learning rates, which also becomes the initial one; the
// present learning rate; the initial one.
func prepare(gs []Group, given []float64, useCurrent bool) {
	for i := range gs {
		g := &gs[i]
		switch {
		case i < len(given):
			g.LR, g.InitialLR = given[i], lrsched.At(given[i])
		case useCurrent:
		case g.InitialLR.Set:
			g.LR = g.InitialLR.Value
		}
	}
}

// perGroup are the members of LR schedulers' states that hold a value per
// group.
var perGroup = []string{"base_lrs", "_last_lr", "min_lrs", "lr_lambdas"}

// relayout tells the running LR scheduler that the groups before phase d were
// divided anew, as a new optimizer does with groups laid out by hand.
func (m *Machine) relayout(before []Group, d int) error {
	if m.sched == nil || m.cfg.reinit(d) != nil || sameLayout(before, m.st.Groups) {
		return nil
	}
	at := map[string]int{}
	for i, g := range before {
		for _, n := range g.Params {
			at[n] = i
		}
	}
	index := make([]int, len(m.st.Groups)) // new group -> old one
	for i, g := range m.st.Groups {
		if len(g.Params) > 0 {
			index[i] = at[g.Params[0]]
		}
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(m.sched.State(), &state); err != nil {
		return err
	}
	for _, key := range perGroup {
		var old []json.RawMessage
		if json.Unmarshal(state[key], &old) != nil || len(old) != len(before) {
			continue
		}
		list := make([]json.RawMessage, len(index))
		for i, k := range index {
			list[i] = old[k]
		}
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		state[key] = text
	}
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return m.load(scheduler{m.made, text})
}

// announce tells the user where the fit stands.
func (m *Machine) announce(d int, dir *Directive) {
	note := func(format string, args ...any) {
		dir.Notes = append(dir.Notes, diag.Finding{Severity: diag.Note, Code: "phase", Message: fmt.Sprintf(format, args...)})
	}
	note("multi-phase fine-tuned training continuing at level %d", d)
	if !m.final() {
		return
	}
	end := "the early stopping conditions are met"
	if m.cfg.EarlyStopping == nil {
		end = "the epochs are over"
	}
	if m.maxEpochs >= 0 {
		end = fmt.Sprintf("%s or max_epochs %d is reached", end, m.maxEpochs)
	}
	note("given the current configuration of max_depth (%d), this training session will now end when %s", m.cfg.depth(), end)
}
