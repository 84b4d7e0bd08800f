package data

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawSampler(t *rapid.T) Sampler {
	s := Sampler{
		Len: rapid.IntRange(0, 40).Draw(t, "len"), BatchSize: rapid.IntRange(1, 9).Draw(t, "batch"),
		Shuffle: rapid.Bool().Draw(t, "shuffle"), DropLast: rapid.Bool().Draw(t, "drop"),
		Seed: rapid.Uint64().Draw(t, "seed"), World: rapid.IntRange(0, 5).Draw(t, "world"),
	}
	s.Rank = rapid.IntRange(0, max(0, s.World-1)).Draw(t, "rank")
	return s
}

func TestUnevenRanksTakeEverySampleOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSampler(t)
		s.Uneven, s.DropLast = true, false
		var all []int
		for s.Rank = range s.world() {
			all = append(all, s.Order(3)...)
		}
		slices.Sort(all)
		want := Sampler{Len: s.Len, BatchSize: 1}.Order(0)
		if !slices.Equal(all, want) {
			t.Fatalf("%v", all)
		}
	})
}

func TestEvenRanksStepTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSampler(t)
		seen := map[int]int{}
		batches := s.Batches()
		for s.Rank = range s.world() {
			order := s.Order(1)
			if s.Batches() != batches {
				t.Fatalf("rank %d has %d batches, another %d", s.Rank, s.Batches(), batches)
			}
			full := batches * s.BatchSize
			if s.DropLast && len(order) != full || len(order) > full || len(order) <= full-s.BatchSize && full > 0 {
				t.Fatalf("%d samples in %d batches of %d", len(order), batches, s.BatchSize)
			}
			for _, i := range order {
				seen[i]++
			}
		}
		if !s.DropLast && len(seen) != s.Len {
			t.Fatalf("%d of %d samples were taken", len(seen), s.Len)
		}
	})
}

// What several ranks take in one step is what one process with larger batches
// takes.
func TestRanksShareTheGlobalBatch(t *testing.T) {
	one := Sampler{Len: 24, BatchSize: 6, Shuffle: true, Seed: 5}
	var global []int
	for rank := range 3 {
		s := Sampler{Len: 24, BatchSize: 2, Shuffle: true, Seed: 5, Rank: rank, World: 3}
		global = append(global, s.Order(2)[2:4]...) // batch 1
	}
	want := slices.Clone(one.Order(2)[6:12])
	slices.Sort(global)
	slices.Sort(want)
	if !slices.Equal(global, want) {
		t.Errorf("%v, want %v", global, want)
	}
}

func TestShuffleDependsOnSeedAndEpochAlone(t *testing.T) {
	s := Sampler{Len: 10, BatchSize: 4, Shuffle: true, Seed: 42}
	// A promise: a run resumed by a later version sees the same order.
	if got := s.Order(0); !slices.Equal(got, []int{3, 0, 7, 5, 8, 4, 6, 2, 9, 1}) {
		t.Errorf("epoch 0: %v", got)
	}
	if slices.Equal(s.Order(0), s.Order(1)) {
		t.Error("two epochs have the same order")
	}
	other := s
	other.Seed = 43
	if slices.Equal(s.Order(0), other.Order(0)) {
		t.Error("two seeds have the same order")
	}
	other = s
	other.BatchSize, other.World = 3, 1
	if !slices.Equal(s.Order(4), other.Order(4)) {
		t.Error("the batch size changed the order")
	}
}

func TestBadSamplers(t *testing.T) {
	for _, c := range []struct {
		s    Sampler
		want string
	}{
		{Sampler{Len: 1}, "batch_size is 0"},
		{Sampler{Len: 1, BatchSize: 1, Rank: 2, World: 2}, "rank 2 of 2"},
		{Sampler{Len: 1, BatchSize: 1, Rank: -1}, "rank -1"},
	} {
		if err := c.s.validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}
