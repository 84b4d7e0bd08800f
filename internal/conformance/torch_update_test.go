package conformance

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// update is an optimizer by the engine's own operator.
type update struct {
	e     engine.Engine
	op    engine.Op
	attr  engine.Attr
	step  int
	slots map[string][]*tensor.Tensor // state by parameter
}

var optimizerArg = regexp.MustCompile(`(\w+)=([\d.e+-]+)`)

// newUpdate reads "AdamW lr=1e-3 weight_decay=0.01" and "SGD lr=0.01 …".
func newUpdate(t *testing.T, e engine.Engine, text string) *update {
	t.Helper()
	u := &update{e: e, step: 1, slots: map[string][]*tensor.Tensor{}}
	switch name, _, _ := strings.Cut(text, " "); name {
	case "SGD":
		u.op = engine.OpSGDUpdate
	case "AdamW", "Adam":
		u.op = engine.OpAdamUpdate
		u.attr = engine.Attr{Beta1: .9, Beta2: .999, Eps: 1e-8, Decoupled: name == "AdamW"}
	default:
		t.Fatalf("optimizer %q", text)
	}
	for _, m := range optimizerArg.FindAllStringSubmatch(text, -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		switch m[1] {
		case "lr":
			u.attr.LR = v
		case "momentum":
			u.attr.Momentum = v
		case "weight_decay":
			u.attr.WeightDecay = v
		default:
			t.Fatalf("%q of %q", m[1], text)
		}
	}
	return u
}

// apply moves a parameter by its gradient.
func (u *update) apply(t *testing.T, p *nn.Param) {
	t.Helper()
	slots, ok := u.slots[p.Name]
	if !ok {
		n := 1 // momentum
		if u.op == engine.OpAdamUpdate {
			n = 2
		}
		for range n {
			s, err := tensor.NewLeaf(u.e, p.Tensor.DType(), p.Tensor.Shape())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Set(make([]float64, s.Len())); err != nil {
				t.Fatal(err)
			}
			slots = append(slots, s)
		}
		u.slots[p.Name] = slots
	}
	k, ok := u.e.Lookup(u.op, p.Tensor.DType())
	if !ok {
		t.Fatalf("the engine has no %v", u.op)
	}
	c := engine.Call{Op: u.op, Attr: u.attr, In: []engine.Array{p.Tensor.Grad().Array()}, Out: []engine.Array{p.Tensor.Array()}}
	c.Attr.StepCount = u.step
	for _, s := range slots {
		c.Out = append(c.Out, s.Array())
	}
	if u.op == engine.OpAdamUpdate {
		c.Out = append(c.Out, engine.Array{})
	}
	if err := k(&c); err != nil {
		t.Fatal(err)
	}
}
