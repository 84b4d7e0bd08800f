package phase

import (
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// Groups is the table in force, read only, valid until the next Step.
func (m *Machine) Groups() []Group { return m.st.Groups }

// Optimizer is the spec of the optimizer in force.
func (m *Machine) Optimizer() registry.Spec { return m.opt.spec }

// BestScore is the score of the best checkpoint; false where there is none.
func (m *Machine) BestScore() (float64, bool) {
	if m.st.Keeping.Best == nil {
		return 0, false
	}
	return float64(m.st.Keeping.Best.Score), true
}

// Waiting is how many checks have passed without improvement, and how many end
// the phase; false without early stopping.
func (m *Machine) Waiting() (wait, patience int, ok bool) {
	es := m.cfg.EarlyStopping
	if es == nil {
		return 0, 0, false
	}
	return m.st.Stopping.Wait, es.Patience, true
}

// LastPhase is the last phase that is entered.
func (c Config) LastPhase() int { return c.depth() }

// Trained are the names that train in phase i, in registration order.
func (c Config) Trained(i int) []string {
	in := map[string]bool{}
	for k := range min(i+1, c.Plan.Len()) {
		for _, n := range c.params(k) {
			in[n] = true
		}
	}
	out := make([]string, 0, len(in))
	for _, p := range c.Plan.Params() {
		if in[p.Name] {
			out = append(out, p.Name)
		}
	}
	return out
}

// OptimizerIn is the optimizer in force in phase i.
func (c Config) OptimizerIn(i int) registry.Spec {
	for k := i; k > 0; k-- {
		if s := c.newOptimizer(k); s != nil {
			return *s
		}
	}
	return c.Optimizer
}

// NewOptimizer is what phase i begins with in place of the running optimizer;
// nil: nothing.
func (c Config) NewOptimizer(i int) *registry.Spec { return c.newOptimizer(i) }

// NewLRScheduler is the directive by which phase i makes its LR scheduler; nil:
// the running one goes on.
func (c Config) NewLRScheduler(i int) *schedule.Reinit { return c.reinit(i) }

// Monitor is the metric that the LR scheduler of phase i is stepped with, ""
// where it makes none or needs none.
func (c Config) Monitor(i int) string {
	if _, ok := c.choice(i); !ok || c.LRSchedulers == nil {
		return ""
	}
	r, err := c.resolve(i)
	if err != nil {
		return ""
	}
	return r.Config.Monitor
}
