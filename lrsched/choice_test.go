package lrsched

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/registry"
)

// TestGoForms: what data can say can be said in Go, with the same result.
func TestGoForms(t *testing.T) {
	c := Builtin()
	data, err := c.Resolve(Named("StepLR", Args{"step_size": 2, "gamma": 0.5}))
	if err != nil {
		t.Fatal(err)
	}
	want, err := data.Trace(NewTable(1), Budget{}, 5)
	if err != nil {
		t.Fatal(err)
	}
	for name, ch := range map[string]Choice{
		"struct": Use(StepLR{StepSize: 2, Gamma: 0.5}),
		"function": Use(BuilderFunc(func(s Site) (Scheduler, error) {
			return StepLR{StepSize: 2, Gamma: 0.5}.Build(s)
		})),
		"Go function as lambda": Named("LambdaLR", Args{"lr_lambda": func(e int) float64 { return math.Pow(0.5, float64(e/2)) }}),
		"class path":            Named("torch.optim.lr_scheduler.StepLR", Args{"step_size": "2", "gamma": "0.5"}),
	} {
		r, err := c.Resolve(ch)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := r.Trace(NewTable(1), Budget{}, 5)
		if err != nil || !slices.EqualFunc(got, want, slices.Equal[[]float64]) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	r, err := c.Resolve(Use(OneCycleLR{MaxLR: Each(1), AnnealStrategy: "cos", DivFactor: 25, FinalDivFactor: 1e4}))
	if err != nil || r.Name != "OneCycleLR" || r.Config.Interval != ByStep {
		t.Errorf("a builder made in Go: %+v, %v", r, err)
	}
	if _, err := c.Resolve(Use(ReduceLROnPlateau{Factor: 0.5, Mode: "min", ThresholdMode: "rel", MinLR: Each(0)})); err == nil {
		t.Error("a plateau without monitor was taken")
	}
	r, err = c.Resolve(Use(StepLR{StepSize: 1, Gamma: math.NaN()}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Build(NewTable(1), Budget{}, nil); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("gamma NaN: %v", err)
	}
}

// TestRecipes: a function is found under exactly the name it was registered
// by, and by no second one of that name.
func TestRecipes(t *testing.T) {
	c := Builtin()
	recipe := Compose(func(args Args) (Choice, error) {
		return Named("StepLR", Args{"step_size": 10}, Config{Interval: ByStep, Name: "mine"}), nil
	})
	if err := c.Schedulers.Add(registry.Entry[Component]{Name: "MyCamel_steplr", Value: recipe}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MyCamel_steplr", "mycamelsteplr"} {
		r, err := c.Resolve(Named(name, nil, Config{Frequency: 3}))
		if err != nil || r.Name != "MyCamel_steplr" {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		if want := (Config{Interval: ByStep, Frequency: 3, Name: "mine"}); r.Config != want {
			t.Errorf("%s: config %+v, want %+v", name, r.Config, want)
		}
	}
	if err := c.Schedulers.Add(registry.Entry[Component]{Name: "mycamel_StepLR", Value: recipe}); err == nil {
		t.Error("a second recipe of that name was taken")
	}
	if _, ok := Builtin().Schedulers.Lookup("MyCamel_steplr"); ok {
		t.Error("the recipe is in another catalog too")
	}
	if err := c.Lambdas.Add(registry.Entry[Lambda]{Name: "halving", Value: LambdaFunc(func(e int) float64 { return math.Pow(0.5, float64(e)) })}); err != nil {
		t.Fatal(err)
	}
	r, err := c.Resolve(Named("LambdaLR", Args{"lr_lambda": "halving"}))
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := r.Trace(NewTable(1), Budget{}, 2); err != nil || rows[2][0] != 0.25 {
		t.Errorf("%v, %v", rows, err)
	}
}

// TestTransformersChoice: get_scheduler's names and what they demand.
func TestTransformersChoice(t *testing.T) {
	n := 3
	for _, c := range []struct {
		t    TransformersChoice
		want string
	}{
		{TransformersChoice{Name: "linear", TrainingSteps: &n}, `"linear" requires num_warmup_steps`},
		{TransformersChoice{Name: "linear", WarmupSteps: &n}, `"linear" requires num_training_steps`},
		{TransformersChoice{Name: "Linear", WarmupSteps: &n, TrainingSteps: &n}, `"Linear" is not a valid SchedulerType`},
	} {
		if _, err := c.t.Choice(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v; want %s", c.t, err, c.want)
		}
	}
	ch, err := TransformersChoice{Name: "constant", Args: Args{"ignored": 1}}.Choice()
	if err != nil || len(ch.Args) != 0 {
		t.Errorf("constant takes %v, %v", ch.Args, err)
	}
}
