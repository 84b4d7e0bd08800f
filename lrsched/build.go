package lrsched

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Build makes the scheduler over a table: it records the initial LRs and makes
// the initial step. The budget gives schedulers their length where they were
// not told; note, which may be nil, receives remarks for the user. After an
// error the table is as before.
func (r *Resolved) Build(t *Table, b Budget, note func(text string)) (Scheduler, error) {
	work := t.Clone()
	s, err := r.Builder.Build(Site{Table: work, Horizon: b.Horizon(r.Config), Note: note})
	if err != nil {
		return nil, named(r.Name, err)
	}
	if _, ok := s.(Metered); ok && r.Config.Monitor == "" {
		return nil, fmt.Errorf("%s is stepped with a metric: set monitor in the scheduler config", s.Class())
	}
	*t = *work
	return s, nil
}

// Restore makes the scheduler with a saved state, without touching the table,
// whose groups may be more than when the scheduler was built. The budget is the
// one it was built with.
func (r *Resolved) Restore(t *Table, b Budget, state json.RawMessage) (Scheduler, error) {
	n, err := groupsOf(state)
	if err != nil {
		return nil, fmt.Errorf("%s: state: %w", r.Name, err)
	}
	if fixed := listLength(r.Builder); fixed > 0 {
		n = fixed
	}
	work := t.Clone()
	work.Groups = padded(work.Groups, n)
	for len(work.Groups) < n {
		work.Groups = append(work.Groups, Group{LR: t.DefaultLR})
	}
	for i := range work.Groups {
		if g := &work.Groups[i]; !g.InitialLR.Set {
			g.InitialLR = At(g.LR)
		}
	}
	s, err := r.Builder.Build(Site{Table: work, Horizon: b.Horizon(r.Config)})
	if err != nil {
		return nil, named(r.Name, err)
	}
	return s, s.Load(state)
}

// groupsOf reads from a state how many groups it is about.
func groupsOf(state json.RawMessage) (int, error) {
	var p struct {
		Base       []json.RawMessage `json:"base_lrs"`
		Min        []json.RawMessage `json:"min_lrs"`
		Schedulers []json.RawMessage `json:"_schedulers"`
	}
	if err := json.Unmarshal(state, &p); err != nil {
		return 0, err
	}
	if len(p.Schedulers) > 0 {
		return groupsOf(p.Schedulers[0])
	}
	return max(len(p.Base), len(p.Min)), nil
}

// listLength is the number of groups that a builder's lists are for; 0 if it
// has none.
func listLength(b Builder) int {
	if r, ok := b.(resumedBuilder); ok {
		b = r.Builder
	}
	v := reflect.ValueOf(b)
	if v.Kind() != reflect.Struct {
		return 0
	}
	for i := range v.NumField() {
		n := 0
		switch f := v.Field(i).Interface().(type) {
		case PerGroup:
			if f.List {
				n = len(f.Values)
			}
		case Lambdas:
			if f.isList {
				n = len(f.list)
			}
		case Members:
			for _, inner := range f {
				n = max(n, listLength(inner))
			}
		}
		if n > 0 {
			return n
		}
	}
	return 0
}
