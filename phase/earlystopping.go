package phase

import (
	"fmt"
	"math"

	"github.com/thaw-go/thaw/lrsched"
)

// stopping is the memory of early stopping.
type stopping struct {
	// Best is the best value of all phases so far; it is not forgotten when a
	// phase ends.
	Best lrsched.Real `json:"best"`
	// Wait counts the checks since then within the phase.
	Wait int `json:"wait"`
	// PhaseDone tells that patience ended the phase; the next epoch begins the
	// next one.
	PhaseDone bool `json:"phase_done"`
}

func (e *EarlyStopping) check() error {
	switch {
	case e.Monitor == "":
		return fault("name the metric to watch, such as val_loss", "early stopping has no monitor")
	case e.Mode != "min" && e.Mode != "max":
		return fmt.Errorf("early stopping: mode must be min or max, not %q", e.Mode)
	case e.Patience < 0:
		return fmt.Errorf("early stopping: patience must not be negative, it is %d", e.Patience)
	case math.IsNaN(e.MinDelta):
		return fmt.Errorf("early stopping: min_delta is not a number")
	}
	return nil
}

func (e *EarlyStopping) start() stopping {
	if e.Mode == "max" {
		return stopping{Best: lrsched.Real(math.Inf(-1))}
	}
	return stopping{Best: lrsched.Real(math.Inf(1))}
}

// better tells whether a beats b, in float32 as the original compares.
func (e *EarlyStopping) better(a, b float32) bool {
	if e.Mode == "max" {
		return a > b
	}
	return a < b
}

// delta is min_delta with its sign: what is taken from a value before it is
// compared.
func (e *EarlyStopping) delta() float32 {
	if e.Mode == "max" {
		return float32(e.MinDelta)
	}
	return -float32(e.MinDelta)
}

// verdict is what one check decided.
type verdict struct {
	stop *Stop
	done bool
}

// judge looks at one value. In the last phase patience ends the fit, in the
// others the phase; everything else ends the fit in any phase.
func (e *EarlyStopping) judge(s *stopping, value float64, final bool) verdict {
	v := float32(value)
	name := func(cause, format string, args ...any) verdict {
		return verdict{stop: &Stop{Cause: cause, Reason: fmt.Sprintf(format, args...)}}
	}
	switch {
	case e.CheckFinite && (math.IsNaN(value) || math.IsInf(value, 0)):
		return name("non-finite", "%s is %v", e.Monitor, value)
	case e.StoppingThreshold != nil && e.better(v, float32(*e.StoppingThreshold)):
		return name("stopping-threshold", "%s %v is better than the stopping threshold %v", e.Monitor, v, *e.StoppingThreshold)
	case e.DivergenceThreshold != nil && e.better(-v, -float32(*e.DivergenceThreshold)):
		return name("divergence-threshold", "%s %v is worse than the divergence threshold %v", e.Monitor, v, *e.DivergenceThreshold)
	case e.better(v-e.delta(), float32(s.Best)):
		s.Best, s.Wait = lrsched.Real(v), 0
		return verdict{}
	}
	s.Wait++
	switch {
	case s.Wait < e.Patience:
		return verdict{}
	case final:
		return name("patience", "%s", e.stagnation(s.Best, s.Wait))
	default:
		s.PhaseDone, s.Wait = true, 0
		return verdict{done: true}
	}
}

// stagnation says that patience is used up.
func (e *EarlyStopping) stagnation(best lrsched.Real, checks int) string {
	unit := "checks"
	if checks == 1 {
		unit = "check"
	}
	return fmt.Sprintf("%s did not improve on %v in %d %s", e.Monitor, float32(best), checks, unit)
}
