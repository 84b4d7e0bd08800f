package lrsched

import (
	"math"
	"strings"
	"testing"
)

// TestBudget: the run's length, by Lightning's rule.
func TestBudget(t *testing.T) {
	for _, c := range []struct {
		name string
		t    Training
		want Budget
	}{
		{"epochs", Training{Batches: 100, MaxEpochs: 3, MaxSteps: -1}, Budget{300, 100, 3}},
		{"at least one epoch", Training{Batches: 100, MaxEpochs: 0, MaxSteps: -1}, Budget{100, 100, 1}},
		{"limited to a number", Training{Batches: 100, Limit: LimitBatches(25), MaxEpochs: 3, MaxSteps: -1}, Budget{75, 25, 3}},
		{"limited to more than there are", Training{Batches: 10, Limit: LimitBatches(50), MaxEpochs: 1, MaxSteps: -1}, Budget{10, 10, 1}},
		{"limited to a share, rounded down", Training{Batches: 10, Limit: LimitFraction(0.15), MaxEpochs: 1, MaxSteps: -1}, Budget{1, 1, 1}},
		{"accumulated, the last window partial", Training{Batches: 100, Accumulate: 3, MaxEpochs: 2, MaxSteps: -1}, Budget{68, 34, 2}},
		{"accumulated over more than an epoch", Training{Batches: 100, Accumulate: 200, MaxEpochs: 2, MaxSteps: -1}, Budget{2, 1, 2}},
		{"ended by steps", Training{Batches: 100, MaxEpochs: 3, MaxSteps: 120}, Budget{120, 100, 2}},
		{"steps that are never reached", Training{Batches: 100, MaxEpochs: 3, MaxSteps: 500}, Budget{300, 100, 3}},
		{"of unknown length", Training{Batches: -1, MaxEpochs: 3, MaxSteps: 500}, Budget{500, 0, 3}},
		{"of unknown length and no steps", Training{Batches: -1, MaxEpochs: 3, MaxSteps: -1}, Budget{0, 0, 3}},
		{"without end", Training{Batches: 100, MaxEpochs: -1, MaxSteps: -1}, Budget{Unbounded, 100, 0}},
		{"by steps alone", Training{Batches: 100, MaxEpochs: -1, MaxSteps: 42}, Budget{42, 100, 1}},
		{"on four ranks", Training{Batches: Batches(100, 1, 4, false), MaxEpochs: 2, MaxSteps: -1}, Budget{50, 25, 2}},
	} {
		if got, err := c.t.Budget(); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", c.name, got, err, c.want)
		}
	}
	for _, c := range []struct {
		t    Training
		want string
	}{
		{Training{Batches: -1, Limit: LimitFraction(0.5), MaxEpochs: 1}, "do not know their length"},
		{Training{Batches: 1, Accumulate: -1}, "accumulate_grad_batches"},
		{Training{Batches: 1, MaxEpochs: -2}, "max_epochs"},
	} {
		if _, err := c.t.Budget(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.t, err, c.want)
		}
	}
}

// TestBatches: samples are shared by the ranks, the last batch kept or not.
func TestBatches(t *testing.T) {
	for _, c := range []struct {
		samples, size, world int
		drop                 bool
		want                 int
	}{
		{10, 3, 1, false, 4},
		{10, 3, 1, true, 3},
		{10, 3, 2, false, 2},
		{10, 3, 2, true, 1},
		{10, 3, 4, false, 1},
		{0, 3, 1, false, 0},
		{5, 0, 1, false, 0},
	} {
		if got := Batches(c.samples, c.size, c.world, c.drop); got != c.want {
			t.Errorf("Batches(%d, %d, %d, %v) = %d, want %d", c.samples, c.size, c.world, c.drop, got, c.want)
		}
	}
}

// TestHorizon: how often a scheduler is stepped in a run of 3 epochs of 5 steps.
func TestHorizon(t *testing.T) {
	b := Budget{TotalSteps: 15, StepsPerEpoch: 5, Epochs: 3}
	for _, c := range []struct {
		config Config
		want   int
	}{
		{Config{Interval: ByStep}, 15},
		{Config{Interval: ByStep, Frequency: 2}, 6}, // the count restarts in every epoch
		{Config{Interval: ByEpoch}, 3},
		{Config{Interval: ByEpoch, Frequency: 2}, 1},
	} {
		got, due := b.Horizon(c.config), 0
		for epoch := range b.Epochs {
			for batch := range b.StepsPerEpoch {
				if c.config.DueAfterBatch(batch) {
					due++
				}
			}
			if c.config.DueAfterEpoch(epoch) {
				due++
			}
		}
		if got != c.want || due != c.want {
			t.Errorf("%+v: horizon %d, stepped %d times; want %d", c.config, got, due, c.want)
		}
	}
	if got := (Budget{TotalSteps: Unbounded}).Horizon(Config{Interval: ByStep}); got != 0 {
		t.Errorf("a run without end has the horizon %d", got)
	}
	if got := (Budget{TotalSteps: 12, StepsPerEpoch: 5}).Horizon(Config{Interval: ByEpoch}); got != 3 {
		t.Errorf("12 steps of 5 an epoch are %d epochs", got)
	}
}

// TestWarmup: a fraction is rounded half to even, as Lightning Flash does.
func TestWarmup(t *testing.T) {
	for _, c := range []struct {
		given any
		total int
		want  int
	}{
		{0.1, 10, 1},
		{0.25, 10, 2},
		{0.35, 10, 4},
		{0.05, 10, 0},
		{0.5, 7, 4},
		{0.5, 5, 2},
		{0.5, 3, 2},
		{0.5, 1, 0},
		{1.0, 10, 10},
		{0.0, 10, 0},
		{"0.1", 10, 1},
		{1, 10, 1},
		{0, 10, 0},
		{"7", 10, 7},
		{7.0, 10, 7},
		{"1e2", 10, 100},
		{int64(3), 0, 3},
	} {
		s, err := toSteps(c.given, true)
		if err != nil {
			t.Errorf("%v: %v", c.given, err)
			continue
		}
		if got, err := s.Of(c.total); err != nil || got != c.want {
			t.Errorf("%v of %d is %d, %v; want %d", c.given, c.total, got, err, c.want)
		}
	}
	for _, bad := range []any{1.5, -0.1, -1, "x", nil, true, math.NaN(), []any{1}} {
		if s, err := toSteps(bad, true); err == nil {
			t.Errorf("%v was read as %+v", bad, s)
		}
	}
}

// TestLength: after how many steps a scheduler has run its course.
func TestLength(t *testing.T) {
	for choice, want := range map[string]int{
		`["CosineAnnealingLR", {"T_max": 7}]`:                                                      7,
		`["MultiStepLR", {"milestones": [9, 3]}]`:                                                  9,
		`["StepLR", {"step_size": 3}]`:                                                             0,
		`["OneCycleLR", {"max_lr": 1}]`:                                                            40,
		`["OneCycleLR", {"max_lr": 1, "total_steps": 50}]`:                                         50,
		`["linear", {"num_warmup_steps": 0.1}]`:                                                    40,
		`["wsd_schedule", {"num_warmup_steps": 0.1, "num_decay_steps": 2, "num_stable_steps": 5}]`: 11,
		`["SequentialLR", {"schedulers": [["LinearLR", {}], ["cosine", {"num_warmup_steps": 0}]], "milestones": [4]}]`:  40,
		`["SequentialLR", {"schedulers": [["LinearLR", {}], ["CosineAnnealingLR", {"T_max": 60}]], "milestones": [4]}]`: 64,
		`["ChainedScheduler", {"schedulers": [["LinearLR", {"total_iters": 9}], ["ConstantLR", {"total_iters": 3}]]}]`:  9,
	} {
		ch, err := ParseChoice(parsed(t, choice))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Builtin().Resolve(ch)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Length(exampleBudget); got != want {
			t.Errorf("%s: %d, want %d", choice, got, want)
		}
	}
}
