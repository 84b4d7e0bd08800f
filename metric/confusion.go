package metric

import (
	"fmt"
	"math"
)

// confusion counts the pairs of target and prediction.
type confusion struct {
	classes int
	count   []int64 // [target][prediction]
	value   func(c *confusion) float64
}

func newConfusion(c Config, value func(*confusion) float64) (Metric, error) {
	if c.Classes < 1 {
		return nil, fmt.Errorf("metric: %d classes", c.Classes)
	}
	return &confusion{classes: c.Classes, count: make([]int64, c.Classes*c.Classes), value: value}, nil
}

func (c *confusion) Update(scores []float64, targets []int64) {
	rows(scores, targets, c.classes)
	for i, t := range targets {
		if t < 0 || int(t) >= c.classes {
			continue // an ignored target
		}
		p := argmax(scores[i*c.classes : (i+1)*c.classes])
		c.count[int(t)*c.classes+p]++
	}
}

func (c *confusion) Merge(o Metric) {
	for i, n := range o.(*confusion).count {
		c.count[i] += n
	}
}

func (c *confusion) Reset() { clear(c.count) }

func (c *confusion) Value() float64 { return c.value(c) }

// margins are the totals by target and by prediction, the hits, and all.
func (c *confusion) margins() (target, predicted, hit []float64, total float64) {
	target, predicted, hit = make([]float64, c.classes), make([]float64, c.classes), make([]float64, c.classes)
	for t := range c.classes {
		for p := range c.classes {
			n := float64(c.count[t*c.classes+p])
			target[t] += n
			predicted[p] += n
			total += n
			if t == p {
				hit[t] = n
			}
		}
	}
	return target, predicted, hit, total
}

// newAccuracy is the share of hits.
func newAccuracy(c Config) (Metric, error) {
	return newConfusion(c, func(c *confusion) float64 {
		_, _, hit, total := c.margins()
		var sum float64
		for _, h := range hit {
			sum += h
		}
		return sum / total
	})
}

// newF1 is the macro average of 2·hit/(targets+predictions), 0 for a class that
// occurs in neither (as scikit-learn's f1_score with zero_division=0).
func newF1(c Config) (Metric, error) {
	return newConfusion(c, func(c *confusion) float64 {
		target, predicted, hit, total := c.margins()
		if total == 0 {
			return math.NaN()
		}
		var sum, seen float64
		for i := range hit {
			if d := target[i] + predicted[i]; d > 0 {
				sum += 2 * hit[i] / d
				seen++
			}
		}
		return sum / seen
	})
}

// newMCC is the multi-class Matthews correlation coefficient (Gorodkin 2004);
// 0 where a margin is degenerate.
func newMCC(c Config) (Metric, error) {
	return newConfusion(c, func(c *confusion) float64 {
		target, predicted, hit, total := c.margins()
		if total == 0 {
			return math.NaN()
		}
		var h, tp, tt, pp float64
		for i := range hit {
			h += hit[i]
			tp += target[i] * predicted[i]
			tt += target[i] * target[i]
			pp += predicted[i] * predicted[i]
		}
		d := math.Sqrt((total*total - pp) * (total*total - tt))
		if d == 0 {
			return 0
		}
		return (h*total - tp) / d
	})
}
