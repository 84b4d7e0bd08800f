package phase

import "errors"

// Machine is the state machine of one fit. It is not safe for concurrent use.
type Machine struct {
	cfg Config
	st  State
}

// State is everything a machine remembers; it is data, for JSON.
type State struct {
	Phase  int     `json:"phase"`
	Groups []Group `json:"groups"`
}

// New makes the machine of a fit that starts from the beginning. It checks the
// whole configuration, also what later phases will need.
func New(cfg Config) (*Machine, error) {
	if cfg.Plan == nil {
		return nil, errors.New("phase: config without a plan")
	}
	return &Machine{cfg: cfg}, nil
}

// Restore makes the machine of a fit that continues from a state. The
// configuration may differ from the one that made the state.
func Restore(cfg Config, st State) (*Machine, error) {
	m, err := New(cfg)
	if err != nil {
		return nil, err
	}
	m.st = st
	return m, nil
}

// State is a copy of the machine's memory after the latest event.
func (m *Machine) State() State { return m.st }

// Step takes an event and says what to do. After an error the machine must not
// be used further.
func (m *Machine) Step(ev Event) (Directive, error) {
	return Directive{Phase: m.st.Phase, Groups: m.st.Groups}, nil
}
