package lrsched

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Steps is a number of steps, or a fraction of all of them: what warm-ups are
// given by. The zero value is not given.
type Steps struct {
	count    int
	fraction float64
	kind     stepsKind
}

type stepsKind int

const (
	notGiven stepsKind = iota
	byCount
	byFraction
)

// Count is n steps.
func Count(n int) Steps { return Steps{count: n, kind: byCount} }

// Fraction is the share f, in [0, 1], of all steps.
func Fraction(f float64) Steps { return Steps{fraction: f, kind: byFraction} }

// ErrLength is the cause where a scheduler needs a length that is neither given
// nor known from the run.
var ErrLength = errors.New("the run's length is not known")

// Given tells whether there is a value at all.
func (s Steps) Given() bool { return s.kind != notGiven }

// Of resolves s where there are total steps in all; 0 is unknown. A fraction is
// rounded half to even, as Lightning Flash does: half of 5 steps are 2, of 7
// steps 4.
func (s Steps) Of(total int) (int, error) {
	switch {
	case s.kind == notGiven:
		return 0, errors.New("no number of steps was given")
	case s.kind == byCount:
		return s.count, nil
	case total <= 0:
		return 0, fmt.Errorf("%v of all steps: %w; give a number of steps", s.fraction, ErrLength)
	}
	return int(math.RoundToEven(s.fraction * float64(total))), nil
}

func (s Steps) written() any {
	switch s.kind {
	case byCount:
		return s.count
	case byFraction:
		return s.fraction
	}
	return nil
}

// toSteps reads an integer as a number of steps and a float within [0, 1] as a
// fraction; 1 is one step and 1.0 all of them.
func toSteps(v any, required bool) (Steps, error) {
	if v == nil && !required {
		return Steps{}, nil
	}
	text, isText := v.(string)
	if i, err := toInt(v, true); err == nil {
		if i < 0 {
			return Steps{}, fmt.Errorf("want 0 steps or more, got %d", i)
		}
		return Count(i), nil
	}
	f, err := toFloat(v, false)
	switch {
	case err != nil:
		return Steps{}, fmt.Errorf("want a number of steps or a fraction, got %s", show(v))
	case f >= 0 && f <= 1:
		return Fraction(f), nil
	case f > 1 && f == math.Trunc(f) && f < 1<<53 && !(isText && strings.Contains(text, ".")):
		return Count(int(f)), nil
	}
	return Steps{}, fmt.Errorf("want a number of steps or a fraction from 0 to 1, got %s", show(v))
}
