package lrsched

import (
	"errors"
	"fmt"
	"math"
)

// OneCycleLR rises from max_lr/div_factor to max_lr in pct_start of all steps
// and falls to the starting LR divided by final_div_factor in the rest; with
// three_phase it falls symmetrically first. The momentum mirrors it. Within a
// phase: z + (a − z)·(1 + cos πu)/2 or linear, u = (t − start)/(end − start). It
// cannot be stepped more than total_steps times. Source:
// torch.optim.lr_scheduler; Smith & Topin 2018.
type OneCycleLR struct {
	MaxLR          PerGroup `json:"max_lr" arg:"required" doc:"peak, one for all groups or one for each"`
	TotalSteps     *int     `json:"total_steps" arg:"strict" doc:"all steps; epochs·steps_per_epoch if not given, and the run's length without those"`
	Epochs         *int     `json:"epochs" arg:"strict" doc:"epochs of the run"`
	StepsPerEpoch  *int     `json:"steps_per_epoch" arg:"strict" doc:"steps of an epoch"`
	PctStart       float64  `json:"pct_start" arg:"strict" doc:"share of the steps that rises, within [0, 1]"`
	AnnealStrategy string   `json:"anneal_strategy" doc:"cos or linear"`
	CycleMomentum  bool     `json:"cycle_momentum" doc:"whether the momentum (or beta1) mirrors the LR"`
	BaseMomentum   PerGroup `json:"base_momentum" doc:"momentum at the peak"`
	MaxMomentum    PerGroup `json:"max_momentum" doc:"momentum at the start and the end"`
	DivFactor      float64  `json:"div_factor" doc:"the start is max_lr/div_factor"`
	FinalDivFactor float64  `json:"final_div_factor" doc:"the end is the start divided by this"`
	ThreePhase     bool     `json:"three_phase" doc:"fall back to the start before falling to the end"`
}

func (c OneCycleLR) validate() error {
	for _, a := range []struct {
		name string
		v    *int
	}{{"total_steps", c.TotalSteps}, {"epochs", c.Epochs}, {"steps_per_epoch", c.StepsPerEpoch}} {
		if a.v != nil && *a.v <= 0 {
			return fmt.Errorf("%s: expected a positive integer, but got %d", a.name, *a.v)
		}
	}
	switch {
	case c.TotalSteps == nil && (c.Epochs == nil) != (c.StepsPerEpoch == nil):
		return errors.New("total_steps, or both epochs and steps_per_epoch, must be given")
	case !(c.PctStart >= 0 && c.PctStart <= 1):
		return fmt.Errorf("pct_start: expected a number between 0 and 1, but got %v", c.PctStart)
	case c.AnnealStrategy != "cos" && c.AnnealStrategy != "linear":
		return fmt.Errorf("anneal_strategy: must be cos or linear, got %q", c.AnnealStrategy)
	case c.DivFactor == 0 || c.FinalDivFactor == 0:
		return fmt.Errorf("div_factor, final_div_factor: %w", errZero)
	}
	return nil
}

// steps is the length of the cycle.
func (c OneCycleLR) steps(s Site) (int, error) {
	switch {
	case c.TotalSteps != nil:
		return *c.TotalSteps, nil
	case c.Epochs != nil && c.StepsPerEpoch != nil:
		return *c.Epochs * *c.StepsPerEpoch, nil
	case s.Horizon > 0:
		return s.Horizon, nil
	}
	return 0, fmt.Errorf("%w: give total_steps, or both epochs and steps_per_epoch", ErrLength)
}

// Build implements Builder.
func (c OneCycleLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	total, err := c.steps(s)
	if err != nil {
		return nil, err
	}
	peaks, err := c.MaxLR.spread("max_lr", len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	r := &oneCycleRule{Total: total, Strategy: c.AnnealStrategy, CycleMomentum: c.CycleMomentum, div: c.DivFactor, finalDiv: c.FinalDivFactor}
	r.Phases = c.phases(float64(total))
	if s.Resumed == 0 {
		for i, peak := range peaks {
			r.aim(&s.Table.Groups[i], peak)
		}
	}
	if c.CycleMomentum {
		m, err := cycleMomentum(s, c.BaseMomentum, c.MaxMomentum)
		if err != nil {
			return nil, err
		}
		r.UseBeta1 = &m.UseBeta1
	}
	return start(s, "OneCycleLR", r)
}

func (c OneCycleLR) phases(total float64) []cyclePhase {
	up := cyclePhase{c.PctStart*total - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"}
	if c.ThreePhase {
		return []cyclePhase{
			up,
			{2*c.PctStart*total - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"},
			{total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"},
		}
	}
	return []cyclePhase{up, {total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"}}
}

type oneCycleRule struct {
	Total         int          `json:"total_steps"`
	Phases        []cyclePhase `json:"_schedule_phases"`
	Strategy      string       `json:"_anneal_func_type"`
	CycleMomentum bool         `json:"cycle_momentum"`
	UseBeta1      *bool        `json:"use_beta1,omitempty"`
	div, finalDiv float64
}

// cyclePhase is a stretch of the cycle; its ends name settings of the group.
type cyclePhase struct {
	End           float64 `json:"end_step"`
	StartLR       string  `json:"start_lr"`
	EndLR         string  `json:"end_lr"`
	StartMomentum string  `json:"start_momentum"`
	EndMomentum   string  `json:"end_momentum"`
}

// aim sets a group's start, peak and end.
func (r *oneCycleRule) aim(g *Group, peak float64) {
	g.InitialLR = At(peak / r.div)
	g.MaxLR = At(peak)
	g.MinLR = At(g.InitialLR.Value / r.finalDiv)
}

func (r *oneCycleRule) next(b *base, t *Table) (values, error) {
	if b.Epoch > r.Total {
		return values{}, fmt.Errorf("tried to step %d times, but the total number of steps is %d", b.Epoch, r.Total)
	}
	start, i := 0.0, 0
	for i < len(r.Phases)-1 && float64(b.Epoch) > r.Phases[i].End {
		start = r.Phases[i].End
		i++
	}
	if i >= len(r.Phases) {
		return values{}, errors.New("there are no phases")
	}
	p := r.Phases[i]
	if p.End == start {
		return values{}, fmt.Errorf("the phase that ends at step %v has no length (%w); change pct_start or total_steps", p.End, errZero)
	}
	u := (float64(b.Epoch) - start) / (p.End - start)
	var v values
	for i, g := range t.Groups {
		lr, err := r.anneal(g, p.StartLR, p.EndLR, u)
		if err != nil {
			return values{}, fmt.Errorf("group %d: %w", i, err)
		}
		v.lrs = append(v.lrs, lr)
		if !r.CycleMomentum {
			continue
		}
		m, err := r.anneal(g, p.StartMomentum, p.EndMomentum, u)
		if err != nil {
			return values{}, fmt.Errorf("group %d: %w", i, err)
		}
		v.momenta = append(v.momenta, m)
	}
	return v, nil
}

// anneal is the value at u between two of the group's settings.
func (r *oneCycleRule) anneal(g Group, from, to string, u float64) (float64, error) {
	a, z := g.setting(from), g.setting(to)
	if !a.Set || !z.Set {
		return 0, fmt.Errorf("it has no %s or no %s: it was added without telling the scheduler", from, to)
	}
	if r.Strategy == "linear" {
		return (z.Value-a.Value)*u + a.Value, nil
	}
	return z.Value + (a.Value-z.Value)/2*(math.Cos(math.Pi*u)+1), nil
}

// setting finds what a cycle's phase names.
func (g Group) setting(name string) Setting {
	switch name {
	case "initial_lr":
		return g.InitialLR
	case "max_lr":
		return g.MaxLR
	case "min_lr":
		return g.MinLR
	case "max_momentum":
		return g.MaxMomentum
	case "base_momentum":
		return g.BaseMomentum
	}
	return Setting{}
}

// extend takes a late group's LR as its peak.
func (r *oneCycleRule) extend(b *base, t *Table, lrs []float64) error {
	for i, lr := range lrs {
		at := len(t.Groups) - len(lrs) + i
		g := &t.Groups[at]
		r.aim(g, lr)
		b.BaseLR[at] = g.InitialLR.Value
		if r.CycleMomentum {
			g.MaxMomentum, g.BaseMomentum = t.Groups[0].MaxMomentum, t.Groups[0].BaseMomentum
			g.Momentum = t.Groups[0].Momentum
		}
	}
	return nil
}
