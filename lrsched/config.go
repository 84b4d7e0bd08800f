package lrsched

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// Interval is the unit of a scheduler's step.
type Interval string

// A scheduler is stepped after each optimizer step or after each epoch.
const (
	ByStep  Interval = "step"
	ByEpoch Interval = "epoch"
)

// Config says when a scheduler is stepped: Lightning's scheduler config. A zero
// field takes what suits the scheduler.
type Config struct {
	Interval Interval
	// Frequency is how many epochs or batches pass between two steps; zero
	// means 1.
	Frequency int
	// Monitor names the metric of a scheduler that is stepped with one.
	Monitor string
	// Lenient makes a missing metric a warning instead of an error (strict:
	// false).
	Lenient bool
	// Name replaces the optimizer's name in what is logged.
	Name string
}

// over fills c's zero fields from what suits the scheduler.
func (c Config) over(d Config) Config {
	if c.Interval == "" {
		c.Interval = d.Interval
	}
	if c.Frequency == 0 {
		c.Frequency = d.Frequency
	}
	if c.Monitor == "" {
		c.Monitor = d.Monitor
	}
	if c.Name == "" {
		c.Name = d.Name
	}
	c.Lenient = c.Lenient || d.Lenient
	return c
}

func (c Config) validate() error {
	switch {
	case c.Interval != "" && c.Interval != ByStep && c.Interval != ByEpoch:
		return fmt.Errorf("interval: want step or epoch, got %q", string(c.Interval))
	case c.Frequency < 0:
		return fmt.Errorf("frequency: want 1 or more, got %d", c.Frequency)
	}
	return nil
}

// DueAfterBatch tells whether a scheduler that is stepped by step is due after
// the given batch (0-based, within its epoch) completed an optimizer step. The
// count starts anew in every epoch, as in Lightning.
func (c Config) DueAfterBatch(batch int) bool {
	return c.Interval == ByStep && (batch+1)%max(c.Frequency, 1) == 0
}

// DueAfterEpoch tells whether a scheduler that is stepped by epoch is due after
// the given epoch (0-based).
func (c Config) DueAfterEpoch(epoch int) bool {
	return c.Interval == ByEpoch && (epoch+1)%max(c.Frequency, 1) == 0
}

var configKeys = []string{"interval", "frequency", "monitor", "strict", "name"}

// ParseConfig reads a scheduler config from its data form. The warnings name
// what has no effect.
func ParseConfig(m map[string]any) (c Config, warnings []string, err error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		v := m[k]
		if v == nil && k != "scheduler" {
			continue
		}
		switch k {
		case "interval":
			var s string
			s, err = toString(v)
			c.Interval = Interval(s)
		case "frequency":
			if c.Frequency, err = toInt(v, false); err == nil && c.Frequency < 1 {
				err = fmt.Errorf("want 1 or more, got %d", c.Frequency)
			}
		case "monitor":
			c.Monitor, err = toString(v)
		case "strict":
			var strict bool
			strict, err = toBool(v)
			c.Lenient = !strict
		case "name":
			c.Name, err = toString(v)
		case "reduce_on_plateau":
			_, err = toBool(v)
		case "opt_idx":
			var i int
			if i, err = toInt(v, false); err == nil && i != 0 {
				err = fmt.Errorf("there is one optimizer, number 0; got %d", i)
			}
		case "scheduler":
			warnings = append(warnings, `the scheduler config's "scheduler" is overridden by the scheduler chosen`)
		default:
			err = fmt.Errorf("unknown key%s", didYouMean(k, configKeys))
		}
		if err != nil {
			return c, warnings, &ArgError{Owner: "scheduler config", Arg: k, Err: err}
		}
	}
	return c, warnings, c.validate()
}

// didYouMean ends an error about an unknown key with the nearest ones, or with
// all that there are.
func didYouMean(key string, known []string) string {
	if near := registry.Nearest(key, known, 2); len(near) > 0 {
		return fmt.Sprintf("; did you mean %s?", strings.Join(near, " or "))
	}
	if len(known) == 0 {
		return "; there are none"
	}
	return "; there are: " + strings.Join(known, ", ")
}
