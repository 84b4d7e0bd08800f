package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/thaw-go/thaw/engine/native"
)

// side is one contestant of a bout, ready to repeat its step.
type side interface {
	// step takes one step; numbers asks for loss and norm, outside of the time.
	step(numbers bool) (reading, error)
	close() error
}

// reading is what a step says of itself. Where there is no loss or norm, they
// are some other numbers that both sides compute.
type reading struct {
	ms, loss, norm float64
	peakKiB        int
}

// bout is one case that both sides compute.
type bout struct {
	family, name string
	flops        float64 // of a product; 0: not counted
	ours         func(*native.Engine) (side, error)
	// theirs are the rival's ways to compute it, by name; the fastest counts.
	theirs []way
}

type way struct {
	name string
	q    request
}

// contestant collects what a side did.
type contestant struct {
	name    string
	s       side
	ms      []float64
	checked reading
	absent  error // why it did not take part
}

func (c *contestant) best() float64 { return slices.Min(c.ms) }

func (c *contestant) median() float64 {
	s := slices.Sorted(slices.Values(c.ms))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// outcome is a bout at one number of threads.
type outcome struct {
	*bout
	threads int
	sides   []*contestant // ours first
	peak    float64       // flop/s of one core, in registers
	profile string        // where ours spent its time, if wanted
}

// rival is the fastest of theirs, nil where there is none.
func (o *outcome) rival() *contestant {
	var best *contestant
	for _, c := range o.sides[1:] {
		if len(c.ms) > 0 && (best == nil || c.best() < best.best()) {
			best = c
		}
	}
	return best
}

// checkSteps is after how many equal steps losses and norms are compared, and
// tolerance how far apart they may be, in relation to the rival's.
const (
	checkSteps = 2
	tolerance  = 1e-3
)

// errApart says that the sides do not compute the same.
var errApart = errors.New("more than 1e-3 apart")

// fight runs a bout: some steps to compare, then rounds in turn.
func (set *settings) fight(b *bout, e *native.Engine, threads int, r *rival) (o *outcome, err error) {
	o = &outcome{bout: b, threads: threads}
	ours, err := b.ours(e)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.name, err)
	}
	o.sides = append(o.sides, &contestant{name: "thaw", s: ours})
	defer func() {
		for _, c := range o.sides {
			if c.s != nil {
				err = errors.Join(err, c.s.close())
			}
		}
	}()
	if r != nil {
		for _, w := range b.theirs {
			w.q.Threads = threads
			c := &contestant{name: w.name}
			if c.s, c.absent = r.open(w.q); c.absent != nil {
				c.s = nil
			}
			o.sides = append(o.sides, c)
		}
	}
	if err := o.compare(); err != nil {
		return o, err
	}
	if err := o.rounds(e, set.rounds); err != nil {
		return o, err
	}
	if p, ok := ours.(interface{ profile() (string, error) }); ok && set.profile {
		o.profile, err = p.profile()
	}
	return o, err
}

// compare takes the first steps.
func (o *outcome) compare() error {
	for _, c := range o.sides {
		if c.s == nil {
			continue
		}
		for i := range checkSteps {
			x, err := c.s.step(i == checkSteps-1)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", o.name, c.name, err)
			}
			c.checked = x
		}
	}
	us := o.sides[0].checked
	for _, c := range o.sides[1:] {
		if c.s != nil && (apart(us.loss, c.checked.loss) || apart(us.norm, c.checked.norm)) {
			return fmt.Errorf("%s: after %d steps loss %.6g and norm %.6g, with %s %.6g and %.6g: %w",
				o.name, checkSteps, us.loss, us.norm, c.name, c.checked.loss, c.checked.norm, errApart)
		}
	}
	return nil
}

func apart(a, b float64) bool {
	return !(math.Abs(a-b) <= tolerance*max(math.Abs(b), 1e-3)) // NaN is apart
}

// roundTime is how long a side goes on in a round, with one step at least: the
// minimum of a short step needs more of them.
const roundTime = 30 // ms

// settling is how long nobody computes between the turns: the threads of OpenBLAS
// and of OpenMP go on spinning for a while, on the cores of who comes next.
const settling = 60 * time.Millisecond

// rounds measures the sides in turn, with the core's peak between them.
func (o *outcome) rounds(e *native.Engine, n int) error {
	for range n {
		if o.flops > 0 {
			o.peak = max(o.peak, e.Peak())
		}
		for _, c := range o.sides {
			if c.s == nil {
				continue
			}
			time.Sleep(settling)
			for spent := 0.0; spent < roundTime; {
				x, err := c.s.step(false)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", o.name, c.name, err)
				}
				c.ms = append(c.ms, x.ms)
				spent += x.ms
			}
		}
	}
	return nil
}
