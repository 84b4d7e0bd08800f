package tensor

import (
	"slices"
	"testing"

	"github.com/thaw-go/thaw/engine"
)

// kept drops half of a tensor of ones of so many samples and gives what is left.
func kept(t *testing.T, tape *Tape, ids []int64, module string) []float64 {
	t.Helper()
	var out []float64
	do(t, tape, func() {
		tape.SetSamples(ids)
		out = tape.Dropout(tape.Full(engine.Of(len(ids), 64), 1), .5, module).Float64s()
	})
	return out
}

func TestDropoutFollowsTheSample(t *testing.T) {
	tape := newTape(t)
	tape.SetRandom(1, 0)
	fresh := func(ids []int64, module string) []float64 {
		tape.Reset()
		return kept(t, tape, ids, module)
	}
	both := fresh([]int64{7, 8}, "m")
	swapped := fresh([]int64{8, 7}, "m")
	if !slices.Equal(both[:64], swapped[64:]) || !slices.Equal(both[64:], swapped[:64]) {
		t.Error("a sample's mask depends on its place in the batch")
	}
	if slices.Equal(both[:64], both[64:]) {
		t.Error("two samples have one mask")
	}
	if slices.Equal(both, fresh([]int64{7, 8}, "n")) {
		t.Error("two modules have one mask")
	}
	tape.SetRandom(1, 1)
	if slices.Equal(both, fresh([]int64{7, 8}, "m")) {
		t.Error("two epochs have one mask")
	}
	tape.SetRandom(2, 0)
	if slices.Equal(both, fresh([]int64{7, 8}, "m")) {
		t.Error("two seeds have one mask")
	}
	tape.SetRandom(1, 0)
	if !slices.Equal(both, fresh([]int64{7, 8}, "m")) {
		t.Error("the same place does not draw the same again")
	}
	if again := kept(t, tape, []int64{7, 8}, "m"); slices.Equal(both, again) {
		t.Error("a module that is used twice draws the same twice")
	}
	tape.Reset()
	tape.Enter("pass2")
	if slices.Equal(both, kept(t, tape, []int64{7, 8}, "m")) {
		t.Error("a module draws the same in two blocks")
	}
}

func TestDropoutKeepsTheMean(t *testing.T) {
	tape := newTape(t)
	do(t, tape, func() {
		tape.SetSamples([]int64{3})
		y := tape.Dropout(tape.Full(engine.Of(1, 1<<16), 1), .25, "m")
		// 65,536 draws of variance 1/3: five standard errors are 0.0113.
		if m := tape.Mean(y).Item(); m < 1-.0113 || m > 1+.0113 {
			t.Errorf("mean %v after dropout, 1 before", m)
		}
		tape.SetTraining(false)
		if tape.Dropout(y, .25, "m") != y {
			t.Error("dropout does something while evaluating")
		}
	})
}

// TestDropoutOfFlattenedBatches: rows of one sample stay together.
func TestDropoutOfFlattenedBatches(t *testing.T) {
	tape := newTape(t)
	draw := func(dims ...int) []float64 {
		tape.Reset()
		var out []float64
		do(t, tape, func() {
			tape.SetSamples([]int64{7, 8})
			out = tape.Dropout(tape.Full(engine.Of(dims...), 1), .5, "m").Float64s()
		})
		return out
	}
	if !slices.Equal(draw(2, 3, 4), draw(6, 4)) {
		t.Error("[2,3,4] and [6,4] differ")
	}
}
