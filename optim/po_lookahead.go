package optim

import (
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// POLookahead is pytorch_optimizer.Lookahead: the slow weights are taken at the
// start, and followed after every k-th step. A momentum buffer of the optimizer
// inside is left alone, set to zero (reset), or drawn back too (pullback).
type POLookahead struct {
	Optimizer Rule    `json:"optimizer" doc:"the optimizer inside, by name, [name, arguments] or {class_path, init_args}"`
	K         int     `json:"k" doc:"steps between two looks, at least 1"`
	Alpha     float64 `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
	Pullback  string  `json:"pullback_momentum" doc:"none, reset or pullback"`
}

// DefaultPOLookahead is pytorch_optimizer's defaults, around Adam.
func DefaultPOLookahead() POLookahead {
	return POLookahead{Optimizer: DefaultAdam(), K: 5, Alpha: .5, Pullback: "none"}
}

var poLookaheadEntry = entry{
	name: "POLookahead", rule: DefaultPOLookahead(), doc: "Lookahead as pytorch_optimizer has it",
	formula: "every k steps slow += α·(w − slow); w = slow", source: "Zhang et al., Lookahead Optimizer, 2019", paths: []string{"pytorch_optimizer.Lookahead"},
}

// Check implements Rule.
func (o POLookahead) Check() error {
	return firstOf(checkInner(o.Optimizer), checkLook(o.K, o.Alpha), checkChoice("pullback_momentum", o.Pullback, "none", "reset", "pullback"))
}

// bind reads the optimizer inside.
func (o POLookahead) bind(c *Catalog, args registry.Args) (Rule, registry.Args, error) {
	inner, args, err := bindInner(c, o.Optimizer, args)
	o.Optimizer = inner
	return o, args, err
}

// Layout implements Rule.
func (o POLookahead) Layout(shape []int) Layout {
	return o.Optimizer.Layout(shape).with(true, Tensor{Name: "slow_params", Copy: true}).with(o.Pullback == "pullback", Tensor{Name: "slow_momentum"})
}

// Whole implements Whole.
func (o POLookahead) Whole() bool { return whole(o.Optimizer) }

// Passes implements Passer.
func (o POLookahead) Passes() int { return passes(o.Optimizer) }

// Advance implements Advancer.
func (o POLookahead) Advance(s *State) { advance(o.Optimizer, s) }

// CheckShape implements ShapeChecker.
func (o POLookahead) CheckShape(shape []int) error { return checkShape(o.Optimizer, shape) }

// Update32 implements Updater.
func (o POLookahead) Update32(c *Cell[float32]) {
	inside(c, o.own(), o.Optimizer.(Updater).Update32)
	poLooks(&o, c)
}

// Update64 implements Updater.
func (o POLookahead) Update64(c *Cell[float64]) {
	inside(c, o.own(), o.Optimizer.(Updater).Update64)
	poLooks(&o, c)
}

// own counts the tensors that are not the inner optimizer's.
func (o *POLookahead) own() int {
	if o.Pullback == "pullback" {
		return 2
	}
	return 1
}

func poLooks[T Float](o *POLookahead, c *Cell[T]) {
	if c.Pass < passes(o.Optimizer)-1 || c.Step%o.K != 0 {
		return
	}
	mine := c.S[len(c.S)-o.own():]
	back(c.W, mine[0], T(1-o.Alpha))
	at := slices.IndexFunc(o.Optimizer.Layout(c.Shape).Tensors, func(t Tensor) bool { return t.Name == "momentum_buffer" })
	switch {
	case at < 0:
	case o.Pullback == "reset":
		clear(c.S[at])
	case o.Pullback == "pullback":
		back(c.S[at], mine[1], T(1-o.Alpha))
	}
}

// back draws fast values a share of the way to slow ones, which follow.
func back[T Float](fast, slow []T, share T) {
	for i := range fast {
		fast[i] = lerp(fast[i], slow[i], share)
		slow[i] = fast[i]
	}
}
