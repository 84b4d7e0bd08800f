// Package optim has optimizers. Each is one generic update over float32 or
// float64 elements: what the conformance tests replay is what training runs.
// State is keyed by the parameter's name, so that parameters may join, leave
// and change groups without losing it.
//
// A [Rule] is an optimizer's options; it says which state a parameter has and
// how a stretch of its elements is updated. [Optimizer] holds groups and state
// and drives the rule over them.
package optim

import "github.com/thaw-go/thaw/registry"

// Rule is an optimizer's options: a struct value whose exported fields carry
// json names and doc texts; those of one group share it. A rule implements
// Updater too, or is LBFGS, which evaluates the model itself.
type Rule interface {
	// Check refuses options outside their ranges, with torch's texts.
	Check() error
	// Layout is the state of a parameter of that shape.
	Layout(shape []int) Layout
}

// Updater is a rule that updates one parameter at a time. Update sees a stretch
// of a parameter, or all of it for a Whole rule; it is called from several
// goroutines, for different stretches.
type Updater interface {
	Update32(c *Cell[float32])
	Update64(c *Cell[float64])
}

// Float is what updates are generic over.
type Float interface{ ~float32 | ~float64 }

// Cell is a stretch of a parameter in one step, as an update sees it. An
// elementwise rule gets stretches of a fixed length, so that sums do not depend
// on the number of threads.
type Cell[T Float] struct {
	// W, G and S are the parameter, its gradient and its state tensors, in the
	// order of the layout. G must not be changed.
	W, G []T
	S    [][]T
	// Shape is that of the whole parameter.
	Shape []int
	// Step counts the parameter's steps, from 1. Fresh tells the first one with
	// this state: tensors are as the layout initialises them.
	Step  int
	Fresh bool
	// Scalars are the parameter's, in the order of the layout. They are read
	// here and changed in Advance.
	Scalars []float64
	// Pass counts the passes over all parameters, from 0. An update adds to Sums,
	// which start from zero; Totals are the sums of the earlier passes over the
	// whole parameter.
	Pass         int
	Sums, Totals [maxSums]float64

	pool *scratch
}

// Optional parts of a rule.
type (
	// Passer needs several passes over a parameter, because an update depends on
	// sums over it.
	Passer interface{ Passes() int }
	// Whole needs all of a parameter in one cell.
	Whole interface{ Whole() bool }
	// Advancer changes a parameter's scalars after its update.
	Advancer interface{ Advance(s *State) }
	// ShapeChecker refuses parameters that the rule is not for.
	ShapeChecker interface{ CheckShape(shape []int) error }
	// Follower depends on the order of the parameters in a group: before its
	// update, the first of a step sees the states of all others, and each later
	// one that of the parameter before it.
	Follower interface{ Follow(s, other *State) }
	// Sparse says what to do with a gradient of some rows; without it they are
	// refused.
	Sparse interface{ Sparse() (Rows, error) }
	// Fixed names options that a group cannot override.
	Fixed interface{ Fixed() []string }
	// Switched names those of torch's arguments that choose an implementation,
	// not a result, which torch's class has. They stand in state dicts.
	Switched interface{ Switches() []string }
	// Implied are entries that torch's groups have beside the options, with the
	// one value that the rule stands for.
	Implied interface{ Implied() registry.Args }
)

// maxSums is the most sums that a rule takes in a pass.
const maxSums = 4

// signed is the factor of a gradient: −1 climbs.
func signed[T Float](maximize bool) T {
	if maximize {
		return -1
	}
	return 1
}
