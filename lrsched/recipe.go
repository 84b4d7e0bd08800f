package lrsched

import (
	"fmt"
	"maps"
	"slices"
)

// Compose makes a recipe of a Go function: it is registered under a name of its
// own and gives a choice for the arguments that a user writes with the name.
func Compose(f func(args Args) (Choice, error)) Component { return Component{Recipe: f} }

// ParseRecipe makes a recipe of data, for those who only have the binary:
//
//	doc: warm up, then a cosine
//	args: {warmup: 5, total: null}        # null has no default
//	scheduler:
//	  - SequentialLR
//	  - schedulers:
//	      - [LinearLR, {total_iters: "${warmup}"}]
//	      - [CosineAnnealingLR, {T_max: "${total - warmup}"}]
//	    milestones: ["${warmup}"]
//	config: {interval: epoch}
//
// See [Template] for ${…}.
func ParseRecipe(m map[string]any) (c Component, doc string, err error) {
	r := &recipe{}
	var params map[string]any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		ok := true
		v := m[k]
		switch k {
		case "doc":
			doc, ok = v.(string)
		case "args":
			params, ok = toMap(v)
			ok = ok || v == nil
		case "scheduler":
			r.scheduler = v
		case "config":
			r.config, ok = toMap(v)
			ok = ok || v == nil
		default:
			return c, "", fmt.Errorf("a recipe has no %q%s", k, didYouMean(k, []string{"doc", "args", "scheduler", "config"}))
		}
		if !ok {
			return c, "", fmt.Errorf("a recipe's %s: got %s", k, show(v))
		}
	}
	if r.scheduler == nil {
		return c, "", fmt.Errorf("a recipe needs a scheduler")
	}
	r.Template = NewTemplate(params)
	for _, v := range []any{r.scheduler, r.config} {
		if err := r.check(v); err != nil {
			return c, "", err
		}
	}
	c.Recipe = r.choice
	c.RecipeArgs = r.Arguments()
	return c, doc, nil
}

// recipe is a named, parameterised composition.
type recipe struct {
	*Template
	scheduler any
	config    map[string]any
}

// choice is the recipe with arguments put in.
func (r *recipe) choice(args Args) (Choice, error) {
	v, err := r.Fill(r.scheduler, args)
	if err != nil {
		return Choice{}, err
	}
	ch, err := ParseChoice(v)
	if err != nil || r.config == nil {
		return ch, err
	}
	config, err := r.Fill(r.config, args)
	if err != nil {
		return Choice{}, err
	}
	parsed, warnings, err := ParseConfig(config.(map[string]any))
	if err != nil {
		return Choice{}, err
	}
	ch.Config = ch.Config.over(parsed)
	ch.Warnings = append(ch.Warnings, warnings...)
	return ch, nil
}
