package schedule

import (
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/registry"
)

// nearestName is the parameter whose name is most like text, "" where none is.
func nearestName(text string, params []param.Info) string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
	}
	if near := registry.Nearest(text, names, 1); len(near) > 0 {
		return near[0]
	}
	return ""
}
