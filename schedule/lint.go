package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
)

// Lint is Resolve with a reader's eye: besides what is wrong it tells what is
// allowed but seldom meant. The plan is what could be resolved, also where
// there are errors, for those who look further.
func (s *Schedule) Lint(infos []param.Info, opts Options) (*Plan, diag.List) {
	r := s.resolve(infos, opts)
	for _, m := range r.meant {
		r.quantifier(m)
		r.longerNumbers(m)
		r.tiedElsewhere(m)
	}
	for i, ph := range r.plan.phases {
		if i > 0 && len(ph.Params) == 0 && ph.NewLRScheduler == nil && ph.NewOptimizer == nil && !r.unknown {
			r.add(diag.Warning, ph.Source.Key, "empty-phase", "remove the phase, or list what it thaws",
				"phase %d thaws nothing and changes nothing", r.key(i))
		}
	}
	SortByPlace(r.found)
	return r.plan, r.found
}

// SortByPlace puts findings in the order of the file, those without a place
// last; at one place the gravest first.
func SortByPlace(l diag.List) {
	slices.SortStableFunc(l, func(a, b diag.Finding) int {
		if a.Pos.Line == 0 || b.Pos.Line == 0 {
			return cmp.Compare(b.Pos.Line, a.Pos.Line)
		}
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Severity, b.Severity),
		)
	})
}

// tiedElsewhere finds the tied names that a pattern takes while their tensor
// belongs to another phase under its first name: the phase looks as if it
// trained them.
func (r *resolver) tiedElsewhere(m meaning) {
	view := m.view
	if view == nil {
		view = func(n string) string { return n }
	}
	for _, i := range r.infos {
		if i.SharedWith == "" || i.Name != m.entry.Text && (m.pat == nil || !m.pat.match(view(i.Name))) {
			continue
		}
		at, scheduled := r.owner[i.SharedWith]
		if scheduled && at == m.phase || !scheduled && r.unknown {
			continue
		}
		// In place of the remark that the name is another's.
		r.found = slices.DeleteFunc(r.found, func(f diag.Finding) bool { return f.Code == "tied-parameter" && f.Pos == m.entry.Place.Pos })
		switch {
		case scheduled:
			r.add(diag.Warning, m.entry.Place, "tied-split", fmt.Sprintf("list %s in the phase that is to train both", i.SharedWith),
				"tied parameters are split over phases: %s in phase %d is the same tensor as %s, which thaws in phase %d",
				i.Name, r.key(m.phase), i.SharedWith, r.key(at))
		default:
			r.add(diag.Warning, m.entry.Place, "tied-split", fmt.Sprintf("list %s", i.SharedWith),
				"tied parameters are split: %s in phase %d is the same tensor as %s, which is in no phase and stays frozen",
				i.Name, r.key(m.phase), i.SharedWith)
		}
	}
}

// at is a place some runes into an entry.
func (e Entry) at(offset int) Place {
	pl := e.Place
	if pl.Pos.Col > 0 {
		pl.Pos.Col += offset
	}
	return pl
}

// quantifier finds {0,11} behind a plain character, which repeats it, where a
// range of numbers is meant.
func (r *resolver) quantifier(m meaning) {
	text := []rune(m.entry.Text)
	whole := strings.HasPrefix(m.entry.Text, "=")
	for _, a := range atoms(text) {
		lo, hi, ok := strings.Cut(a.repeat, ",")
		if !ok || lo == "" || hi == "" || !isQuantifier(a.repeat) || a.kind == group {
			continue
		}
		better := string(text[:a.end]) + "{" + lo + ".." + hi + "}" + string(text[a.end+len(a.repeat)+2:])
		what := fmt.Sprintf("repeats the %s before it %s to %s times", inQuotes(string(text[a.at:a.end])), lo, hi)
		if whole {
			what = "is taken as it stands in a whole name"
		}
		r.add(diag.Warning, m.entry.at(a.end), "quantifier-not-range", "for the numbers "+lo+" to "+hi+" write "+better,
			"{%s} %s: it is no range of numbers", a.repeat, what)
	}
}

// longerNumbers finds patterns such as layer.1.* that take layer.10 too, since
// a dot stands for any character and patterns are open at their end.
func (r *resolver) longerNumbers(m meaning) {
	if m.pat == nil || strings.HasPrefix(m.entry.Text, "=") {
		return
	}
	view := m.view
	if view == nil {
		view = func(n string) string { return n }
	}
	text := []rune(m.entry.Text)
	for _, d := range openNumbers(text) {
		strict, err := parsePattern(string(text[:d.end]) + `\b` + string(text[d.end:]))
		if err != nil {
			continue
		}
		digits := string(text[d.at:d.end])
		var more []string
		for _, n := range m.names {
			if !strict.match(view(n)) && hasLongerNumber(n, digits) {
				more = append(more, n)
			}
		}
		if len(more) == 0 {
			continue
		}
		r.add(diag.Warning, m.entry.at(d.at), "longer-number", "write "+string(text[:d.end])+`\b`+string(text[d.end:])+" to end the number there",
			"%s takes longer numbers than %s too: %s", inQuotes(m.entry.Text), digits, listNames(more))
	}
}

// hasLongerNumber tells a name with a number that begins with the digits and
// goes on.
func hasLongerNumber(name, digits string) bool {
	for _, n := range strings.FieldsFunc(name, func(r rune) bool { return r < '0' || r > '9' }) {
		if n != digits && strings.HasPrefix(n, digits) {
			return true
		}
	}
	return false
}
