package optim

import (
	"fmt"
	"maps"
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// Lookahead is torch_optimizer.Lookahead (Zhang et al., Lookahead Optimizer: k
// steps forward, 1 step back, 2019) around another optimizer, whose options are
// its own too: after the first step and every k-th one from there, slow weights
// go a share α of the way to the weights, which begin anew from them. They are
// taken after the first step.
type Lookahead struct {
	Optimizer Rule    `json:"optimizer" doc:"the optimizer inside, by name, [name, arguments] or {class_path, init_args}"`
	K         int     `json:"k" doc:"steps between two looks, at least 1"`
	Alpha     float64 `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
}

// DefaultLookahead is torch_optimizer's defaults, around Adam.
func DefaultLookahead() Lookahead { return Lookahead{Optimizer: DefaultAdam(), K: 5, Alpha: .5} }

var lookaheadEntry = entry{
	name: "Lookahead", rule: DefaultLookahead(), doc: "slow weights that follow those of another optimizer",
	formula: "every k steps slow += α·(w − slow); w = slow", source: "Zhang et al., Lookahead Optimizer, 2019", paths: []string{"torch_optimizer.Lookahead"},
}

// Check implements Rule.
func (o Lookahead) Check() error { return firstOf(checkInner(o.Optimizer), checkLook(o.K, o.Alpha)) }

// bind reads the optimizer inside.
func (o Lookahead) bind(c *Catalog, args registry.Args) (Rule, registry.Args, error) {
	inner, args, err := bindInner(c, o.Optimizer, args)
	o.Optimizer = inner
	return o, args, err
}

// Layout implements Rule.
func (o Lookahead) Layout(shape []int) Layout {
	return o.Optimizer.Layout(shape).with(true, Tensor{Name: "slow_param", Copy: true})
}

// Whole implements Whole.
func (o Lookahead) Whole() bool { return whole(o.Optimizer) }

// Passes implements Passer.
func (o Lookahead) Passes() int { return passes(o.Optimizer) }

// Advance implements Advancer.
func (o Lookahead) Advance(s *State) { advance(o.Optimizer, s) }

// CheckShape implements ShapeChecker.
func (o Lookahead) CheckShape(shape []int) error { return checkShape(o.Optimizer, shape) }

// Update32 implements Updater.
func (o Lookahead) Update32(c *Cell[float32]) {
	inside(c, 1, o.Optimizer.(Updater).Update32)
	looks(&o, c)
}

// Update64 implements Updater.
func (o Lookahead) Update64(c *Cell[float64]) {
	inside(c, 1, o.Optimizer.(Updater).Update64)
	looks(&o, c)
}

func looks[T Float](o *Lookahead, c *Cell[T]) {
	if c.Pass < passes(o.Optimizer)-1 || (c.Step-1)%o.K != 0 {
		return
	}
	slow := c.S[len(c.S)-1]
	for i, w := range c.W {
		if c.Step > 1 {
			w = T(o.Alpha)*w + T(1-o.Alpha)*slow[i]
		}
		slow[i], c.W[i] = w, w
	}
}

// inside runs an update on a cell without its last tensors.
func inside[T Float](c *Cell[T], without int, update func(*Cell[T])) {
	inner := *c
	inner.S = c.S[:len(c.S)-without]
	update(&inner)
	c.Sums = inner.Sums
}

// checkInner refuses what cannot be inside another optimizer.
func checkInner(r Rule) error {
	if r == nil {
		return fmt.Errorf("an optimizer is missing: write optimizer: [sgd, {lr: 0.1}]")
	}
	_, updates := r.(Updater)
	_, follows := r.(Follower)
	_, wraps := r.(binder)
	if !updates || follows || wraps && slices.ContainsFunc([]any{Lookahead{}, POLookahead{}}, func(w any) bool { return fmt.Sprintf("%T", w) == fmt.Sprintf("%T", value(r)) }) {
		return fmt.Errorf("%s cannot be inside another optimizer", fmt.Sprintf("%T", value(r))[len("optim."):])
	}
	return r.Check()
}

// bindInner reads the argument optimizer; the others that the inner one has stay,
// for they reach it by their names.
func bindInner(c *Catalog, def Rule, args registry.Args) (Rule, registry.Args, error) {
	v, given := args["optimizer"]
	if !given {
		return def, args, nil
	}
	args = maps.Clone(args)
	delete(args, "optimizer")
	if c == nil {
		c = Builtin()
	}
	if r, ok := v.(Rule); ok {
		return value(own(r)), args, nil
	}
	spec, err := innerSpec(v)
	if err != nil {
		return def, args, err
	}
	o, err := Make(c, spec)
	if err != nil {
		return def, args, err
	}
	return o.Rule(), args, nil
}

// innerSpec reads an optimizer in data form.
func innerSpec(v any) (registry.Spec, error) {
	wrong := fmt.Errorf("optimizer: want a name, [name, arguments] or {class_path, init_args}, got %v", v)
	switch v := v.(type) {
	case string:
		return registry.Spec{Name: v}, nil
	case registry.Spec:
		return v, nil
	case []any:
		if len(v) != 2 {
			return registry.Spec{}, wrong
		}
		name, named := v[0].(string)
		args, mapped := v[1].(map[string]any)
		if named && (mapped || v[1] == nil) {
			return registry.Spec{Name: name, Args: args}, nil
		}
	case map[string]any:
		name, named := v["class_path"].(string)
		args, mapped := v["init_args"].(map[string]any)
		if named && (mapped || v["init_args"] == nil) {
			return registry.Spec{Name: name, Args: args}, nil
		}
	}
	return registry.Spec{}, wrong
}

// What follows gives a rule's optional parts, or what stands for their absence.

func whole(r Rule) bool {
	w, ok := r.(Whole)
	return ok && w.Whole()
}

func passes(r Rule) int {
	if p, ok := r.(Passer); ok {
		return p.Passes()
	}
	return 1
}

func advance(r Rule, s *State) {
	if a, ok := r.(Advancer); ok {
		a.Advance(s)
	}
}

func checkShape(r Rule, shape []int) error {
	if c, ok := r.(ShapeChecker); ok {
		return c.CheckShape(shape)
	}
	return nil
}
