package task

import (
	"slices"
	"strings"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
)

// AvailableOptimizers lists the built-in optimizers in lower case, sorted.
func AvailableOptimizers() []string { return listed(optim.Builtin().Names()) }

// AvailableLRSchedulers lists the built-in LR schedulers in lower case, sorted.
func AvailableLRSchedulers() []string { return listed(lrsched.Builtin().Schedulers.Names()) }

func listed(names []string) []string {
	for i, n := range names {
		names[i] = strings.ToLower(n)
	}
	slices.Sort(names)
	return names
}
