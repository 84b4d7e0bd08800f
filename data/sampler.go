package data

import (
	"fmt"

	"github.com/thaw-go/thaw/rng"
)

// Sampler says which samples make which batch. Its zero value with Len and
// BatchSize takes all samples in order.
type Sampler struct {
	Len       int
	BatchSize int
	// Shuffle orders every epoch anew, by (Seed, epoch).
	Shuffle bool
	Seed    uint64
	// DropLast leaves out a last batch that is not full.
	DropLast bool
	// Rank of World processes takes every World-th sample, so that the World
	// batches of one step hold what one process with a World times larger
	// batch would take. World 0 is 1.
	Rank, World int
	// Uneven lets ranks have numbers of samples that differ by one. Otherwise
	// samples from the start of the order are repeated (or, with DropLast,
	// those at its end left out), as torch's DistributedSampler does, so that
	// all ranks take the same number of steps.
	Uneven bool
}

func (s Sampler) validate() error {
	switch {
	case s.Len < 0:
		return fmt.Errorf("a dataset of %d samples", s.Len)
	case s.BatchSize < 1:
		return fmt.Errorf("batch_size is %d; it must be at least 1", s.BatchSize)
	case s.World < 0 || s.Rank < 0 || s.Rank >= s.world():
		return fmt.Errorf("rank %d of %d processes", s.Rank, s.World)
	}
	return nil
}

func (s Sampler) world() int { return max(1, s.World) }

// count is the number of samples that this rank takes in an epoch.
func (s Sampler) count() int {
	w := s.world()
	switch {
	case s.Uneven:
		return (s.Len - s.Rank + w - 1) / w
	case s.DropLast:
		return s.Len / w
	}
	return (s.Len + w - 1) / w
}

// Batches is the number of batches in an epoch, the same for every epoch.
func (s Sampler) Batches() int {
	n := s.count()
	if s.DropLast {
		return n / s.BatchSize
	}
	return (n + s.BatchSize - 1) / s.BatchSize
}

// Order lists the samples that this rank takes in an epoch; each BatchSize of
// them make a batch.
func (s Sampler) Order(epoch int) []int {
	var perm []int
	if s.Shuffle {
		stream := rng.New(s.Seed, uint64(epoch), rng.Name("data order"))
		perm = stream.Perm(s.Len)
	}
	n := s.count()
	if s.DropLast {
		n -= n % s.BatchSize
	}
	order := make([]int, n)
	for k := range order {
		i := (k*s.world() + s.Rank) % s.Len
		if perm != nil {
			i = perm[i]
		}
		order[k] = i
	}
	return order
}
