package phase

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
)

// Trace is what a fit measured, or what one imagines it to measure.
type Trace struct {
	// Epochs in order, from 0.
	Epochs []TraceEpoch
	// Accumulate is how many batches make an optimizer step; 0 means 1.
	Accumulate int
}

// TraceEpoch is what was measured in one epoch.
type TraceEpoch struct {
	// Train are the metrics of training itself, such as train_loss.
	Train map[string]float64
	// Validations in order; there may be none.
	Validations []Validation
}

// Validation is one validation's metrics.
type Validation struct {
	// Step is after how many optimizer steps of the epoch it ran; 0: they are
	// spread evenly, the last at the end of the epoch.
	Step    int
	Metrics map[string]float64
}

// Simulation is the course that a fit takes when it measures a trace.
type Simulation struct {
	Epochs []SimulatedEpoch `json:"epochs"`
	// Rates are the learning rates wherever they change.
	Rates []Rate `json:"rates"`
	// Stop says why the fit ends; nil where the trace ends first.
	Stop *Stop `json:"stop"`
	// Phase is the last one that began, MaxDepth the last that could.
	Phase    int `json:"phase"`
	MaxDepth int `json:"max_depth"`
	// Notes are what the fit would tell its user.
	Notes diag.List `json:"notes"`
}

// SimulatedEpoch is one epoch of a simulation.
type SimulatedEpoch struct {
	Epoch int `json:"epoch"`
	Phase int `json:"phase"`
	// Reason says why the phase begins with this epoch; empty where it goes on.
	Reason string `json:"reason,omitempty"`
	// Restored is the checkpoint whose weights the phase starts from.
	Restored string `json:"restored,omitempty"`
	// NewOptimizer and NewLRScheduler name what is made anew.
	NewOptimizer   string `json:"new_optimizer,omitempty"`
	NewLRScheduler string `json:"new_lr_scheduler,omitempty"`
	// Groups are as the first step uses them, LRs as the last one does.
	Groups []SimulatedGroup `json:"groups"`
	LRs    []float64        `json:"lrs"`
	Checks []SimulatedCheck `json:"validations"`
}

// SimulatedGroup is a parameter group at the beginning of an epoch.
type SimulatedGroup struct {
	Phase   int     `json:"phase"`
	Tensors int     `json:"tensors"`
	NoDecay bool    `json:"no_decay,omitempty"`
	LR      float64 `json:"lr"`
}

// SimulatedCheck is one validation of a simulation.
type SimulatedCheck struct {
	Step    int                     `json:"step"`
	Metrics map[string]lrsched.Real `json:"metrics"`
	// Wait counts the checks without improvement, of Patience; Done tells that
	// they end the phase. Patience is -1 without early stopping.
	Wait     int  `json:"wait"`
	Patience int  `json:"patience"`
	Done     bool `json:"done,omitempty"`
	// Saved and Dropped are checkpoints; Best names the best one so far.
	Saved   []string `json:"saved,omitempty"`
	Dropped []string `json:"dropped,omitempty"`
	Best    string   `json:"best,omitempty"`
}

// Rate is the learning rates, by group, from an optimizer step on.
type Rate struct {
	Step int       `json:"step"`
	LRs  []float64 `json:"lrs"`
}

// Simulate plays a fit without training: the machine is fed with the trace. On
// an error the simulation holds what came before.
func Simulate(cfg Config, tr Trace) (*Simulation, error) {
	m, err := New(cfg)
	if err != nil {
		return nil, err
	}
	s := &simulator{m: m, out: &Simulation{MaxDepth: m.MaxDepth(), Epochs: []SimulatedEpoch{}}, accumulate: max(tr.Accumulate, 1)}
	if _, err := s.feed(FitStart{}); err != nil {
		return s.out, err
	}
	for i, ep := range tr.Epochs {
		if m.MaxEpochs() >= 0 && i >= m.MaxEpochs() {
			break
		}
		if err := s.epoch(i, ep); err != nil {
			return s.out, fmt.Errorf("epoch %d: %w", i, err)
		}
		if s.out.Stop != nil {
			break
		}
	}
	return s.out, nil
}

// simulator is the driver of one simulation.
type simulator struct {
	m          *Machine
	out        *Simulation
	accumulate int
	step       int
}

// feed passes an event on and notes the learning rates that follow.
func (s *simulator) feed(ev Event) (Directive, error) {
	d, err := s.m.Step(ev)
	if err != nil {
		return d, err
	}
	s.out.Phase = d.Phase
	s.out.Notes = append(s.out.Notes, d.Notes...)
	if d.Stop != nil {
		s.out.Stop = d.Stop
	}
	lrs := make([]float64, len(d.Groups))
	for i, g := range d.Groups {
		lrs[i] = g.LR
	}
	switch n := len(s.out.Rates); {
	case n > 0 && slices.Equal(s.out.Rates[n-1].LRs, lrs):
	case n > 0 && s.out.Rates[n-1].Step == s.step:
		s.out.Rates[n-1].LRs = lrs
	default:
		s.out.Rates = append(s.out.Rates, Rate{s.step, lrs})
	}
	return d, nil
}

func (s *simulator) epoch(i int, tr TraceEpoch) error {
	d, err := s.feed(EpochStart{Epoch: i})
	if err != nil {
		return err
	}
	e := SimulatedEpoch{Epoch: i, Phase: d.Phase}
	if d.Transition != nil {
		e.Reason = d.Transition.Reason
		if r := s.m.cfg.reinit(d.Phase); r != nil {
			e.NewLRScheduler = r.LRScheduler.String()
		}
	}
	if d.Restore != nil {
		e.Restored = d.Restore.From.Name
	}
	if d.Optimizer != nil {
		e.NewOptimizer = d.Optimizer.Name
	}
	for _, g := range d.Groups {
		e.Groups = append(e.Groups, SimulatedGroup{g.Phase, len(g.Params), g.NoDecay, g.LR})
	}
	steps := max(s.m.cfg.StepsPerEpoch, 1)
	due := 0
	for k := range steps {
		if k == steps-1 {
			e.LRs = s.rates()
		}
		s.step++
		if _, err := s.feed(StepEnd{Batch: (k+1)*s.accumulate - 1}); err != nil {
			return err
		}
		for due < len(tr.Validations) && s.within(tr.Validations, due, steps) <= k+1 {
			if err := s.validate(&e, tr, due); err != nil {
				return err
			}
			due++
			if s.out.Stop != nil {
				return s.close(e, tr, true)
			}
		}
	}
	if _, err := s.feed(TrainEnd{Metrics: tr.Train}); err != nil {
		return err
	}
	for ; due < len(tr.Validations); due++ {
		if err := s.validate(&e, tr, due); err != nil {
			return err
		}
		if s.out.Stop != nil {
			break
		}
	}
	return s.close(e, tr, false)
}

func (s *simulator) rates() []float64 {
	return slices.Clone(s.out.Rates[len(s.out.Rates)-1].LRs)
}

// within is the number of steps of an epoch that validation i follows, more than
// there are where it follows the end of training.
func (s *simulator) within(all []Validation, i, steps int) int {
	after := all[i].Step
	if after <= 0 {
		after = max((i+1)*steps/len(all), 1)
	}
	if after >= steps {
		return steps + 1
	}
	return after
}

func (s *simulator) validate(e *SimulatedEpoch, tr TraceEpoch, i int) error {
	metrics := maps.Clone(tr.Train)
	if metrics == nil {
		metrics = map[string]float64{}
	}
	maps.Copy(metrics, tr.Validations[i].Metrics)
	d, err := s.feed(Validated{Metrics: metrics})
	if err != nil {
		return err
	}
	c := SimulatedCheck{Step: s.step, Metrics: map[string]lrsched.Real{}, Patience: -1}
	for k, v := range metrics {
		c.Metrics[k] = lrsched.Real(v)
	}
	if wait, patience, ok := s.m.Waiting(); ok {
		c.Wait, c.Patience, c.Done = wait, patience, s.m.st.Stopping.PhaseDone
	}
	s.saved(&c, d)
	e.Checks = append(e.Checks, c)
	return nil
}

// saved notes the checkpoints that a directive asks for.
func (s *simulator) saved(c *SimulatedCheck, d Directive) {
	for _, w := range d.Save {
		c.Saved = append(c.Saved, w.Name)
	}
	for _, r := range d.Drop {
		c.Dropped = append(c.Dropped, r.Name)
	}
	if ref, ok := s.m.Best(); ok {
		c.Best = ref.Name
	}
}

// close ends the epoch.
func (s *simulator) close(e SimulatedEpoch, tr TraceEpoch, partial bool) error {
	if partial {
		e.LRs = s.rates()
	}
	metrics := maps.Clone(tr.Train)
	if n := len(e.Checks); n > 0 {
		metrics = map[string]float64{}
		for k, v := range e.Checks[n-1].Metrics {
			metrics[k] = float64(v)
		}
	}
	stop := s.out.Stop
	d, err := s.feed(EpochEnd{Metrics: metrics, Partial: partial})
	if stop != nil {
		s.out.Stop = stop
	}
	if len(d.Save)+len(d.Drop) > 0 {
		c := SimulatedCheck{Step: s.step, Patience: -1}
		if n := len(e.Checks); n > 0 {
			s.saved(&e.Checks[n-1], d)
		} else {
			s.saved(&c, d)
			e.Checks = append(e.Checks, c)
		}
	}
	s.out.Epochs = append(s.out.Epochs, e)
	return err
}
