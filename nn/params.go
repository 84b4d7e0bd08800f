package nn

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/rng"
	"github.com/thaw-go/thaw/tensor"
)

// Param is one entry of a network's state dict.
type Param struct {
	param.Info
	Tensor *tensor.Tensor
	seed   uint64
	init   Init
}

// Initialize gives the parameter its initial values. They depend on the seed
// and the name alone.
func (p *Param) Initialize() error {
	values := make([]float64, p.Tensor.Len())
	s := rng.New(p.seed, rng.Name(p.Name))
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
	norms  []*BatchNorm
	err    error
}

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

// Infos describes everything to the core, with prefix before the names.
func (ps *Params) Infos(prefix string) []param.Info {
	out := make([]param.Info, len(ps.list))
	for i, p := range ps.list {
		out[i] = p.Info
		out[i].Name, out[i].Module = prefix+p.Name, prefix+p.Module
		if p.SharedWith != "" {
			out[i].SharedWith = prefix + p.SharedWith
		}
	}
	return out
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
	p := &Param{seed: ps.config.Seed, init: init, Info: param.Info{
		Name: join(s.path, name), Shape: shape.Dims(), DType: dt.String(), Buffer: buffer,
		Block: -1, BlockName: s.block, Module: s.path, Kind: kind,
	}}
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
	p := &Param{Info: first.Info, Tensor: first.Tensor, seed: first.seed, init: first.init}
	p.Name, p.Module, p.Kind, p.Block, p.BlockName = join(s.path, name), s.path, kind, -1, s.block
	p.SharedWith = first.Name
	if first.SharedWith != "" {
		p.SharedWith = first.SharedWith
	}
	ps.enter(p)
	return p
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
