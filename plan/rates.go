package plan

import (
	"math"

	"github.com/thaw-go/thaw/phase"
)

// Range is the least and the greatest of some learning rates.
type Range struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// mostSteps bounds the steps that are played for the ranges.
const mostSteps = 200_000

// ratesOf gives the learning rates that each phase sees when no metric ever
// improves, which is the shortest course: phases end by their epoch, or as soon
// as patience lets them. Phases that this course does not reach, and groups
// before them, are at the rates they begin with.
func ratesOf(c phase.Config) []Range {
	out := make([]Range, c.Plan.Len())
	for i := range out {
		out[i] = beginning(c, i)
	}
	sim, err := Unimproved(c)
	if err != nil {
		return out
	}
	seen := make([]bool, len(out))
	k := 0
	for i, e := range sim.Epochs {
		from := 0
		if i > 0 {
			from = lastStep(c, i-1)
		}
		for k+1 < len(sim.Rates) && sim.Rates[k+1].Step <= from {
			k++
		}
		r := &out[e.Phase]
		if !seen[e.Phase] {
			*r, seen[e.Phase] = Range{math.Inf(1), math.Inf(-1)}, true
		}
		for j := k; j < len(sim.Rates) && sim.Rates[j].Step < lastStep(c, i); j++ {
			for _, lr := range sim.Rates[j].LRs {
				r.Min, r.Max = min(r.Min, lr), max(r.Max, lr)
			}
		}
	}
	return out
}

// lastStep counts the steps up to the end of epoch i.
func lastStep(c phase.Config, i int) int { return (i + 1) * max(c.StepsPerEpoch, 1) }

// beginning is the rates of the groups up to phase i as they are made.
func beginning(c phase.Config, i int) Range {
	r := Range{math.Inf(1), math.Inf(-1)}
	for k := range i + 1 {
		lr := c.Plan.Phase(k).LR
		if k == 0 {
			info, err := c.Optimizers(c.Optimizer)
			if err != nil {
				continue
			}
			lr, _ = info.Options["lr"].(float64)
		}
		r.Min, r.Max = min(r.Min, lr), max(r.Max, lr)
	}
	return r
}

// Unimproved plays a fit whose metrics stay the same.
func Unimproved(c phase.Config) (*phase.Simulation, error) {
	c.RestoreBest, c.Checkpoint = false, nil
	metrics := map[string]float64{}
	if es := c.EarlyStopping; es != nil {
		metrics[es.Monitor] = 1
	}
	for i := range c.Plan.Len() {
		if name := c.Monitor(i); name != "" {
			metrics[name] = 1
		}
	}
	epochs := mostSteps / max(c.StepsPerEpoch, 1)
	if c.MaxEpochs >= 0 {
		epochs = min(epochs, c.MaxEpochs)
	}
	ep := phase.TraceEpoch{Train: metrics, Validations: []phase.Validation{{Metrics: metrics}}}
	tr := phase.Trace{}
	for range max(epochs, 1) {
		tr.Epochs = append(tr.Epochs, ep)
	}
	return phase.Simulate(c, tr)
}
