package trainer

import (
	"fmt"
	"math"
)

// Limit bounds a number of batches, as Lightning's limit_*_batches: either a
// count or a share of what there is.
type Limit struct {
	// Share tells that Value is a share in [0,1] rather than a count.
	Share bool
	Value float64
}

// All is the limit that takes everything.
func All() Limit { return Limit{Share: true, Value: 1} }

// Count is the limit of n batches.
func Count(n int) Limit { return Limit{Value: float64(n)} }

// Apply is the number of batches left of n.
func (l Limit) Apply(n int) int {
	if l.Share {
		return int(float64(n) * l.Value)
	}
	return min(n, int(l.Value))
}

func (l Limit) check(name string) error {
	switch {
	case math.IsNaN(l.Value), l.Value < 0:
		return fmt.Errorf("%s: %v is negative", name, l.Value)
	case l.Share && l.Value > 1:
		return fmt.Errorf("%s: a share lies between 0 and 1, not %v", name, l.Value)
	}
	return nil
}

// rhythm says after which batches of an epoch gradients are applied and
// validations run.
type rhythm struct {
	batches    int
	accumulate int
	// valEvery counts batches between validations within the epoch; it equals
	// batches where there is one at the end.
	valEvery int
	// valEpochs is check_val_every_n_epoch.
	valEpochs int
}

// steps tells whether the optimizer steps after batch i.
func (r rhythm) steps(i int) bool { return (i+1)%r.accumulate == 0 || i+1 == r.batches }

// stepsPerEpoch is the number of optimizer steps in an epoch.
func (r rhythm) stepsPerEpoch() int { return (r.batches + r.accumulate - 1) / r.accumulate }

// validates tells whether a validation follows batch i of the epoch.
func (r rhythm) validates(epoch, i int) bool {
	return r.valEvery > 0 && (epoch+1)%r.valEpochs == 0 && (i+1)%r.valEvery == 0
}

// newRhythm reads val_check_interval as Lightning does: a share of the epoch's
// batches, or a count of them.
func newRhythm(batches, accumulate int, interval Limit, valEpochs int) (rhythm, error) {
	r := rhythm{batches: batches, accumulate: max(accumulate, 1), valEpochs: max(valEpochs, 1)}
	if interval.Share {
		r.valEvery = max(1, int(float64(batches)*interval.Value))
		return r, nil
	}
	r.valEvery = int(interval.Value)
	if r.valEvery > batches {
		return r, fmt.Errorf("val_check_interval: %d is more than the %d batches of an epoch\n    hint: give a share such as 0.5, or at most %d", r.valEvery, batches, batches)
	}
	return r, nil
}
