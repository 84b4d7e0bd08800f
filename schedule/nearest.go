package schedule

import (
	"fmt"
	"slices"
	"strings"

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

// suggestion is what a name or pattern that names nothing may have meant: the
// nearest name, or what there is as deep in the model as the text is right.
func suggestion(text string, params []param.Info) string {
	if near := nearestName(text, params); near != "" {
		return "did you mean " + near + "?"
	}
	plain := strings.TrimPrefix(text, "=")
	if i := strings.IndexAny(plain, `\*+?()[]{}|^$`); i >= 0 {
		plain = plain[:i]
	}
	parts := strings.Split(plain, ".")
	for n := len(parts) - 1; n >= 0; n-- {
		path := strings.Join(parts[:n], ".")
		if below := childrenOf(path, params); len(below) > 0 {
			if path == "" {
				return "names begin with " + below
			}
			return fmt.Sprintf("below %s there are %s", path, below)
		}
	}
	return ""
}

// childrenOf lists the next parts of the names below a path.
func childrenOf(path string, params []param.Info) string {
	var out []string
	for _, p := range params {
		rest := p.Name
		if path != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(p.Name, path+"."); !ok {
				continue
			}
		}
		part, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return listNames(out)
}
