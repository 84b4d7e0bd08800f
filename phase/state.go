package phase

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/lrsched"
)

// State is everything a machine remembers; it is data, for JSON. What stands in
// the configuration is not in it.
type State struct {
	// Phase in force.
	Phase int `json:"phase"`
	// Epoch that runs or ran last, -1 before the first.
	Epoch int `json:"epoch"`
	// Step counts optimizer steps.
	Step   int     `json:"step"`
	Groups []Group `json:"groups"`
	// OptimizerFrom is the phase whose directive made the optimizer; 0: the fit
	// started with it.
	OptimizerFrom int `json:"optimizer_from"`
	// Scheduler is the LR scheduler, nil where there is none.
	Scheduler *scheduler `json:"scheduler,omitempty"`
	Stopping  stopping   `json:"early_stopping"`
	Keeping   keeping    `json:"checkpoints"`
	// Metrics holds the latest value of each.
	Metrics map[string]lrsched.Real `json:"metrics,omitempty"`
	// HasValidated tells that a validation has run.
	HasValidated bool `json:"has_validated"`
	// Stop is what ends the fit, perhaps not before MinEpochs.
	Stop *Stop `json:"stop,omitempty"`
	// Stopped tells that Stop is in force.
	Stopped bool `json:"stopped,omitempty"`
	// StoppedEpoch is the epoch in which early stopping ended the fit.
	StoppedEpoch int `json:"stopped_epoch,omitempty"`
}

// maker says which directive made an LR scheduler: that of phase From, 0 being
// the fit's own, in Epoch.
type maker struct {
	From  int `json:"from"`
	Epoch int `json:"epoch"`
}

// scheduler is an LR scheduler as data.
type scheduler struct {
	maker
	State json.RawMessage `json:"state"`
}

// State is a copy of the machine's memory after the latest event.
func (m *Machine) State() State {
	st := m.st
	st.Groups = clone(m.st.Groups)
	st.Metrics = maps.Clone(m.st.Metrics)
	st.Scheduler = m.schedulerState()
	return st
}

func (m *Machine) schedulerState() *scheduler {
	if m.sched == nil {
		return nil
	}
	return &scheduler{m.made, m.sched.State()}
}

// Restore makes the machine of a fit that continues from a state. The
// configuration may differ from the one that made the state, as long as the
// parameters and the directives that the state refers to are still there.
func Restore(cfg Config, st State) (*Machine, error) {
	m, err := build(cfg)
	if err != nil {
		return nil, err
	}
	if err := st.check(cfg); err != nil {
		return nil, fmt.Errorf("restoring: %w", err)
	}
	m.st = st
	m.st.Groups = clone(st.Groups)
	m.st.Metrics = maps.Clone(st.Metrics)
	if m.st.Metrics == nil {
		m.st.Metrics = map[string]lrsched.Real{}
	}
	if st.OptimizerFrom > 0 {
		spec := m.cfg.newOptimizer(st.OptimizerFrom)
		if spec == nil {
			return nil, fmt.Errorf("restoring: phase %d no longer makes the optimizer that the state uses", st.OptimizerFrom)
		}
		if m.opt, err = m.cfg.describe(*spec); err != nil {
			return nil, fmt.Errorf("restoring: optimizer of phase %d: %w", st.OptimizerFrom, err)
		}
	}
	m.sched = nil
	if st.Scheduler != nil {
		if err := m.load(*st.Scheduler); err != nil {
			return nil, fmt.Errorf("restoring: %w", err)
		}
	}
	m.reconsider()
	return m, nil
}

// check refuses a state that the configuration cannot go on from.
func (st *State) check(cfg Config) error {
	phases := map[string]int{"the state": st.Phase, "its optimizer": st.OptimizerFrom}
	groups := st.Groups
	if st.Scheduler != nil {
		phases["its LR scheduler"] = st.Scheduler.From
	}
	if b := st.Keeping.Best; b != nil {
		phases["its best checkpoint"] = b.Phase
		groups = append(clone(groups), b.Groups...)
		if b.Scheduler != nil {
			phases["its best checkpoint's LR scheduler"] = b.Scheduler.From
		}
	}
	for what, i := range phases {
		if i < 0 || i >= cfg.Plan.Len() {
			return fmt.Errorf("%s is of phase %d, the schedule has phases 0 to %d", what, i, cfg.Plan.Len()-1)
		}
	}
	known := map[string]bool{}
	for _, p := range cfg.Plan.Params() {
		known[p.Name] = true
	}
	for _, g := range groups {
		for _, n := range g.Params {
			if !known[n] {
				return fmt.Errorf("the state trains %s, which the model does not have", n)
			}
		}
	}
	return nil
}

// reconsider takes back a stop that the configuration no longer asks for:
// phases or epochs were added, or patience was raised.
func (m *Machine) reconsider() {
	s, es := m.st.Stop, m.cfg.EarlyStopping
	if s == nil {
		return
	}
	keep := es != nil
	switch s.Cause {
	case "max-epochs":
		keep = m.maxEpochs >= 0 && m.st.Epoch+1 >= m.maxEpochs
	case "patience":
		switch {
		case !keep:
		case !m.final():
			m.st.Stopping.PhaseDone, m.st.Stopping.Wait = true, 0
			keep = false
		default:
			keep = m.st.Stopping.Wait >= es.Patience
		}
	case "non-finite":
		keep = keep && es.CheckFinite
	case "stopping-threshold":
		keep = keep && es.StoppingThreshold != nil
	case "divergence-threshold":
		keep = keep && es.DivergenceThreshold != nil
	}
	if !keep {
		m.st.Stop, m.st.Stopped, m.st.StoppedEpoch = nil, false, 0
	}
}

func (m *Machine) metricNames() string {
	if len(m.st.Metrics) == 0 {
		return "none"
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(m.st.Metrics)))
}
