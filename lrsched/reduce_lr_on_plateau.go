package lrsched

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ReduceLROnPlateau multiplies the LRs by factor when the metric has not
// improved for more than patience steps. Better is, for mode min, m < best·(1 −
// threshold) (rel) or m < best − threshold (abs), and for max the mirror image;
// NaN is never better. In relative mode a negative metric makes the threshold
// work the other way, as in torch. Source: torch.optim.lr_scheduler.
type ReduceLROnPlateau struct {
	Mode          string   `json:"mode" doc:"min or max: which metric is better"`
	Factor        float64  `json:"factor" doc:"factor of a reduction, below 1"`
	Patience      int      `json:"patience" doc:"steps without improvement that are accepted"`
	Threshold     float64  `json:"threshold" doc:"what an improvement must exceed"`
	ThresholdMode string   `json:"threshold_mode" doc:"rel or abs"`
	Cooldown      int      `json:"cooldown" doc:"steps after a reduction that do not count"`
	MinLR         PerGroup `json:"min_lr" doc:"lower bound, one for all groups or one for each"`
	Eps           float64  `json:"eps" doc:"least change of an LR that is made"`
}

func (c ReduceLROnPlateau) validate() error {
	if !(c.Factor < 1) {
		return fmt.Errorf("factor: must be below 1, got %v", c.Factor)
	}
	return c.better().validate()
}

func (c ReduceLROnPlateau) better() better { return better{c.Mode, c.Threshold, c.ThresholdMode} }

// Build implements Builder.
func (c ReduceLROnPlateau) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	mins, err := c.MinLR.spread("min_lr", len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	p := &plateau{plateauState{
		Factor: c.Factor, Patience: c.Patience, Cooldown: c.Cooldown, Eps: c.Eps,
		better: c.better(), Mins: mins, Last: s.Table.LRs(),
	}}
	if !c.MinLR.List {
		bound := Real(c.MinLR.Values[0])
		p.DefaultMin = &bound
	}
	p.Worst = Real(p.worst())
	p.Best = p.Worst
	return p, storable(&p.plateauState)
}

type plateau struct{ plateauState }

type plateauState struct {
	Factor   float64 `json:"factor"`
	Patience int     `json:"patience"`
	Cooldown int     `json:"cooldown"`
	Eps      float64 `json:"eps"`
	better
	// DefaultMin is the bound for all groups; nil where there is a list.
	DefaultMin  *Real `json:"default_min_lr"`
	Mins        Reals `json:"min_lrs"`
	Last        Reals `json:"_last_lr"`
	Epoch       int   `json:"last_epoch"`
	Worst       Real  `json:"mode_worse"`
	Best        Real  `json:"best"`
	CoolingDown int   `json:"cooldown_counter"`
	Bad         int   `json:"num_bad_epochs"`
}

// Class implements Scheduler.
func (p *plateau) Class() string { return "ReduceLROnPlateau" }

// LastEpoch implements Scheduler.
func (p *plateau) LastEpoch() int { return p.Epoch }

// BaseLRs implements Scheduler: there are none.
func (p *plateau) BaseLRs() []float64 { return nil }

// LastLRs implements Scheduler.
func (p *plateau) LastLRs() []float64 { return slices.Clone(p.Last) }

// MinLRs implements Metered.
func (p *plateau) MinLRs() []float64 { return slices.Clone(p.Mins) }

// Step implements Scheduler: it refuses.
func (p *plateau) Step(*Table) error { return errNoMetric }

var errNoMetric = errors.New("the scheduler is stepped with a metric, and none was given")

// StepMetric implements Metered.
func (p *plateau) StepMetric(t *Table, metric float64) error {
	p.Epoch++
	if p.than(metric, float64(p.Best)) {
		p.Best, p.Bad = Real(metric), 0
	} else {
		p.Bad++
	}
	if p.CoolingDown > 0 {
		p.CoolingDown--
		p.Bad = 0
	}
	if p.Bad > p.Patience {
		if err := p.reduce(t); err != nil {
			return fmt.Errorf("ReduceLROnPlateau: epoch %d: %w", p.Epoch, err)
		}
		p.CoolingDown, p.Bad = p.Cooldown, 0
	}
	p.Last = t.LRs()
	return nil
}

func (p *plateau) reduce(t *Table) error {
	if len(p.Mins) != len(t.Groups) {
		if p.DefaultMin == nil {
			return mismatch(len(p.Mins), t)
		}
		p.Mins = slices.Repeat(Reals{float64(*p.DefaultMin)}, len(t.Groups))
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		if lr := max(g.LR*p.Factor, p.Mins[i]); g.LR-lr > p.Eps {
			g.LR = lr
		}
	}
	return nil
}

// Extend implements Scheduler: a late group takes the first group's bound.
func (p *plateau) Extend(_ *Table, lrs []float64) error {
	p.Mins = append(slices.Clone(p.Mins), slices.Repeat(p.Mins[:min(1, len(p.Mins))], len(lrs))...)
	return nil
}

// State implements Scheduler.
func (p *plateau) State() json.RawMessage { return merged(&p.plateauState) }

// Load implements Scheduler.
func (p *plateau) Load(state json.RawMessage) error {
	s := p.plateauState
	if err := load("ReduceLROnPlateau", state, &s); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("ReduceLROnPlateau: state: %w", err)
	}
	p.plateauState = s
	return nil
}

// better is when a metric counts as an improvement.
type better struct {
	Mode          string  `json:"mode"`
	Threshold     float64 `json:"threshold"`
	ThresholdMode string  `json:"threshold_mode"`
}

func (b better) validate() error {
	if b.Mode != "min" && b.Mode != "max" {
		return fmt.Errorf("mode: %q is unknown; want min or max", b.Mode)
	}
	if b.ThresholdMode != "rel" && b.ThresholdMode != "abs" {
		return fmt.Errorf("threshold_mode: %q is unknown; want rel or abs", b.ThresholdMode)
	}
	return nil
}

// worst is what every metric improves on.
func (b better) worst() float64 {
	if b.Mode == "min" {
		return math.Inf(1)
	}
	return math.Inf(-1)
}

// than tells whether m improves on best.
func (b better) than(m, best float64) bool {
	switch {
	case b.Mode == "min" && b.ThresholdMode == "rel":
		return m < best*(1-b.Threshold)
	case b.Mode == "min":
		return m < best-b.Threshold
	case b.ThresholdMode == "rel":
		return m > best*(b.Threshold+1)
	}
	return m > best+b.Threshold
}
