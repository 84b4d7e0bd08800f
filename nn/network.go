package nn

import (
	"fmt"

	"github.com/thaw-go/thaw/param"
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
	byName map[string]int
	scope  *Scope
	// Checkpoint has blocks computed again in the backward pass instead of
	// holding what they made.
	Checkpoint bool
}

// NewNetwork makes a network without blocks over the parameters of s's tree.
func NewNetwork(s *Scope) *Network { return &Network{scope: s, byName: map[string]int{}} }

// Add appends a block. Its parameters are those that were registered in a scope
// of its name (Scope.InBlock), before or after.
func (n *Network) Add(b Block) {
	if _, dup := n.byName[b.Name]; dup {
		n.scope.Failf("two blocks are named %q", b.Name)
		return
	}
	n.byName[b.Name] = len(n.blocks)
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
		if _, ok := n.byName[p.BlockName]; p.BlockName != "" && !ok {
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

// Infos describes the parameters to the core: prefix stands before the names,
// and the blocks are numbered.
func (n *Network) Infos(prefix string) []param.Info {
	infos := n.scope.reg.Infos(prefix)
	for i := range infos {
		infos[i].Block = n.blockOf(infos[i].BlockName)
	}
	return infos
}

func (n *Network) blockOf(name string) int {
	if i, ok := n.byName[name]; ok && name != "" {
		return i
	}
	return -1
}

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

// Frontier is the first block that holds a parameter for which trainable is
// true, Len where there is none. Parameters outside of blocks count as in block
// 0. Nothing below the frontier needs a gradient.
func (n *Network) Frontier(trainable func(*Param) bool) int {
	first := len(n.blocks)
	for _, p := range n.scope.reg.list {
		if p.Buffer || !trainable(p) {
			continue
		}
		first = min(first, max(n.blockOf(p.BlockName), 0))
	}
	return first
}
