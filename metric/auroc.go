package metric

import (
	"fmt"
	"math"
	"slices"
)

// auroc keeps every score: the area is a statement about their order.
type auroc struct {
	score []float64
	pos   []bool
}

func newAUROC(c Config) (Metric, error) {
	if c.Classes != 2 {
		return nil, fmt.Errorf("metric: auroc needs 2 classes, not %d", c.Classes)
	}
	return &auroc{}, nil
}

// Update ranks by the margin of class 1 over class 0, which orders logits and
// probabilities alike.
func (a *auroc) Update(scores []float64, targets []int64) {
	rows(scores, targets, 2)
	for i, t := range targets {
		if t == 0 || t == 1 {
			a.score = append(a.score, scores[2*i+1]-scores[2*i])
			a.pos = append(a.pos, t == 1)
		}
	}
}

func (a *auroc) Merge(o Metric) {
	b := o.(*auroc)
	a.score, a.pos = append(a.score, b.score...), append(a.pos, b.pos...)
}

func (a *auroc) Reset() { a.score, a.pos = a.score[:0], a.pos[:0] }

// Value is the Mann-Whitney U statistic over the number of pairs, ties counted
// half; NaN where a class is missing.
func (a *auroc) Value() float64 {
	order := make([]int, len(a.score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a.score[i] < a.score[j]:
			return -1
		case a.score[i] > a.score[j]:
			return 1
		}
		return 0
	})
	var ranks, positives float64
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && a.score[order[j]] == a.score[order[i]] {
			j++
		}
		mean := float64(i+j+1) / 2 // ranks count from 1
		for _, k := range order[i:max(j, i+1)] {
			if a.pos[k] {
				ranks += mean
				positives++
			}
		}
		i = max(j, i+1)
	}
	negatives := float64(len(order)) - positives
	if positives == 0 || negatives == 0 {
		return math.NaN()
	}
	return (ranks - positives*(positives+1)/2) / (positives * negatives)
}
