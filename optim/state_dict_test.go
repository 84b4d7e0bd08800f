package optim_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/optim"
)

// torchDicts are state dicts of torch's, made by four steps on ½Σa(w−c)², with
// the weights then and after three more.
type torchDicts struct {
	About string
	A, C  []torchTensor
	Cases []torchCase
}

type torchCase struct {
	Optimizer string
	At, After []torchTensor
	State     map[string]map[string]any
	Groups    []optim.Args `json:"param_groups"`
}

type torchTensor struct {
	Shape []int
	Data  []float64
}

// fromTorch reads decoded {shape, data} objects as tensors, in lists too.
func fromTorch(v any) any {
	switch v := v.(type) {
	case map[string]any:
		t := optim.StateTensor{Slice: optim.Slice{F64: []float64{}}}
		for _, d := range v["shape"].([]any) {
			t.Shape = append(t.Shape, int(d.(float64)))
		}
		for _, x := range v["data"].([]any) {
			t.F64 = append(t.F64, x.(float64))
		}
		return t
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fromTorch(v[i])
		}
		return out
	}
	return v
}

func readTorchDicts(t *testing.T) torchDicts {
	t.Helper()
	text, err := os.ReadFile("testdata/torch_state_dicts.json")
	if err != nil {
		t.Fatal(err)
	}
	var d torchDicts
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// torchDict is the i-th case's.
func (d torchDicts) dict(i int) optim.StateDict {
	c := d.Cases[i]
	out := optim.StateDict{State: map[int]map[string]any{}}
	for id, entries := range c.State {
		n, _ := strconv.Atoi(id)
		out.State[n] = map[string]any{}
		for name, v := range entries {
			out.State[n][name] = fromTorch(v)
		}
	}
	for _, g := range c.Groups {
		made := optim.StateGroup{Options: maps.Clone(g)}
		for _, id := range g["params"].([]any) {
			made.Params = append(made.Params, int(id.(float64)))
		}
		for _, name := range g["param_names"].([]any) {
			made.Names = append(made.Names, name.(string))
		}
		delete(made.Options, "params")
		delete(made.Options, "param_names")
		out.Groups = append(out.Groups, made)
	}
	return out
}

// bowls is the problem of the cases, at given weights.
type bowls struct {
	torchDicts
	params []*optim.Param
}

func (d torchDicts) at(w []torchTensor) *bowls {
	b := &bowls{torchDicts: d}
	for i, name := range []string{"w", "b"} {
		b.params = append(b.params, &optim.Param{Name: name, Shape: w[i].Shape, Value: optim.Slice{F64: slices.Clone(w[i].Data)}})
	}
	return b
}

func (b *bowls) lookup(name string) *optim.Param {
	for _, p := range b.params {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func (b *bowls) step(t *testing.T, o *optim.Optimizer) {
	t.Helper()
	_, err := o.StepClosure(b.lookup, func() (loss float64, err error) {
		for i, p := range b.params {
			p.Grad.F64 = make([]float64, p.Value.Len())
			for k, a := range b.A[i].Data {
				off := p.Value.F64[k] - b.C[i].Data[k]
				loss += 0.5 * a * off * off
				p.Grad.F64[k] = a * off
			}
			if o.Name() == "SparseAdam" {
				p.Rows = []int{0, 1, 2}[:p.Shape[0]]
			}
		}
		return loss, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func makeGroup(t *testing.T, name string, args optim.Args, params ...string) *optim.Optimizer {
	t.Helper()
	o, err := optim.Make(optim.Builtin(), optim.Named(name, args))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.SetGroups([]optim.Group{{Params: params, Rule: o.Rule()}}); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestTorchStateDicts: what torch saved goes on here as it does there, and is
// given out as it was taken.
func TestTorchStateDicts(t *testing.T) {
	all := readTorchDicts(t)
	for i, c := range all.Cases {
		t.Run(c.Optimizer, func(t *testing.T) {
			b := all.at(c.At)
			// The saved options replace these.
			o := makeGroup(t, c.Optimizer, nil, "w", "b")
			if err := o.LoadStateDict(all.dict(i), b.lookup); err != nil {
				t.Fatal(err)
			}
			sameDict(t, o.StateDict(), all.dict(i))
			for range 3 {
				b.step(t, o)
			}
			for k, p := range b.params {
				for j, want := range c.After[k].Data {
					if got := p.Value.F64[j]; math.Abs(got-want) > 1e-10 {
						t.Errorf("%s: %v, torch has %v", p.Name, p.Value.F64, c.After[k].Data)
						break
					}
				}
			}
		})
	}
}

// sameDict compares what is in two dicts; the recursion's weights of LBFGS are
// not kept, since nothing depends on them.
func sameDict(t *testing.T, got, want optim.StateDict) {
	t.Helper()
	for id, entries := range want.State {
		for name, v := range entries {
			if name != "al" && !alike(got.State[id][name], v) {
				t.Errorf("state %d has %s %v, torch %v", id, name, got.State[id][name], v)
			}
		}
		if len(got.State[id]) != len(entries) {
			t.Errorf("state %d has %d entries, torch %d", id, len(got.State[id]), len(entries))
		}
	}
	if len(got.State) != len(want.State) || len(got.Groups) != len(want.Groups) {
		t.Fatalf("%d states and %d groups, torch has %d and %d", len(got.State), len(got.Groups), len(want.State), len(want.Groups))
	}
	for i, g := range want.Groups {
		has := got.Groups[i]
		if !slices.Equal(has.Params, g.Params) || !slices.Equal(has.Names, g.Names) {
			t.Errorf("group %d has %v %v, torch %v %v", i, has.Params, has.Names, g.Params, g.Names)
		}
		for name, v := range g.Options {
			if x, ok := has.Options[name]; !ok || !alike(x, v) {
				t.Errorf("group %d has %s %v, torch %v", i, name, x, v)
			}
		}
		if len(has.Options) != len(g.Options) {
			t.Errorf("group %d has %v, torch %v", i, has.Options, g.Options)
		}
	}
}

// alike compares entries, whatever types their numbers have.
func alike(x, y any) bool {
	switch x := x.(type) {
	case optim.StateTensor:
		y, ok := y.(optim.StateTensor)
		if !ok || x.Len() != y.Len() || !slices.Equal(x.Shape, y.Shape) {
			return false
		}
		for i := range x.Len() {
			if x.At(i) != y.At(i) {
				return false
			}
		}
		return true
	case []any:
		y, ok := y.([]any)
		return ok && slices.EqualFunc(x, y, alike)
	case int:
		return y == float64(x)
	}
	return x == y
}

// TestStateDictRefusals: what does not fit is refused, and nothing has changed.
func TestStateDictRefusals(t *testing.T) {
	all := readTorchDicts(t)
	i := slices.IndexFunc(all.Cases, func(c torchCase) bool { return c.Optimizer == "Adam" })
	for _, c := range []struct {
		name   string
		change func(d *optim.StateDict)
		want   string
	}{
		{"no groups", func(d *optim.StateDict) { d.Groups = nil }, "different number of parameter groups: 0, the optimizer has 1"},
		{"fewer parameters", func(d *optim.StateDict) { d.Groups[0].Params = d.Groups[0].Params[:1] }, "doesn't match the size of optimizer's group: 1 parameters and 2"},
		{"no lr", func(d *optim.StateDict) { delete(d.Groups[0].Options, "lr") }, "group 0: loaded state dict has no lr"},
		{"bad lr", func(d *optim.StateDict) { d.Groups[0].Options["lr"] = -1.0 }, "group 0: invalid learning rate: -1.0 (lr must be at least 0)"},
		{"text for lr", func(d *optim.StateDict) { d.Groups[0].Options["lr"] = "fast" }, "group 0: lr: wants a number"},
		{"no tensor", func(d *optim.StateDict) { delete(d.State[1], "exp_avg") }, `state 1 of b: there is no tensor or number "exp_avg"`},
		{"another shape", func(d *optim.StateDict) { d.State[0] = d.State[1] }, "state 0 of w: exp_avg has shape [2 2]"},
		{"no step", func(d *optim.StateDict) { delete(d.State[0], "step") }, `there is no tensor or number "step"`},
		{"bad step", func(d *optim.StateDict) { d.State[0]["step"] = -2 }, "step is -2, not a count"},
		{"text for step", func(d *optim.StateDict) { d.State[0]["step"] = "two" }, "step: wants a number"},
		{"stray state", func(d *optim.StateDict) { d.State[7] = d.State[0] }, "a state 7, which none of its groups lists"},
	} {
		d := all.dict(i)
		b := all.at(all.Cases[i].At)
		o := makeGroup(t, "Adam", optim.Args{"lr": 0.25}, "w", "b")
		b.step(t, o)
		before := o.StateDict()
		c.change(&d)
		if err := o.LoadStateDict(d, b.lookup); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		sameDict(t, o.StateDict(), before)
	}
}

// TestStateDictNames: parameters that were saved in another order find their
// state by name.
func TestStateDictNames(t *testing.T) {
	all := readTorchDicts(t)
	b := all.at(all.Cases[0].At)
	o := makeGroup(t, "Adam", nil, "w", "b")
	b.step(t, o)
	turned := makeGroup(t, "Adam", nil, "b", "w")
	if err := turned.LoadStateDict(o.StateDict(), b.lookup); err != nil {
		t.Fatal(err)
	}
	for name, s := range o.States() {
		if !slices.Equal(turned.States()[name].Tensors[0].F64, s.Tensors[0].F64) {
			t.Errorf("%s has the state of another", name)
		}
	}
	if got := turned.Groups()[0].Params; !slices.Equal(got, []string{"b", "w"}) {
		t.Errorf("the group has %v", got)
	}
}
