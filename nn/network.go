package nn

import (
	"fmt"

	"github.com/thaw-go/thaw/tensor"
)

// Module computes one tensor of another. Modules with further inputs have
// methods of their own.
type Module interface {
	Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor
}

// Func is a function as a module.
type Func func(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor

// Forward calls f.
func (f Func) Forward(t *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return f(t, x) }

// Inputs are what a batch holds beside the network's main input, by name
// ("attention_mask"). An absent one is nil.
type Inputs map[string]*tensor.Tensor

// Block is a stretch of a network with a name of its own. Its result depends on
// its own parameters, in and x alone.
type Block struct {
	Name    string
	Forward func(t *tensor.Tape, in Inputs, x *tensor.Tensor) *tensor.Tensor
}

// Network is an ordered list of blocks and the parameters of the tree that they
// were built in.
type Network struct {
	blocks []Block
	scope  *Scope
	// Checkpoint has blocks computed again in the backward pass instead of
	// holding what they made.
	Checkpoint bool
}

// NewNetwork makes a network without blocks over the parameters of s's tree.
func NewNetwork(s *Scope) *Network { return &Network{scope: s} }

// Add appends a block. Its parameters are those that were registered in a scope
// of its name (Scope.InBlock), before or after.
func (n *Network) Add(b Block) {
	if !n.scope.reg.addBlock(b.Name) {
		n.scope.Failf("two blocks are named %q", b.Name)
		return
	}
	n.blocks = append(n.blocks, b)
}

// AddModule appends a module as a block.
func (n *Network) AddModule(name string, m Module) {
	n.Add(Block{Name: name, Forward: func(t *tensor.Tape, _ Inputs, x *tensor.Tensor) *tensor.Tensor {
		return m.Forward(t, x)
	}})
}

// Err is the first error in building the network.
func (n *Network) Err() error {
	if err := n.scope.reg.err; err != nil {
		return fmt.Errorf("building the network: %w", err)
	}
	for _, p := range n.scope.reg.list {
		if p.BlockName != "" && p.Block < 0 {
			return fmt.Errorf("building the network: %s belongs to a block %q that was not added", p.Name, p.BlockName)
		}
	}
	return nil
}

// Blocks lists the blocks in order.
func (n *Network) Blocks() []Block { return n.blocks }

// Len is the number of blocks.
func (n *Network) Len() int { return len(n.blocks) }

// Params are the network's parameters and buffers.
func (n *Network) Params() *Params { return n.scope.reg }

// Scope is where the network was built, for what is added to it.
func (n *Network) Scope() *Scope { return n.scope }

// Forward runs the blocks from … to−1 on x, which is what block from−1 made, or
// the network's input.
func (n *Network) Forward(t *tensor.Tape, in Inputs, from, to int, x *tensor.Tensor) *tensor.Tensor {
	for i := range n.blocks[from:to] {
		b := &n.blocks[from+i]
		if n.Checkpoint {
			x = t.Checkpoint(b.Name, func(x *tensor.Tensor) *tensor.Tensor { return b.Forward(t, in, x) }, x)
			continue
		}
		t.Enter(b.Name)
		y := t.Leave(b.Forward(t, in, x))
		if i > 0 && y != x {
			t.Drop(x)
		}
		x = y
	}
	return x
}

// Run is Forward through all blocks.
func (n *Network) Run(t *tensor.Tape, in Inputs, x *tensor.Tensor) *tensor.Tensor {
	return n.Forward(t, in, 0, len(n.blocks), x)
}

// Frontier is the first block that holds a parameter which requires a gradient,
// Len where there is none. Nothing below it is recorded. Parameters outside of
// blocks count as in block 0.
func (n *Network) Frontier() int {
	return n.FrontierOf(func(p *Param) bool { return p.Tensor.RequiresGrad() })
}

// FrontierOf is Frontier if the parameters for which trainable is true required
// gradients.
func (n *Network) FrontierOf(trainable func(*Param) bool) int {
	first := len(n.blocks)
	for _, p := range n.scope.reg.list {
		if !p.Buffer && trainable(p) {
			first = min(first, max(p.Block, 0))
		}
	}
	return first
}
