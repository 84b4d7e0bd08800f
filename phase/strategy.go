package phase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
)

// strategies are the flags that finetuning-scheduler was tested with.
var strategies = []string{
	"ddp", "ddp_find_unused_parameters_false", "ddp_find_unused_parameters_true", "ddp_spawn", "ddp_fork", "ddp_notebook",
	"single_device", "fsdp", "fsdp_cpu_offload", "modelparallelstrategy",
}

// CheckStrategy judges the name of a distributed strategy as
// finetuning-scheduler does: a known one passes, an unknown one with
// allow_untested too, with a warning. Adapters that a user maps strategies to
// are Python classes, which there are none of here.
func CheckStrategy(flag string, adapters map[string]string, allowUntested bool) (diag.List, error) {
	if len(adapters) > 0 {
		return nil, checkAdapters(flag, adapters)
	}
	if flag == "" || slices.Contains(strategies, strings.ToLower(flag)) {
		return nil, nil
	}
	if allowUntested {
		return diag.List{{Severity: diag.Warning, Code: "untested-strategy", Message: fmt.Sprintf("allowing untested strategy %q because allow_untested is set", flag)}}, nil
	}
	return nil, fault("use one of "+strings.Join(strategies, ", ")+", or set allow_untested", "strategy %q is not currently supported", flag)
}

func checkAdapters(flag string, adapters map[string]string) error {
	adapter, ok := adapters[flag]
	switch {
	case !ok && flag != "":
		return fmt.Errorf("the strategy %q does not map to a custom strategy adapter", flag)
	case !ok:
		for _, a := range adapters {
			adapter = max(adapter, a)
		}
	}
	if !strings.ContainsAny(adapter, ".:") {
		return fmt.Errorf("invalid adapter name %q", adapter)
	}
	return fmt.Errorf("could not import the specified custom strategy adapter class %s: it is a Python class", adapter)
}
