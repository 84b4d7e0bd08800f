package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Refusals begin with torch's texts and end with the argument's legal range.

// checkRate checks a learning rate and a weight decay.
func checkRate(lr, wd float64) error {
	if !(lr >= 0) {
		return outside("learning rate", lr, "lr must be at least 0")
	}
	return checkAtLeastZero("weight_decay value", wd)
}

func checkEps(eps float64) error {
	if !(eps >= 0) {
		return outside("epsilon value", eps, "eps must be at least 0")
	}
	return nil
}

// checkAtLeastZero checks an option whose value torch's text calls what: its
// name and the word value.
func checkAtLeastZero(what string, v float64) error {
	if !(v >= 0) {
		return outside(what, v, strings.TrimSuffix(what, " value")+" must be at least 0")
	}
	return nil
}

func checkBetas(betas ...float64) error {
	for i, b := range betas {
		if !(b >= 0 && b < 1) {
			return outside(fmt.Sprintf("beta parameter at index %d", i), b, "betas must be at least 0 and below 1")
		}
	}
	return nil
}

// firstOf is the first of the errors that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// outside refuses a value, with what is legal.
func outside(what string, v float64, legal string) error {
	return fmt.Errorf("invalid %s: %s (%s)", what, python(v), legal)
}

func wrong(what string, v float64) error { return errors.New(what + ": " + python(v)) }

// python writes a number as Python does, for messages that are torch's.
func python(v float64) string {
	size := math.Abs(v)
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
	case size != 0 && size < 1e-4 || size >= 1e16:
		return strconv.FormatFloat(v, 'e', -1, 64)
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// checkPositive checks an option that is above 0.
func checkPositive(what string, v float64) error {
	if !(v > 0) {
		return outside(what, v, what+" must be above 0")
	}
	return nil
}

// checkShare checks an option in [0,1).
func checkShare(what string, v float64) error {
	if !(v >= 0 && v < 1) {
		return outside(what, v, "it must be at least 0 and below 1")
	}
	return nil
}

// checkChoice checks a text that is one of several.
func checkChoice(what, v string, legal ...string) error {
	if !slices.Contains(legal, v) {
		return fmt.Errorf("invalid %s: %q (it is one of %s)", what, v, strings.Join(legal, ", "))
	}
	return nil
}

// checkLook checks the options of Lookahead.
func checkLook(k int, alpha float64) error {
	if k < 1 {
		return fmt.Errorf("invalid lookahead steps: %d (k must be at least 1)", k)
	}
	if !(alpha >= 0 && alpha <= 1) {
		return outside("slow update rate", alpha, "alpha must be at least 0 and at most 1")
	}
	return nil
}

func checkNesterov(on bool, momentum, dampening float64) error {
	if on && (momentum <= 0 || dampening != 0) {
		return errNesterov
	}
	return nil
}

// checkUnit checks an option in [0,1].
func checkUnit(what string, v float64) error {
	if !(v >= 0 && v <= 1) {
		return outside(what, v, "it must be at least 0 and at most 1")
	}
	return nil
}

// checkOff refuses a switch that is on.
func checkOff(what string, on bool, instead string) error {
	if on {
		return fmt.Errorf("%s is not supported (%s)", what, instead)
	}
	return nil
}
