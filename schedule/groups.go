package schedule

import (
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
)

// Groups finds which parameters each list of names and patterns means, in
// registration order; a parameter may be in one list only. Entries are those of
// phases, "rest" too.
func Groups(infos []param.Info, lists [][]Entry) ([][]string, diag.List) {
	s := &Schedule{}
	for i, l := range lists {
		s.Phases = append(s.Phases, PhaseSpec{Key: i, Params: l})
	}
	p, found := s.Resolve(infos, Options{})
	for i := range found {
		found[i].Message = inGroups.Replace(found[i].Message)
		found[i].Hint = inGroups.Replace(found[i].Hint)
	}
	if p == nil {
		return nil, found
	}
	var out [][]string
	for i := range p.Len() {
		out = append(out, p.Phase(i).Params)
	}
	return out, found
}

// inGroups has what resolution says of phases speak of groups.
var inGroups = strings.NewReplacer(
	"phases are not disjoint", "groups are not disjoint", "in multiple phases", "in several groups",
	" phase ", " group ", "in one phase", "in one group", "scheduled", "in a group",
)
