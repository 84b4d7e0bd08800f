package lrsched

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// MultiStepLR multiplies the LR by gamma at each milestone:
// lr(t) = b·gamma^#{m ≤ t}, recursively. A milestone that stands twice counts
// twice; 0 never comes. Source: torch.optim.lr_scheduler.
type MultiStepLR struct {
	Milestones []int   `json:"milestones" arg:"required" doc:"steps at which the LR decays, in any order"`
	Gamma      float64 `json:"gamma" doc:"factor of each decay"`
}

// Build implements Builder.
func (c MultiStepLR) Build(s Site) (Scheduler, error) {
	r := &multiStepRule{Milestones: milestones{}, Gamma: c.Gamma}
	for _, m := range c.Milestones {
		r.Milestones[m]++
	}
	return start(s, "MultiStepLR", r)
}

type multiStepRule struct {
	Milestones milestones `json:"milestones"`
	Gamma      float64    `json:"gamma"`
}

func (r *multiStepRule) next(b *base, t *Table) (values, error) {
	n := r.Milestones[b.Epoch]
	if n == 0 {
		return current(t), nil
	}
	return scaled(t, pow(r.Gamma, float64(n))), nil
}

func (r *multiStepRule) closed(b *base) ([]float64, error) {
	n := 0
	for m, times := range r.Milestones {
		if m <= b.Epoch {
			n += times
		}
	}
	f := pow(r.Gamma, float64(n))
	return ofBase(b, func(lr float64) float64 { return lr * f }), nil
}

// milestones counts how often each step stands in the list, as torch's Counter
// does; its JSON form has the steps as keys in ascending order.
type milestones map[int]int

// MarshalJSON implements json.Marshaler.
func (m milestones) MarshalJSON() ([]byte, error) {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := []byte{'{'}
	for i, k := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `"%d":%d`, k, m[k])
	}
	return append(out, '}'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *milestones) UnmarshalJSON(text []byte) error {
	var in map[string]int
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*m = milestones{}
	for k, n := range in {
		i, err := strconv.Atoi(k)
		if err != nil {
			return fmt.Errorf("milestone %q: want an integer", k)
		}
		(*m)[i] = n
	}
	return nil
}
