package optim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/registry"
)

// halving is a user's own rule: it halves every weight.
type halving struct {
	LR float64 `json:"lr" doc:"not used"`
}

func (halving) Check() error        { return nil }
func (halving) Layout([]int) Layout { return Layout{} }
func (halving) Update32(c *Cell[float32]) {
	for i := range c.W {
		c.W[i] /= 2
	}
}

func (halving) Update64(c *Cell[float64]) {
	for i := range c.W {
		c.W[i] /= 2
	}
}

// TestChoices goes through the ways to choose an optimizer.
func TestChoices(t *testing.T) {
	c := Builtin().Clone()
	add := func(name string, component Component) {
		if err := c.Add(registry.Entry[Component]{Name: name, Value: component}); err != nil {
			t.Fatal(err)
		}
	}
	add("MyCamel", Compose(func(args Args) (registry.Spec, error) {
		return Named("adamw", Args{"lr": args["lr"], "weight_decay": 0.5}), nil
	}))
	add("outer", Compose(func(Args) (registry.Spec, error) { return Named("MyCamel", Args{"lr": 2.0}), nil }))
	add("loop", Compose(func(Args) (registry.Spec, error) { return Named("loop", nil), nil }))
	add("broken", Compose(func(Args) (registry.Spec, error) { return registry.Spec{}, fmt.Errorf("no luck") }))
	add("halving", Component{Default: halving{LR: 1}})
	sgd := DefaultSGD()
	sgd.Momentum = 0.9
	with := func(s registry.Spec, args Args) registry.Spec { s.Args = args; return s }
	for _, x := range []struct {
		spec registry.Spec
		name string
		want Args
		err  string
	}{
		{spec: Named("ADAM_W", nil), name: "AdamW", want: Args{"lr": 1e-3, "weight_decay": 1e-2}},
		{spec: Named("torch.optim.SGD", Args{"lr": 0.5}), name: "SGD", want: Args{"lr": 0.5, "momentum": 0.0}},
		{spec: Use(sgd), name: "SGD", want: Args{"lr": 1e-3, "momentum": 0.9}},
		{spec: Use(&sgd), name: "SGD", want: Args{"momentum": 0.9}},
		{spec: with(Use(sgd), Args{"lr": 0.25}), name: "SGD", want: Args{"lr": 0.25, "momentum": 0.9}},
		{spec: with(Use(sgd), Args{"bogus": 1}), err: `unknown argument "bogus"`},
		{spec: Use(halving{LR: 3}), name: "halving", want: Args{"lr": 3.0}},
		{spec: Named("halving", Args{"lr": 2.0}), name: "halving", want: Args{"lr": 2.0}},
		{spec: Named("MyCamel", Args{"lr": 4.0}), name: "AdamW", want: Args{"lr": 4.0, "weight_decay": 0.5}},
		{spec: Named("outer", nil), name: "AdamW", want: Args{"lr": 2.0}},
		{spec: Named("loop", nil), err: `recipe "loop": it names itself`},
		{spec: Named("broken", nil), err: `recipe "broken": no luck`},
		{spec: Named("MyCamell", nil), err: "did you mean MyCamel"},
		{spec: registry.Spec{Name: "x", Value: 3}, err: "a int is no optimizer's rule"},
	} {
		o, err := Make(c, x.spec)
		if x.err != "" {
			if err == nil || !strings.Contains(err.Error(), x.err) {
				t.Errorf("%v: %v, want %s", x.spec, err, x.err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		got := Options(o.Rule())
		for k, v := range x.want {
			if got[k] != v || o.Name() != x.name {
				t.Errorf("%v: %s with %s %v, want %s with %v", x.spec, o.Name(), k, got[k], x.name, v)
			}
		}
	}
	if sgd.LR != 1e-3 {
		t.Error("the caller's rule was changed")
	}
	if err := c.Add(registry.Entry[Component]{Name: "my_camel"}); err == nil {
		t.Error("a duplicate was registered")
	}
}
