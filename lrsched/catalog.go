package lrsched

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// Catalog is what can be chosen by name: schedulers and recipes, and functions
// of time for lr_lambda and scale_fn.
type Catalog struct {
	Schedulers *registry.Set[Component]
	Lambdas    *registry.Set[Lambda]
}

// NewCatalog makes an empty catalog.
func NewCatalog() *Catalog {
	return &Catalog{registry.NewSet[Component]("LR scheduler"), registry.NewSet[Lambda]("function of time")}
}

// Clone copies the catalog, so that a user can add to a copy of the defaults.
func (c *Catalog) Clone() *Catalog { return &Catalog{c.Schedulers.Clone(), c.Lambdas.Clone()} }

// Component is one scheduler of a catalog: a builder with defaults, or a
// recipe.
type Component struct {
	// Formula is the LR as a formula, Source where it is from.
	Formula, Source string
	// Interval is the unit that suits the scheduler.
	Interval Interval
	// Metered marks a scheduler that is stepped with a metric.
	Metered bool
	// Resumable marks one that takes torch's last_epoch.
	Resumable bool
	// Default is the builder with its defaults, a struct; nil for a recipe.
	Default Builder
	// Recipe makes a choice from the arguments; see Compose and ParseRecipe.
	Recipe func(args Args) (Choice, error)
	// RecipeArgs describes a recipe's arguments.
	RecipeArgs []Arg
}

// Arguments lists what the component takes.
func (c Component) Arguments() []Arg {
	if c.Default == nil {
		return c.RecipeArgs
	}
	var out []Arg
	for _, f := range fieldsOf(c.Default) {
		out = append(out, f.Arg)
	}
	if c.Resumable {
		out = append(out, Arg{Name: "last_epoch", Type: "integer", Doc: "the last step of an interrupted schedule, -1 for none", Default: -1})
	}
	return out
}

// Resolved is a choice that was understood: it can be built.
type Resolved struct {
	// Name is the scheduler's name as registered.
	Name    string
	Args    Args
	Builder Builder
	// Config is complete.
	Config Config
	// Warnings are for the user, once.
	Warnings []string
}

// Resolve finds the scheduler, checks its arguments and completes its config.
// All that can be known before there are groups is refused here.
func (c *Catalog) Resolve(ch Choice) (*Resolved, error) {
	r, comp, err := (&resolver{Catalog: c}).resolve(ch)
	if err != nil {
		return nil, err
	}
	if comp.Metered && r.Config.Monitor == "" {
		return nil, fmt.Errorf("%s needs the name of the metric that it is stepped with: set monitor in the scheduler config, for example {monitor: val_loss}", r.Name)
	}
	if r.Config.Interval == ByEpoch && comp.Interval == ByStep {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s is meant to be stepped after every optimizer step; interval: epoch steps it once per epoch", r.Name))
	}
	return r, nil
}

// resolver resolves one choice with all that it names.
type resolver struct {
	*Catalog
	// via are the recipes that led here, outermost first.
	via []string
	// count is how many schedulers and recipes were resolved so far.
	count int
}

// maxResolved bounds what recipes made of recipes can expand to.
const maxResolved = 1000

func (c *resolver) resolve(ch Choice) (*Resolved, Component, error) {
	if c.count++; c.count > maxResolved {
		return nil, Component{}, fmt.Errorf("more than %d schedulers within each other", maxResolved)
	}
	if err := ch.Config.validate(); err != nil {
		return nil, Component{}, fmt.Errorf("scheduler config: %w", err)
	}
	r := &Resolved{Name: ch.Name, Args: ch.Args, Builder: ch.Builder, Warnings: ch.Warnings}
	if ch.Builder != nil {
		name, comp := c.ofBuilder(ch.Builder)
		if r.Name == "" {
			r.Name = name
		}
		r.Config = ch.Config.over(c.defaults(comp, ch.Builder))
		if v, ok := ch.Builder.(validator); ok {
			if err := v.validate(); err != nil {
				return nil, comp, fmt.Errorf("%s: %w", r.Name, err)
			}
		}
		return r, comp, nil
	}
	entry, err := c.Schedulers.Find(ch.Name)
	if err != nil {
		return nil, Component{}, err
	}
	comp := entry.Value
	r.Name = entry.Name
	args := maps.Clone(ch.Args)
	if _, ok := args["optimizer"]; ok {
		delete(args, "optimizer")
		r.Warnings = append(r.Warnings, r.Name+`: the argument "optimizer" is ignored: the run's optimizer is used`)
	}
	if comp.Recipe != nil {
		if slices.Contains(c.via, entry.Name) {
			return nil, comp, fmt.Errorf("it names itself")
		}
		c.via = append(c.via, entry.Name)
		defer func() { c.via = c.via[:len(c.via)-1] }()
		made, err := comp.Recipe(args)
		if err != nil {
			return nil, comp, fmt.Errorf("recipe %q: %w", entry.Name, err)
		}
		made.Config = ch.Config.over(made.Config)
		made.Warnings = append(r.Warnings, made.Warnings...)
		inner, innerComp, err := c.resolve(made)
		if err != nil {
			return nil, comp, fmt.Errorf("recipe %q: %w", entry.Name, err)
		}
		inner.Name = entry.Name
		return inner, innerComp, nil
	}
	config := ch.Config
	if comp.Metered && config.Monitor == "" {
		if config.Monitor, err = takeMonitor(args); err != nil {
			return nil, comp, &ArgError{r.Name, "monitor", err}
		}
	}
	resumed := 0
	if comp.Resumable {
		if resumed, err = takeLastEpoch(args); err != nil {
			return nil, comp, &ArgError{r.Name, "last_epoch", err}
		}
	}
	if r.Builder, err = c.bind(entry.Name, comp.Default, args); err != nil {
		return nil, comp, err
	}
	r.Config = config.over(c.defaults(comp, r.Builder))
	if resumed > 0 {
		r.Builder = resumedBuilder{r.Builder, resumed}
	}
	return r, comp, nil
}

// takeMonitor takes the metric's name from the arguments, where LightningCLI's
// ReduceLROnPlateau has it.
func takeMonitor(args Args) (string, error) {
	v, ok := args["monitor"]
	delete(args, "monitor")
	if !ok || v == nil {
		return "", nil
	}
	return toString(v)
}

// takeLastEpoch takes torch's last_epoch and gives the steps made before.
func takeLastEpoch(args Args) (int, error) {
	v, ok := args["last_epoch"]
	delete(args, "last_epoch")
	if !ok {
		return 0, nil
	}
	last, err := toInt(v, false)
	if err == nil && last < -1 {
		err = errors.New("want -1 for a fresh start, or the last step made")
	}
	return last + 1, err
}

// resumedBuilder starts after the given number of steps.
type resumedBuilder struct {
	Builder
	steps int
}

func (b resumedBuilder) Build(s Site) (Scheduler, error) {
	s.Resumed = b.steps
	return b.Builder.Build(s)
}

// ofBuilder finds the component that a builder made in Go belongs to.
func (c *Catalog) ofBuilder(b Builder) (string, Component) {
	if r, ok := b.(resumedBuilder); ok {
		b = r.Builder
	}
	for _, e := range c.Schedulers.Entries() {
		if e.Value.Default != nil && reflect.TypeOf(e.Value.Default) == reflect.TypeOf(b) {
			return e.Name, e.Value
		}
	}
	return "custom", Component{Interval: ByEpoch}
}

// defaults is the config that suits a component. Schedulers made of others are
// stepped by step if one of them is.
func (c *Catalog) defaults(comp Component, b Builder) Config {
	d := Config{Interval: comp.Interval, Frequency: 1}
	if d.Interval == "" {
		d.Interval = ByEpoch
	}
	if m, ok := b.(composite); ok {
		for _, inner := range m.members() {
			_, innerComp := c.ofBuilder(inner)
			if c.defaults(innerComp, inner).Interval == ByStep {
				d.Interval = ByStep
			}
		}
	}
	return d
}
