package schedule

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// Difference is what changes in training from one plan to another. The order in
// which a schedule lists things is none.
type Difference struct {
	// Moves are the parameters that thaw in another phase.
	Moves []Move `json:"moves"`
	// Changes are what the phases say besides.
	Changes []Change `json:"changes"`
}

// Move is a set of parameters that thaws in phase To instead of From; -1 is
// never.
type Move struct {
	From   int      `json:"from"`
	To     int      `json:"to"`
	Params []string `json:"params"`
	// Elements is their size.
	Elements int `json:"elements"`
}

// Change is a key of a phase with other content; "" is the key's absence.
type Change struct {
	Phase int    `json:"phase"`
	Key   string `json:"key"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// Empty tells plans that train the same.
func (d Difference) Empty() bool { return len(d.Moves)+len(d.Changes) == 0 }

// Diff compares two plans for one model.
func Diff(a, b *Plan) Difference {
	d := Difference{Moves: moves(a, b), Changes: []Change{}}
	for i := range max(a.Len(), b.Len()) {
		var was, is map[string]string
		if i < a.Len() {
			was = a.phases[i].says(i)
		}
		if i < b.Len() {
			is = b.phases[i].says(i)
		}
		keys := map[string]bool{}
		for k := range was {
			keys[k] = true
		}
		for k := range is {
			keys[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			if was[k] != is[k] {
				d.Changes = append(d.Changes, Change{i, k, was[k], is[k]})
			}
		}
	}
	return d
}

func moves(a, b *Plan) []Move {
	from, to := owners(a), owners(b)
	type way struct{ from, to int }
	at := map[way]int{}
	out := []Move{}
	for _, p := range b.params {
		w := way{-1, -1}
		if i, ok := from[p.Name]; ok {
			w.from = i
		}
		if i, ok := to[p.Name]; ok {
			w.to = i
		}
		if w.from == w.to {
			continue
		}
		k, ok := at[w]
		if !ok {
			k = len(out)
			at[w] = k
			out = append(out, Move{From: w.from, To: w.to})
		}
		out[k].Params = append(out[k].Params, p.Name)
		out[k].Elements += p.Len()
	}
	slices.SortFunc(out, func(x, y Move) int { return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To)) })
	return out
}

// owners gives the phase of each parameter.
func owners(p *Plan) map[string]int {
	m := map[string]int{}
	for i, ph := range p.phases {
		for _, n := range ph.Params {
			m[n] = i
		}
	}
	return m
}

// says is what a phase says besides its parameters, in a form that does not
// depend on how it is written.
func (ph Phase) says(i int) map[string]string {
	m := map[string]string{"max_transition_epoch": "", "lr": ""}
	if ph.MaxTransitionEpoch >= 0 {
		m["max_transition_epoch"] = strconv.Itoa(ph.MaxTransitionEpoch)
	}
	if i > 0 {
		m["lr"] = strconv.FormatFloat(ph.LR, 'g', -1, 64)
	}
	if s := ph.NewOptimizer; s != nil {
		m["new_optimizer"] = specText(*s)
	}
	if r := ph.NewLRScheduler; r != nil {
		text := specText(r.Spec) + " " + strings.TrimPrefix(r.LRScheduler.String(), lastDot(r.Spec.Name)+" ")
		if r.Monitor != "" {
			text += " by " + r.Monitor
		}
		if r.Lenient {
			text += ", lenient"
		}
		if r.InitPGLRs != nil {
			text += fmt.Sprintf(", groups start at %v", r.InitPGLRs)
		}
		if r.UseCurrentLRs {
			text += ", groups keep their learning rates"
		}
		m["new_lr_scheduler"] = text
	}
	return m
}

// specText is a component with its arguments; numbers look alike however they
// are written.
func specText(s registry.Spec) string {
	return strings.ToLower(lastDot(s.Name)) + argText(map[string]any(s.Args))
}

func argText(v any) string {
	switch v := v.(type) {
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+"="+argText(v[k]))
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = argText(v[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
		return v
	}
	switch r := reflect.ValueOf(v); {
	case !r.IsValid():
		return "null"
	case r.CanInt():
		return strconv.FormatInt(r.Int(), 10)
	case r.CanFloat():
		return strconv.FormatFloat(r.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// String is the difference in words, a line each.
func (d Difference) String() string {
	var b strings.Builder
	phase := func(i int) string {
		if i < 0 {
			return "never"
		}
		return "phase " + strconv.Itoa(i)
	}
	for _, m := range d.Moves {
		fmt.Fprintf(&b, "%s -> %s: %s, %s parameters: %s\n", phase(m.From), phase(m.To), tensors(len(m.Params)), thousands(m.Elements), shorten(m.Params))
	}
	none := func(s string) string { return cmp.Or(s, "none") }
	for _, c := range d.Changes {
		fmt.Fprintf(&b, "phase %d: %s %s -> %s\n", c.Phase, c.Key, none(c.From), none(c.To))
	}
	return b.String()
}
