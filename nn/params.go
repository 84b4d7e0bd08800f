package nn

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/tensor"
)

// Param is one entry of a network's state dict. Its Block is the number of the
// network's block once that has been added.
type Param struct {
	param.Info
	Tensor *tensor.Tensor
	local  string // the name without the tree's prefix
	seed   uint64
	init   Init
}

// Local is the name without the tree's prefix, as weight files have it.
func (p *Param) Local() string { return p.local }

// Initialize gives the parameter its initial values. They depend on the seed
// and the name alone.
func (p *Param) Initialize() error {
	values := make([]float64, p.Tensor.Len())
	s := rng.New(p.seed, rng.Name(p.local))
	p.init(p.Tensor.Shape(), &s, values)
	if p.Tensor.DType().Float() {
		return p.Tensor.Set(values)
	}
	ints := make([]int64, len(values))
	for i, v := range values {
		ints[i] = int64(v)
	}
	return p.Tensor.Set(ints)
}

// InitWith replaces the parameter's initialisation, and applies it unless the
// network is lazy.
func (p *Param) InitWith(s *Scope, init Init) {
	p.init = init
	s.reg.initialize(p)
}

// Params are the parameters and buffers of a network, in the order of
// registration.
type Params struct {
	config Config
	list   []*Param
	index  map[string]int
	blocks map[string]int // numbers by name
	norms  []*BatchNorm
	err    error
}

// Engine is where the tensors live.
func (ps *Params) Engine() engine.Engine { return ps.config.Engine }

// Err is the first error in building the network.
func (ps *Params) Err() error { return ps.err }

// All lists everything, tied names included.
func (ps *Params) All() []*Param { return ps.list }

// Lookup finds an entry by its name.
func (ps *Params) Lookup(name string) (*Param, bool) {
	i, ok := ps.index[name]
	if !ok {
		return nil, false
	}
	return ps.list[i], true
}

// Infos describes everything to the core.
func (ps *Params) Infos() []param.Info {
	out := make([]param.Info, len(ps.list))
	for i, p := range ps.list {
		out[i] = p.Info
		out[i].Shape = slices.Clone(p.Shape)
	}
	return out
}

// addBlock numbers the next block; false where its name is taken.
func (ps *Params) addBlock(name string) bool {
	if _, dup := ps.blocks[name]; dup {
		return false
	}
	ps.blocks[name] = len(ps.blocks)
	for _, p := range ps.list {
		ps.number(p)
	}
	return true
}

func (ps *Params) number(p *Param) {
	p.Block = -1
	if i, ok := ps.blocks[p.BlockName]; ok && p.BlockName != "" {
		p.Block = i
	}
}

// BatchNorms lists the batch norms, in the order of registration.
func (ps *Params) BatchNorms() []*BatchNorm { return ps.norms }

// ZeroGrad forgets all gradients.
func (ps *Params) ZeroGrad() {
	for _, p := range ps.list {
		p.Tensor.ZeroGrad()
	}
}

// Release gives the memory of all tensors back.
func (ps *Params) Release() {
	for _, p := range ps.list {
		if p.SharedWith == "" && p.Tensor != nil {
			p.Tensor.Release()
		}
	}
}

func (ps *Params) add(s *Scope, kind, name string, shape engine.Shape, dt engine.DType, buffer bool, init Init) *Param {
	p := &Param{local: join(s.path, name), seed: ps.config.Seed, init: init, Info: param.Info{
		Shape: shape.Dims(), DType: dt.String(), Buffer: buffer,
	}}
	ps.place(p, s, kind)
	if !ps.enter(p) {
		return p
	}
	x, err := tensor.NewLeaf(ps.config.Engine, dt, shape)
	if err != nil {
		ps.fail(fmt.Errorf("%s %v: %w", p.Name, shape, err))
		return p
	}
	p.Tensor = x
	x.SetRequiresGrad(!buffer)
	ps.initialize(p)
	return p
}

func (ps *Params) tie(s *Scope, kind, name string, first *Param) *Param {
	p := &Param{local: join(s.path, name), Info: first.Info, Tensor: first.Tensor, seed: first.seed, init: first.init}
	ps.place(p, s, kind)
	p.SharedWith = first.Name
	if first.SharedWith != "" {
		p.SharedWith = first.SharedWith
	}
	ps.enter(p)
	return p
}

// place fills in where p stands.
func (ps *Params) place(p *Param, s *Scope, kind string) {
	p.Name, p.Module = ps.config.Prefix+p.local, strings.TrimSuffix(ps.config.Prefix+s.path, ".")
	p.Kind, p.BlockName = kind, s.block
	ps.number(p)
}

// enter lists p; after an error nothing more is.
func (ps *Params) enter(p *Param) bool {
	if _, dup := ps.index[p.Name]; dup {
		ps.fail(fmt.Errorf("%s: registered twice", p.Name))
	}
	if ps.err != nil {
		return false
	}
	ps.index[p.Name] = len(ps.list)
	ps.list = append(ps.list, p)
	return true
}

func (ps *Params) initialize(p *Param) {
	if ps.err != nil || ps.config.Lazy {
		return
	}
	if err := p.Initialize(); err != nil {
		ps.fail(fmt.Errorf("%s: initialising: %w", p.Name, err))
	}
}

func (ps *Params) fail(err error) {
	if ps.err == nil {
		ps.err = err
	}
}
