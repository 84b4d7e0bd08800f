// Package nn has modules with dotted parameter names, the blocks that a network
// is made of, and losses.
//
// A module registers its parameters in a Scope as it is built, in torch's order
// and under torch's names, so that state dicts fit. A Network is an ordered
// list of named blocks over those parameters.
package nn

import (
	"fmt"

	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/tensor"
)

// Config is what all parameters of a network have in common.
type Config struct {
	Engine engine.Engine
	// DType of the parameters; 0 stands for F32.
	DType engine.DType
	// Seed of the initial values, which depend on it and on the names alone.
	Seed uint64
	// Lazy leaves the parameters undefined until they are loaded or
	// Initialize is called on them.
	Lazy bool
	// Prefix stands before the parameters' names as the core and a schedule see
	// them ("model."), not before the paths of scopes.
	Prefix string
}

// Scope is a place in the tree of modules: a path, under which parameters are
// registered. Its first error sticks and is returned by Params.Err.
type Scope struct {
	path  string
	block string
	reg   *Params
}

// NewScope opens the root of a new tree.
func NewScope(c Config) *Scope {
	if c.DType == 0 {
		c.DType = engine.F32
	}
	return &Scope{reg: &Params{config: c, index: map[string]int{}, blocks: map[string]int{}}}
}

// Sub is the scope of the child of the given name ("fc", "layer1.0").
func (s *Scope) Sub(name string) *Scope {
	c := *s
	c.path = join(s.path, name)
	return &c
}

// Path is the scope's dotted path, empty at the root.
func (s *Scope) Path() string { return s.path }

// Params are the parameters registered in the whole tree.
func (s *Scope) Params() *Params { return s.reg }

// InBlock is the scope whose parameters belong to the network's block that is
// named as the scope's path.
func (s *Scope) InBlock() *Scope { return s.InBlockNamed(s.path) }

// InBlockNamed is InBlock for a block of another name.
func (s *Scope) InBlockNamed(block string) *Scope {
	c := *s
	c.block = block
	return &c
}

// Failf records an error in building a module, and goes on.
func (s *Scope) Failf(format string, args ...any) {
	if s.reg.err == nil {
		s.reg.err = fmt.Errorf("%s: %w", orRoot(s.path), fmt.Errorf(format, args...))
	}
}

func orRoot(path string) string {
	if path == "" {
		return "model"
	}
	return path
}

func join(path, name string) string {
	switch {
	case path == "":
		return name
	case name == "":
		return path
	}
	return path + "." + name
}

// Param registers a trainable parameter of a module of the given kind
// ("Linear").
func (s *Scope) Param(kind, name string, shape engine.Shape, init Init) *Param {
	return s.reg.add(s, kind, name, shape, s.reg.config.DType, false, init)
}

// Buffer registers state that is not trained.
func (s *Scope) Buffer(kind, name string, dt engine.DType, shape engine.Shape, init Init) *Param {
	if dt.Float() {
		dt = s.reg.config.DType
	}
	return s.reg.add(s, kind, name, shape, dt, true, init)
}

// Tie registers a second name for a parameter: both are one tensor.
func (s *Scope) Tie(kind, name string, p *Param) *Param { return s.reg.tie(s, kind, name, p) }

// tensorOf is p's tensor, nil for an absent parameter.
func tensorOf(p *Param) *tensor.Tensor {
	if p == nil {
		return nil
	}
	return p.Tensor
}
