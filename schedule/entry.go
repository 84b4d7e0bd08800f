package schedule

import (
	"errors"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
)

// isRest tells the entry that stands for what no other names. A model with such
// a parameter of its own has the word for itself.
func (r *resolver) isRest(text string) bool {
	return text == "rest" && !slices.ContainsFunc(r.plan.params, func(i param.Info) bool { return strings.HasPrefix(i.Name, "rest") })
}

// entry finds the names that m's entry means, in registration order.
func (r *resolver) entry(m *meaning) {
	e := m.entry
	if r.has(e.Text) {
		m.names = []string{e.Text}
		return
	}
	if first := r.tied(e.Text); first != "" {
		r.add(diag.Warning, e.Place, "tied-parameter", "list "+first+" instead",
			"pruning explicitly specified shared parameter %s from phase %d: it is tied to %s", e.Text, r.key(m.phase), first)
		return
	}
	pat, err := parsePattern(e.Text)
	if err != nil {
		pl, hint := e.Place, ""
		var pe *patternError
		if errors.As(err, &pe) {
			hint = pe.hint
			if pl.Pos.Col > 0 {
				pl.Pos.Col += pe.offset
			}
		}
		r.unknown = true
		r.add(diag.Error, pl, "bad-pattern", hint, "%s in %s of phase %d", err, inQuotes(e.Text), r.key(m.phase))
		return
	}
	m.pat = &pat
	if m.names = r.matching(pat.match); len(m.names) > 0 {
		return
	}
	if m.names = r.otherPrefix(m); len(m.names) > 0 {
		return
	}
	r.unknown = true
	r.add(diag.Error, e.Place, "pattern-matches-nothing", suggestion(e.Text, r.plan.params),
		"the parameter or regex %s specified in phase %d did not match any named parameter in the model", inQuotes(e.Text), r.key(m.phase))
}

// otherPrefix matches a pattern that was written for names with the task's
// prefix where there is none, or the other way round.
func (r *resolver) otherPrefix(m *meaning) []string {
	e := m.entry
	other := func(n string) string { return taskPrefix + n }
	what := "with"
	if r.prefixed {
		other = func(n string) string { return strings.TrimPrefix(n, taskPrefix) }
		what = "without"
	}
	text := strings.TrimPrefix(e.Text, "=")
	names := r.matching(func(n string) bool { return other(n) == text })
	if len(names) == 0 {
		names = r.matching(func(n string) bool { return m.pat.match(other(n)) })
	}
	if len(names) > 0 {
		m.view = other
	}
	if len(names) > 0 && !r.lenient {
		r.lenient = true
		r.add(diag.Note, e.Place, "model-prefix", "", "%s matches only %s the prefix %q; taken as meant", inQuotes(e.Text), what, taskPrefix)
	}
	return names
}

func (r *resolver) matching(ok func(string) bool) []string {
	var out []string
	for _, info := range r.plan.params {
		if ok(info.Name) {
			out = append(out, info.Name)
		}
	}
	return out
}

func (r *resolver) has(name string) bool {
	return slices.ContainsFunc(r.plan.params, func(i param.Info) bool { return i.Name == name })
}

// tied is the first name of a tied parameter, "" where name is none.
func (r *resolver) tied(name string) string {
	for _, i := range r.infos {
		if i.Name == name {
			return i.SharedWith
		}
	}
	return ""
}
