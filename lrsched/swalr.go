package lrsched

import (
	"fmt"
	"math"
)

// SWALR anneals each group's LR to swa_lr in anneal_epochs steps and holds it
// there: lr(t) = swa·α + b·(1 − α), α = min(1, t/N) or (1 − cos(π·min(1, t/N)))/2,
// recursively. Source: torch.optim.swa_utils; Izmailov et al. 2018.
type SWALR struct {
	SWALR          PerGroup `json:"swa_lr" arg:"required" doc:"LR to anneal to, one for all groups or one for each"`
	AnnealEpochs   int      `json:"anneal_epochs" arg:"strict" doc:"steps of the annealing"`
	AnnealStrategy string   `json:"anneal_strategy" doc:"cos or linear"`
}

func (c SWALR) validate() error {
	if c.AnnealStrategy != "cos" && c.AnnealStrategy != "linear" {
		return fmt.Errorf("anneal_strategy: must be cos or linear, got %q", c.AnnealStrategy)
	}
	if c.AnnealEpochs < 0 {
		return fmt.Errorf("anneal_epochs: must be 0 or more, got %d", c.AnnealEpochs)
	}
	return nil
}

// Build implements Builder.
func (c SWALR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	lrs, err := c.SWALR.spread("swa_lr", len(s.Table.Groups))
	if err != nil {
		return nil, err
	}
	for i, lr := range lrs {
		s.Table.Groups[i].SWALR = At(lr)
	}
	return start(s, "SWALR", &swaRule{c.AnnealEpochs, c.AnnealStrategy})
}

type swaRule struct {
	Epochs   int    `json:"anneal_epochs"`
	Strategy string `json:"_anneal_strategy"`
}

// alpha is how far the annealing is after the given steps.
func (r *swaRule) alpha(step int) float64 {
	t := max(0, min(1, float64(step)/float64(max(1, r.Epochs))))
	if r.Strategy == "cos" {
		return (1 - math.Cos(math.Pi*t)) / 2
	}
	return t
}

func (r *swaRule) next(b *base, t *Table) (values, error) {
	step := b.Count - 1
	if r.Epochs == 0 {
		step = max(1, step)
	}
	before, now := r.alpha(step-1), r.alpha(step)
	v := current(t)
	for i, g := range t.Groups {
		if !g.SWALR.Set {
			return values{}, fmt.Errorf("group %d has no swa_lr: it was added without telling the scheduler", i)
		}
		swa, start := g.SWALR.Value, g.SWALR.Value
		if before != 1 {
			start = (g.LR - before*swa) / (1 - before)
		}
		v.lrs[i] = swa*now + start*(1-now)
	}
	return v, nil
}

// extend anneals a late group to the same share of its LR as the first group.
func (r *swaRule) extend(b *base, t *Table, lrs []float64) error {
	for i, lr := range lrs {
		swa := t.Groups[0].SWALR.Value
		if b.BaseLR[0] != 0 {
			swa *= lr / b.BaseLR[0]
		}
		t.Groups[len(t.Groups)-len(lrs)+i].SWALR = At(swa)
	}
	return nil
}
