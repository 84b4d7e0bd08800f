package lrsched

import (
	"errors"
	"fmt"
)

// Budget is how long a run, or the phase that a scheduler serves, will be.
type Budget struct {
	// TotalSteps counts optimizer steps: 0 where unknown, Unbounded where
	// nothing ends the run.
	TotalSteps int
	// StepsPerEpoch and Epochs are 0 where unknown.
	StepsPerEpoch, Epochs int
}

// Unbounded says that nothing ends the run.
const Unbounded = -1

// Horizon is how many steps a scheduler with config c will make; 0 is unknown
// or without end.
func (b Budget) Horizon(c Config) int {
	frequency := max(c.Frequency, 1)
	switch {
	case c.Interval == ByStep && frequency == 1:
		return max(b.TotalSteps, 0)
	case c.Interval == ByStep && b.StepsPerEpoch > 0 && b.Epochs > 0:
		return b.StepsPerEpoch / frequency * b.Epochs
	case c.Interval == ByStep:
		return max(b.TotalSteps, 0) / frequency
	case b.Epochs > 0:
		return b.Epochs / frequency
	case b.TotalSteps > 0 && b.StepsPerEpoch > 0:
		return ceilDiv(b.TotalSteps, b.StepsPerEpoch) / frequency
	}
	return 0
}

// Training says what decides a run's length, by Lightning's names.
type Training struct {
	// Batches is the length of one epoch on one rank (see Batches), before
	// Limit; -1 where the source does not know its length.
	Batches int
	// Limit is limit_train_batches.
	Limit Limit
	// Accumulate is accumulate_grad_batches; 0 means 1. An epoch's last, partial
	// window makes a step of its own.
	Accumulate int
	// MaxEpochs and MaxSteps end the run; -1 is no limit.
	MaxEpochs, MaxSteps int
}

// Limit shortens an epoch; the zero value does not.
type Limit struct {
	batches  int
	fraction float64
	kind     stepsKind
}

// LimitBatches keeps at most n batches.
func LimitBatches(n int) Limit { return Limit{batches: n, kind: byCount} }

// LimitFraction keeps the share f, in [0, 1], of the batches, rounded down.
func LimitFraction(f float64) Limit { return Limit{fraction: f, kind: byFraction} }

// Of is how many of n batches remain; n is -1 where unknown.
func (l Limit) Of(n int) (int, error) {
	switch {
	case l.kind == byCount && n < 0:
		return l.batches, nil
	case l.kind == byCount:
		return min(l.batches, n), nil
	case l.kind == byFraction && n < 0 && l.fraction != 1:
		return 0, fmt.Errorf("limit_train_batches %v: the data do not know their length; give a number of batches", l.fraction)
	case l.kind == byFraction && n >= 0:
		return int(float64(n) * l.fraction), nil
	}
	return n, nil
}

// Batches is how many batches one rank sees in an epoch. Ranks share the
// samples evenly: each gets ⌈samples/world⌉, so that some samples are seen
// twice, as with torch's DistributedSampler, and a last, smaller batch. With
// dropLast nothing is seen twice: it is what one process with a world times
// larger batch makes, ⌊samples/(world·batchSize)⌋.
func Batches(samples, batchSize, world int, dropLast bool) int {
	world = max(world, 1)
	switch {
	case samples <= 0 || batchSize <= 0:
		return 0
	case dropLast:
		return samples / world / batchSize
	}
	return ceilDiv(ceilDiv(samples, world), batchSize)
}

// Budget computes the run's length:
// min(⌈batches/accumulate⌉ · max(max_epochs, 1), max_steps).
// Source: Lightning 1.8's estimated_stepping_batches.
func (t Training) Budget() (Budget, error) {
	if t.Accumulate < 0 {
		return Budget{}, fmt.Errorf("accumulate_grad_batches: want 1 or more, got %d", t.Accumulate)
	}
	if t.MaxEpochs < -1 || t.MaxSteps < -1 {
		return Budget{}, errors.New("max_epochs and max_steps: want -1 for no limit, or 0 and more")
	}
	batches, err := t.Limit.Of(t.Batches)
	if err != nil {
		return Budget{}, err
	}
	var b Budget
	if batches > 0 {
		b.StepsPerEpoch = ceilDiv(batches, max(t.Accumulate, 1))
	}
	switch {
	case t.MaxEpochs == -1 || batches < 0:
		b.TotalSteps = t.MaxSteps
		if batches < 0 && t.MaxEpochs != -1 {
			b.Epochs = t.MaxEpochs
			b.TotalSteps = max(t.MaxSteps, 0)
		}
	default:
		b.Epochs = max(t.MaxEpochs, 1)
		b.TotalSteps = b.StepsPerEpoch * b.Epochs
		if t.MaxSteps != -1 {
			b.TotalSteps = min(b.TotalSteps, t.MaxSteps)
		}
	}
	if b.TotalSteps > 0 && b.StepsPerEpoch > 0 {
		b.Epochs = ceilDiv(b.TotalSteps, b.StepsPerEpoch)
	}
	return b, nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
