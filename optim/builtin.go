package optim

import (
	"slices"

	"github.com/thaw-go/thaw/registry"
)

// Component is one optimizer of a catalog.
type Component struct {
	// Default is the rule with its defaults, a struct; nil for a recipe.
	Default Rule
	// Recipe chooses an optimizer from the arguments; see Compose.
	Recipe func(args Args) (registry.Spec, error)
	// RecipeArgs describes a recipe's arguments.
	RecipeArgs []RecipeArg
	// Formula and Source say what it computes and where that is from.
	Formula, Source string
}

// RecipeArg is one argument of a recipe.
type RecipeArg struct {
	Name string
	// Default is nil for an argument that must be given.
	Default any
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
	for _, e := range slices.Concat(torchEntries(), otherEntries()) {
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

// otherEntries are the optimizers of torch_optimizer and pytorch_optimizer, and
// transformers' Adafactor. Where the two packages have different algorithms of
// one name, the plain name is torch_optimizer's and PO stands before that of
// pytorch_optimizer's; TO stands where torch has the name. Class paths find each.
func otherEntries() []entry {
	return []entry{
		a2GradExpEntry, a2GradIncEntry, a2GradUniEntry, accSGDEntry, adaBeliefEntry, adaBoundEntry, adaModEntry, adamPEntry, aggMoEntry, apolloEntry, diffGradEntry, flashLAMBEntry, flashLARSEntry,
		hfAdafactorEntry, lambEntry, larsEntry, lionEntry, lookaheadEntry, madgradEntry, novoGradEntry, pidEntry, poAdaBeliefEntry, poLAMBEntry, poLARSEntry, poLookaheadEntry, poNovoGradEntry,
		poRangerEntry, poYogiEntry, qhAdamEntry, qhmEntry, rangerEntry, rangerQHEntry, rangerVAEntry,
		sgdpEntry, sgdwEntry, toSGDWEntry, toPIDEntry, shampooEntry, swatsEntry, toAdafactorEntry, toRAdamEntry, yogiEntry, adanEntry, adEMAMixEntry, adoptEntry, gramsEntry, laPropEntry, stableAdamWEntry, tigerEntry,
	}
}
