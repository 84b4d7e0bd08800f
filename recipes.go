package thaw

import (
	"fmt"
	"maps"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

// recipes is the section of that name: compositions by name, each with
// arguments and defaults.
type recipes struct {
	Optimizers   *tree.Node `config:"optimizers" doc:"optimizers by the recipes' names"`
	LRSchedulers *tree.Node `config:"lr_schedulers" doc:"LR schedulers by the recipes' names"`
}

// recipeOf is what a recipe of either kind states.
type recipeOf struct {
	Doc  string     `config:"doc" doc:"what it is for"`
	Args *tree.Node `config:"args" doc:"its arguments with their defaults; null: it must be given"`
}

// optimizerRecipe is an entry of recipes.optimizers.
type optimizerRecipe struct {
	recipeOf
	Optimizer *tree.Node `config:"optimizer" doc:"the optimizer that it stands for; ${…} in a text is a formula in the arguments"`
}

// schedulerRecipe is an entry of recipes.lr_schedulers.
type schedulerRecipe struct {
	recipeOf
	Scheduler *tree.Node `config:"scheduler" doc:"the LR scheduler that it stands for; ${…} in a text is a formula in the arguments"`
	Config    *tree.Node `config:"config" doc:"its scheduler config, over the scheduler's own"`
}

// readRecipes registers the recipes of a configuration on copies of the
// components.
func (r *Run) readRecipes() error {
	if r.Config.Recipes == nil || r.Config.Recipes.Kind == tree.Null {
		return nil
	}
	var given recipes
	if err := config.Decode(r.Config.Recipes, &given); err != nil {
		return err
	}
	c := &r.components
	c.Optimizers, c.LRSchedulers = c.Optimizers.Clone(), c.LRSchedulers.Clone()
	err := eachRecipe(given.Optimizers, func(key, n *tree.Node) error {
		var o optimizerRecipe
		if err := config.Decode(n, &o); err != nil {
			return err
		}
		component, err := composedOptimizer(n, o)
		if err != nil {
			return err
		}
		return taken(key, c.Optimizers.Add(registry.Entry[optim.Component]{Name: key.Text, Doc: o.Doc, Value: component}))
	})
	if err != nil {
		return err
	}
	err = eachRecipe(given.LRSchedulers, func(key, n *tree.Node) error {
		var s schedulerRecipe
		if err := config.Decode(n, &s); err != nil {
			return err
		}
		if _, err := readTemplate(n, s.Args, s.Scheduler, s.Config); err != nil {
			return err
		}
		component, _, err := lrsched.ParseRecipe(n.Value().(map[string]any))
		if err != nil {
			return n.Errorf("", "%v", err)
		}
		return taken(key, c.LRSchedulers.Schedulers.Add(registry.Entry[lrsched.Component]{Name: key.Text, Doc: s.Doc, Value: component}))
	})
	if err != nil {
		return err
	}
	return r.tryRecipes(given)
}

// eachRecipe goes through a mapping of recipes by name.
func eachRecipe(n *tree.Node, add func(key, n *tree.Node) error) error {
	if n == nil || n.Kind == tree.Null {
		return nil
	}
	if n.Kind != tree.Map {
		return n.Errorf("write a name for each recipe", "recipes are a mapping; this is of kind %v", n.Kind)
	}
	for _, f := range n.Fields {
		if f.Value.Kind != tree.Map {
			return f.Value.Errorf("", "a recipe is a mapping; this is of kind %v", f.Value.Kind)
		}
		if err := add(f.Key, f.Value); err != nil {
			return err
		}
	}
	return nil
}

// taken says where a name was registered a second time.
func taken(key *tree.Node, err error) error {
	if err != nil {
		return key.Errorf("give the recipe another name", "%v", err)
	}
	return nil
}

// readTemplate declares a recipe's arguments and checks the formulas in what it
// is made of.
func readTemplate(n, args *tree.Node, parts ...*tree.Node) (*lrsched.Template, error) {
	declared := map[string]any{}
	if args != nil && args.Kind != tree.Null {
		if args.Kind != tree.Map {
			return nil, args.Errorf("write {name: default}", "a recipe's arguments are a mapping; this is of kind %v", args.Kind)
		}
		declared = args.Value().(map[string]any)
	}
	t := lrsched.NewTemplate(declared)
	if parts[0] == nil || parts[0].Kind == tree.Null {
		return nil, n.Errorf("", "the recipe names nothing to make")
	}
	for _, p := range parts {
		if err := checkFormulas(t, p); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func checkFormulas(t *lrsched.Template, n *tree.Node) error {
	if n == nil {
		return nil
	}
	if n.Kind == tree.String {
		if err := t.Check(n.Text); err != nil {
			return n.Errorf("the variables of ${…} are the recipe's args", "%v", err)
		}
	}
	for _, it := range n.Items {
		if err := checkFormulas(t, it); err != nil {
			return err
		}
	}
	for _, f := range n.Fields {
		if err := checkFormulas(t, f.Value); err != nil {
			return err
		}
	}
	return nil
}

// composedOptimizer makes the component of a recipe. A learning rate that the
// recipe has no argument for is the optimizer's.
func composedOptimizer(n *tree.Node, o optimizerRecipe) (optim.Component, error) {
	t, err := readTemplate(n, o.Args, o.Optimizer)
	if err != nil {
		return optim.Component{}, err
	}
	var c config.Component
	if err := c.DecodeTree(o.Optimizer); err != nil {
		return optim.Component{}, err
	}
	made := optim.Compose(func(args optim.Args) (registry.Spec, error) {
		spec, lr := c.Spec, args["lr"]
		if t.Declares("lr") {
			lr = nil
		} else {
			args = maps.Clone(args)
			delete(args, "lr")
		}
		filled, err := t.Fill([]any{spec.Name, map[string]any(spec.Args)}, args)
		if err != nil {
			return spec, err
		}
		spec.Name, spec.Args = fmt.Sprint(filled.([]any)[0]), filled.([]any)[1].(map[string]any)
		if lr != nil {
			spec.Args["lr"] = lr
		}
		return spec, nil
	})
	for _, a := range t.Arguments() {
		made.RecipeArgs = append(made.RecipeArgs, optim.RecipeArg{Name: a.Name, Default: a.Default})
	}
	return made, nil
}

// tryRecipes makes what needs no argument, so that a mistake in a recipe shows
// where it stands.
func (r *Run) tryRecipes(given recipes) error {
	for _, f := range fieldsOf(given.Optimizers) {
		e, _ := r.components.Optimizers.Lookup(f.Key.Text)
		needs := false
		for _, a := range e.Value.RecipeArgs {
			needs = needs || a.Default == nil
		}
		if _, err := optim.Make(r.components.Optimizers, optim.Named(f.Key.Text, nil)); err != nil && !needs {
			return blamed(f.Value.Field("optimizer"), err)
		}
	}
	for _, f := range fieldsOf(given.LRSchedulers) {
		e, _ := r.components.LRSchedulers.Schedulers.Lookup(f.Key.Text)
		needs := false
		for _, a := range e.Value.RecipeArgs {
			needs = needs || a.Required
		}
		// A monitor may be given where the recipe is used.
		use := lrsched.Named(f.Key.Text, nil, lrsched.Config{Monitor: "val_loss"})
		if _, err := r.components.LRSchedulers.Resolve(use); err != nil && !needs {
			return blamed(f.Value.Field("scheduler"), err)
		}
	}
	return nil
}

func fieldsOf(n *tree.Node) []tree.Field {
	if n == nil {
		return nil
	}
	return n.Fields
}
