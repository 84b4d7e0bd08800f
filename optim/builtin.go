package optim

import (
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// Component is one optimizer of a catalog.
type Component struct {
	// Default is the rule with its defaults, a struct.
	Default Rule
	// Formula and Source say what it computes and where that is from.
	Formula, Source string
}

// Catalog is the set of optimizers that can be chosen by name.
type Catalog = registry.Set[Component]

// entry is a built-in optimizer as its file states it.
type entry struct {
	name, doc, formula, source string
	rule                       Rule
	// paths are the class paths that find it, next to its name.
	paths []string
}

// Builtin is the set of built-in optimizers.
func Builtin() *Catalog {
	s := registry.NewSet[Component]("optimizer")
	for _, e := range slices.Concat(torchEntries()) {
		err := s.Add(registry.Entry[Component]{
			Name: e.name, Doc: e.doc, Aliases: e.paths,
			Value: Component{Default: e.rule, Formula: e.formula, Source: e.source},
		})
		if err != nil {
			panic(err) // two built-in optimizers of one name: a programmer's error
		}
	}
	return s
}

// torchEntries are the optimizers of torch.optim.
func torchEntries() []entry {
	es := []entry{
		adadeltaEntry, adafactorEntry, adagradEntry, adamEntry, adamWEntry, adamaxEntry, asgdEntry, lbfgsEntry, muonEntry, nadamEntry, radamEntry,
		rmspropEntry, rpropEntry, sgdEntry, sparseAdamEntry,
	}
	for i := range es {
		es[i].paths = []string{"torch.optim." + es[i].name, "torch.optim." + registry.Fold(es[i].name) + "." + es[i].name}
	}
	return es
}

// Make builds the optimizer that a spec names.
func Make(c *Catalog, spec registry.Spec) (*Optimizer, error) {
	e, err := c.Find(spec.Name)
	if err != nil {
		return nil, err
	}
	r, err := bindIn(c, e.Name, e.Value.Default, spec.Args)
	if err != nil {
		return nil, err
	}
	return NewOptimizer(e.Name, r)
}
