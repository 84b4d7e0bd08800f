package nn_test

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/tensor"
)

// Gated is a module of one's own: a linear layer whose outputs are gated by
// another one.
type Gated struct{ value, gate *nn.Linear }

// NewGated registers value.weight, value.bias, gate.weight and gate.bias.
func NewGated(s *nn.Scope, in, out int) *Gated {
	return &Gated{nn.NewLinear(s.Sub("value"), in, out, true), nn.NewLinear(s.Sub("gate"), in, out, true)}
}

func (g *Gated) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return t.Mul(g.value.Forward(t, x), t.Sigmoid(g.gate.Forward(t, x)))
}

// A network of two blocks, of which the second is trained.
func Example() {
	e := reference.New(reference.Options{})
	defer e.Close()
	s := nn.NewScope(nn.Config{Engine: e, Seed: 1})
	net := nn.NewNetwork(s)
	net.AddModule("body", NewGated(s.Sub("body").InBlock(), 4, 8))
	net.AddModule("head", nn.NewLinear(s.Sub("head").InBlock(), 8, 2, true))
	if err := net.Err(); err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range net.Params().All() {
		p.Tensor.SetRequiresGrad(p.BlockName == "head")
	}
	fmt.Println("frozen frontier:", net.Blocks()[net.Frontier()].Name)

	t := tensor.NewTape(e)
	defer t.Close()
	err := t.Do(func() {
		logits := net.Run(t, nil, t.Full(engine.Of(3, 4), .5))
		t.Backward(t.CrossEntropy(logits, t.FromI64(engine.Of(3), []int64{0, 1, 0}), tensor.CrossEntropyOptions{}), nil)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range net.Params().All() {
		fmt.Println(p.Name, p.Shape, p.Tensor.Grad() != nil)
	}
	// Output:
	// frozen frontier: head
	// body.value.weight [8 4] false
	// body.value.bias [8] false
	// body.gate.weight [8 4] false
	// body.gate.bias [8] false
	// head.weight [2 8] true
	// head.bias [2] true
}
