package lrsched

import (
	"encoding/json"
	"fmt"
	"slices"
)

// GreedySchedule raises the LRs while the metric improves and lowers them while
// it does not: after more than patience better steps in a row lr =
// min(lr/factor, max_lr), after more than patience worse ones lr = max(lr·factor,
// min_lr). Each change may be followed by steps that do not count (warmup after
// a rise, cooldown after a fall). When all LRs have sat at their floor through
// reset_start reductions, everything starts over. With smooth, the metric is
// averaged over window_size steps. Source: transformers' GreedyLR (5.x).
type GreedySchedule struct {
	Mode          string   `json:"mode" doc:"min or max: which metric is better"`
	Factor        float64  `json:"factor" doc:"factor of a fall and divisor of a rise, below 1"`
	Patience      int      `json:"patience" doc:"steps in a row before a change"`
	Threshold     float64  `json:"threshold" doc:"what an improvement must exceed"`
	ThresholdMode string   `json:"threshold_mode" doc:"rel or abs"`
	Cooldown      int      `json:"cooldown" doc:"steps after a fall that do not count"`
	Warmup        int      `json:"warmup" doc:"steps after a rise that do not count"`
	MinLR         PerGroup `json:"min_lr" doc:"lower bound, one for all groups or one for each"`
	MaxLR         PerGroup `json:"max_lr" doc:"upper bound, one for all groups or one for each"`
	Eps           float64  `json:"eps" doc:"least change of an LR that is made"`
	Verbose       bool     `json:"verbose" doc:"kept for schedules written for transformers; changes show in the run's log"`
	Smooth        bool     `json:"smooth" doc:"average the metric"`
	WindowSize    int      `json:"window_size" doc:"steps of the average"`
	ResetStart    int      `json:"reset_start" doc:"reductions at the floor before starting over"`
}

func (c GreedySchedule) validate() error {
	switch {
	case !(c.Factor < 1):
		return fmt.Errorf("factor: must be below 1, got %v", c.Factor)
	case c.Factor == 0:
		return fmt.Errorf("factor: %w when the LR is raised", errZero)
	case c.Smooth && c.WindowSize < 1:
		return fmt.Errorf("window_size: want 1 or more, got %d", c.WindowSize)
	}
	return better{c.Mode, c.Threshold, c.ThresholdMode}.validate()
}

// Build implements Builder.
func (c GreedySchedule) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	mins, err := c.MinLR.spread("min_lr", len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	maxs, err := c.MaxLR.spread("max_lr", len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	g := &greedy{greedyState{
		Factor: c.Factor, Mins: mins, Maxs: maxs, Patience: c.Patience, Verbose: c.Verbose,
		Cooldown: c.Cooldown, Warmup: c.Warmup, better: better{c.Mode, c.Threshold, c.ThresholdMode}, Eps: c.Eps,
		Smooth: c.Smooth, WindowSize: c.WindowSize, ResetStart: c.ResetStart, ResetOriginal: c.ResetStart,
		Last: s.Table.LRs(), Init: s.Table.LRs(),
	}}
	g.Best = Real(g.worst())
	if c.Smooth {
		g.Average = &streamingAverage{WindowSize: c.WindowSize}
	}
	return g, storable(&g.greedyState)
}

type greedy struct{ greedyState }

type greedyState struct {
	Factor      float64 `json:"factor"`
	Mins        Reals   `json:"min_lrs"`
	Maxs        Reals   `json:"max_lrs"`
	Patience    int     `json:"patience"`
	Verbose     bool    `json:"verbose"`
	Cooldown    int     `json:"cooldown"`
	Warmup      int     `json:"warmup"`
	CoolingDown int     `json:"cooldown_counter"`
	WarmingUp   int     `json:"warmup_counter"`
	better
	Best          Real              `json:"best"`
	Bad           int               `json:"num_bad_epochs"`
	Good          int               `json:"num_good_epochs"`
	Eps           float64           `json:"eps"`
	Epoch         int               `json:"last_epoch"`
	Smooth        bool              `json:"smooth"`
	WindowSize    int               `json:"window_size"`
	ResetStart    int               `json:"reset_start"`
	ResetOriginal int               `json:"reset_start_original"`
	Last          Reals             `json:"_last_lr"`
	Init          Reals             `json:"_init_lrs"`
	Average       *streamingAverage `json:"_streaming_avg,omitempty"`
}

// streamingAverage is the mean of the last values.
type streamingAverage struct {
	WindowSize int   `json:"window_size"`
	Values     Reals `json:"values"`
	Sum        Real  `json:"sum"`
}

func (a *streamingAverage) add(v float64) float64 {
	a.Values = append(a.Values, v)
	a.Sum += Real(v)
	if len(a.Values) > a.WindowSize {
		a.Sum -= Real(a.Values[0])
		a.Values = slices.Clone(a.Values[1:])
	}
	return float64(a.Sum) / float64(len(a.Values))
}

// Class implements Scheduler.
func (g *greedy) Class() string { return "GreedyLR" }

// LastEpoch implements Scheduler.
func (g *greedy) LastEpoch() int { return g.Epoch }

// BaseLRs implements Scheduler: there are none.
func (g *greedy) BaseLRs() []float64 { return nil }

// LastLRs implements Scheduler.
func (g *greedy) LastLRs() []float64 { return slices.Clone(g.Last) }

// MinLRs implements Metered.
func (g *greedy) MinLRs() []float64 { return slices.Clone(g.Mins) }

// Step implements Scheduler: it refuses.
func (g *greedy) Step(*Table) error { return errNoMetric }

// StepMetric implements Metered.
func (g *greedy) StepMetric(t *Table, metric float64) error {
	if len(t.Groups) != len(g.Mins) {
		return fmt.Errorf("GreedyLR: epoch %d: %w", g.Epoch+1, mismatch(len(g.Mins), t))
	}
	if g.Average != nil {
		metric = g.Average.add(metric)
	}
	g.Epoch++
	switch {
	case g.CoolingDown > 0:
		g.CoolingDown--
		g.Bad, g.Good = 0, 0
	case g.WarmingUp > 0:
		g.WarmingUp--
		g.Bad, g.Good = 0, 0
	default:
		g.judge(t, metric)
	}
	g.Last = t.LRs()
	return nil
}

func (g *greedy) judge(t *Table, metric float64) {
	if g.than(metric, float64(g.Best)) {
		g.Best, g.Bad = Real(metric), 0
		g.Good++
	} else {
		g.Bad++
		g.Good = 0
	}
	switch {
	case g.Good > g.Patience:
		g.raise(t)
		g.WarmingUp, g.Good = g.Warmup, 0
	case g.Bad > g.Patience:
		g.lower(t)
		g.CoolingDown, g.Bad = g.Cooldown, 0
	}
}

func (g *greedy) raise(t *Table) {
	for i := range t.Groups {
		group := &t.Groups[i]
		if lr := min(group.LR/g.Factor, g.Maxs[i]); lr-group.LR > g.Eps {
			group.LR = lr
		}
	}
	g.ResetStart = g.ResetOriginal
}

func (g *greedy) lower(t *Table) {
	atFloor := true
	for i := range t.Groups {
		group := &t.Groups[i]
		if lr := max(group.LR*g.Factor, g.Mins[i]); group.LR-lr > g.Eps {
			group.LR = lr
		}
		atFloor = atFloor && group.LR <= g.Mins[i]
	}
	if atFloor {
		if g.ResetStart--; g.ResetStart <= 0 {
			g.reset(t)
		}
	}
}

// reset starts over from the LRs that the scheduler was built with.
func (g *greedy) reset(t *Table) {
	for i := range t.Groups {
		t.Groups[i].LR = g.Init[i]
	}
	g.Best = Real(g.worst())
	g.Bad, g.Good, g.CoolingDown, g.WarmingUp = 0, 0, 0, 0
	g.ResetStart = g.ResetOriginal
	if g.Average != nil {
		g.Average = &streamingAverage{WindowSize: g.WindowSize}
	}
}

// Extend implements Scheduler: a late group takes the first group's bounds.
func (g *greedy) Extend(_ *Table, lrs []float64) error {
	n := len(g.Mins) + len(lrs)
	g.Mins = append(slices.Clone(g.Mins), slices.Repeat(g.Mins[:min(1, len(g.Mins))], len(lrs))...)
	g.Maxs = append(slices.Clone(g.Maxs), slices.Repeat(g.Maxs[:min(1, len(g.Maxs))], len(lrs))...)
	g.Init = append(slices.Clone(g.Init), lrs...)
	if len(g.Mins) != n || len(g.Init) != n {
		return fmt.Errorf("GreedyLR: there is no first group whose bounds %d late groups could take", len(lrs))
	}
	return nil
}

// State implements Scheduler.
func (g *greedy) State() json.RawMessage { return merged(&g.greedyState) }

// Load implements Scheduler.
func (g *greedy) Load(state json.RawMessage) error {
	s := g.greedyState
	s.Average = nil
	if err := load("GreedyLR", state, &s); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("GreedyLR: state: %w", err)
	}
	if len(s.Maxs) != len(s.Mins) || len(s.Init) != len(s.Mins) {
		return fmt.Errorf("GreedyLR: state: its lists differ in length")
	}
	g.greedyState = s
	return nil
}
