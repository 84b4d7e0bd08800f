package phase

import (
	"errors"
	"fmt"
	"slices"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
)

// Machine is the state machine of one fit. It is not safe for concurrent use.
type Machine struct {
	cfg Config
	st  State
	// opt is the optimizer in force.
	opt optimizer
	// sched is the LR scheduler in force, nil where there is none.
	sched    lrsched.Scheduler
	schedCfg lrsched.Config
	made     maker
	// table is what sched sees of the groups.
	table lrsched.Table
	// maxEpochs is MaxEpochs, perhaps raised by the last phase's bound.
	maxEpochs int
	opened    bool
	ended     bool
	// notes wait for the first directive.
	notes diag.List
}

// New makes the machine of a fit that starts from the beginning. It checks the
// whole configuration, also what later phases will need.
func New(cfg Config) (*Machine, error) {
	m, err := build(cfg)
	if err != nil {
		return nil, err
	}
	m.st = State{Epoch: -1, Metrics: map[string]lrsched.Real{}}
	if m.cfg.EarlyStopping != nil {
		m.st.Stopping = m.cfg.EarlyStopping.start()
	}
	if m.st.Groups, err = m.cfg.initialTable(m.opt, &m.notes); err != nil {
		return nil, err
	}
	if m.cfg.LRScheduler != nil {
		if err := m.schedule(0); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// build makes a machine without memory.
func build(cfg Config) (*Machine, error) {
	cfg, notes, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	m := &Machine{cfg: cfg, notes: notes}
	m.maxEpochs = cfg.maxEpochs(&m.notes)
	if m.opt, err = cfg.describe(cfg.Optimizer); err != nil {
		return nil, err
	}
	return m, nil
}

// Phase in force.
func (m *Machine) Phase() int { return m.st.Phase }

// MaxDepth is the last phase that will be entered.
func (m *Machine) MaxDepth() int { return m.cfg.depth() }

// MaxEpochs in force, -1 for no end: the configured number, raised where the
// last phase's max_transition_epoch asks for more.
func (m *Machine) MaxEpochs() int { return m.maxEpochs }

// Best is the best checkpoint known; false where nothing was saved.
func (m *Machine) Best() (Ref, bool) {
	if m.st.Keeping.Best == nil {
		return Ref{}, false
	}
	return m.st.Keeping.Best.Ref, true
}

// LRScheduler is the LR scheduler in force, for reading; nil where there is
// none.
func (m *Machine) LRScheduler() (lrsched.Scheduler, lrsched.Config) { return m.sched, m.schedCfg }

// final tells the last phase that will be entered.
func (m *Machine) final() bool { return m.st.Phase >= m.cfg.depth() }

// Step takes an event and says what to do. After an error the machine must not
// be used further.
func (m *Machine) Step(ev Event) (Directive, error) {
	d := Directive{}
	err := m.step(ev, &d)
	if err != nil {
		return Directive{}, err
	}
	d.Phase = m.st.Phase
	d.Groups = m.st.Groups
	d.FrozenBatchNorm = m.cfg.FrozenBatchNorm
	return d, nil
}

func (m *Machine) step(ev Event, d *Directive) error {
	_, closing := ev.(EpochEnd)
	if m.ended || m.opened && m.st.Stopped && !closing {
		return errors.New("phase: the fit has ended")
	}
	switch ev.(type) {
	case FitStart, Resumed:
		if m.opened {
			return fmt.Errorf("phase: %T in a run that is open", ev)
		}
	default:
		if !m.opened {
			return fmt.Errorf("phase: %T before FitStart or Resumed", ev)
		}
	}
	switch ev := ev.(type) {
	case FitStart:
		return m.open(ev.Existing, d)
	case Resumed:
		return m.open(ev.Existing, d)
	case EpochStart:
		return m.epochStart(ev, d)
	case StepEnd:
		return m.stepEnd(ev, d)
	case TrainEnd:
		m.log(ev.Metrics)
		return m.stepByEpoch(d)
	case Validated:
		return m.validated(ev, d)
	case EpochEnd:
		return m.epochEnd(ev, d)
	default:
		return fmt.Errorf("phase: unknown event %T", ev)
	}
}

// open begins or continues a run: the driver learns the whole table.
func (m *Machine) open(existing []string, d *Directive) error {
	m.opened = true
	names := slices.Clone(m.st.Keeping.Names)
	for _, n := range existing {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	m.st.Keeping.Names = names
	d.Regrouped, d.LRsChanged = true, true
	d.Notes = m.notes
	m.notes = nil
	if m.st.Stopped {
		d.Stop = m.st.Stop
	}
	return nil
}

// epochStart changes the phase where that is due.
func (m *Machine) epochStart(ev EpochStart, d *Directive) error {
	if ev.Epoch < 0 {
		return fmt.Errorf("phase: epoch %d", ev.Epoch)
	}
	m.st.Epoch = ev.Epoch
	reason := m.due()
	if reason == "" {
		return nil
	}
	d.Transition = &Transition{From: m.st.Phase, To: m.st.Phase + 1, Reason: reason}
	return m.enter(m.st.Phase+1, d)
}

// due says why the next phase begins now; "" if it does not.
func (m *Machine) due() string {
	if m.final() {
		return ""
	}
	if es := m.cfg.EarlyStopping; es != nil && m.st.Stopping.PhaseDone {
		return es.stagnation(m.st.Stopping.Best, max(es.Patience, 1))
	}
	if limit := m.cfg.Plan.Phase(m.st.Phase).MaxTransitionEpoch; limit >= 0 && limit <= m.st.Epoch {
		return fmt.Sprintf("max_transition_epoch %d is reached", limit)
	}
	return ""
}

func (m *Machine) stepEnd(ev StepEnd, d *Directive) error {
	m.st.Step++
	m.log(ev.Metrics)
	if err := m.stepByStep(ev.Batch, d); err != nil {
		return err
	}
	return m.saveAfterStep(d, ev.SaveDue)
}

func (m *Machine) validated(ev Validated, d *Directive) error {
	m.log(ev.Metrics)
	m.st.HasValidated = true
	if es := m.cfg.EarlyStopping; es != nil && !es.CheckOnTrainEpochEnd {
		if err := m.checkStopping(d); err != nil {
			return err
		}
	}
	if err := m.saveAfterValidation(d); err != nil {
		return err
	}
	// Within epoch E, E epochs are complete.
	if m.st.Stop != nil && m.st.Epoch >= m.cfg.MinEpochs {
		d.Stop, m.st.Stopped = m.st.Stop, true
	}
	return nil
}

func (m *Machine) epochEnd(ev EpochEnd, d *Directive) error {
	m.log(ev.Metrics)
	if es := m.cfg.EarlyStopping; es != nil && es.CheckOnTrainEpochEnd {
		if err := m.checkStopping(d); err != nil {
			return err
		}
	}
	if err := m.saveAfterEpoch(d); err != nil {
		return err
	}
	if !ev.Partial {
		if err := m.stepPlateau(d); err != nil {
			return err
		}
	}
	if m.st.Stop != nil && m.st.Epoch+1 >= m.cfg.MinEpochs {
		d.Stop = m.st.Stop
	}
	if d.Stop == nil && m.maxEpochs >= 0 && m.st.Epoch+1 >= m.maxEpochs {
		m.st.Stop = &Stop{Cause: "max-epochs", Reason: fmt.Sprintf("max_epochs %d is reached", m.maxEpochs)}
		d.Stop = m.st.Stop
		if n := m.cfg.depth() - m.st.Phase; n > 0 {
			d.Notes = append(d.Notes, diag.Finding{
				Severity: diag.Warning, Code: "phases-not-reached",
				Message: fmt.Sprintf("the fit ended in phase %d: phases up to %d never began", m.st.Phase, m.cfg.depth()),
				Hint:    "raise max_epochs, or set max_transition_epoch in the earlier phases",
			})
		}
	}
	m.st.Stopped = d.Stop != nil
	m.ended = m.st.Stopped
	return nil
}

// log takes metrics in, rounded to float32.
func (m *Machine) log(metrics map[string]float64) {
	for name, v := range metrics {
		m.st.Metrics[name] = lrsched.Real(float32(v))
	}
}

// checkStopping asks early stopping about the latest value.
func (m *Machine) checkStopping(d *Directive) error {
	es := m.cfg.EarlyStopping
	value, ok := m.st.Metrics[es.Monitor]
	if !ok {
		missing := m.unlogged("early stopping", es.Monitor)
		if es.Strict {
			return missing
		}
		missing.Severity = diag.Warning
		d.Notes = append(d.Notes, missing)
		return nil
	}
	if v := es.judge(&m.st.Stopping, float64(value), m.final()); v.stop != nil {
		m.st.Stop = v.stop
		m.st.StoppedEpoch = m.st.Epoch
	}
	return nil
}

// unlogged says that a metric that is watched does not come.
func (m *Machine) unlogged(who, name string) diag.Finding {
	return diag.Finding{
		Code: "monitor-missing", Message: fmt.Sprintf("%s: no metric %q was logged", who, name),
		Hint: fmt.Sprintf("logged are %s; set the monitor to one of them", m.metricNames()),
	}
}
