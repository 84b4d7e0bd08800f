// Package registry is a generic, ordered set of named components: a value,
// never a global. Names fold case and ignore underscores and hyphens, so that
// "AdamW", "adamw" and "adam_w" are one name.
package registry

import (
	"fmt"
	"slices"
	"strings"
)

// Entry is one registered component.
type Entry[T any] struct {
	// Name is the name as registered.
	Name string
	// Aliases are further names that find the same entry (class paths, HF
	// names).
	Aliases []string
	// Doc is one line on what it does.
	Doc string
	// Value is the component: a constructor or a default config.
	Value T
}

// Set is an ordered set of entries. The zero value is an empty set.
type Set[T any] struct {
	kind    string
	entries []Entry[T]
	index   map[string]int
}

// NewSet makes an empty set of components of the given kind ("optimizer"),
// which its errors name.
func NewSet[T any](kind string) *Set[T] {
	return &Set[T]{kind: kind, index: map[string]int{}}
}

// Fold is the form under which names are compared: lower case without
// underscores, hyphens or spaces.
func Fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// Add registers e. A name or alias that is taken is an error, and then nothing
// is added.
func (s *Set[T]) Add(e Entry[T]) error {
	if e.Name == "" {
		return fmt.Errorf("registry: %s without a name", s.kind)
	}
	keys := []string{Fold(e.Name)}
	for _, a := range e.Aliases {
		if k := Fold(a); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if i, ok := s.index[k]; ok {
			return fmt.Errorf("registry: %s %q is already registered as %q", s.kind, e.Name, s.entries[i].Name)
		}
	}
	for _, k := range keys {
		s.index[k] = len(s.entries)
	}
	s.entries = append(s.entries, e)
	return nil
}

// Lookup finds an entry by any of its names.
func (s *Set[T]) Lookup(name string) (Entry[T], bool) {
	i, ok := s.index[Fold(name)]
	if !ok {
		return Entry[T]{}, false
	}
	return s.entries[i], true
}

// Find is Lookup with an error that names the nearest entries.
func (s *Set[T]) Find(name string) (Entry[T], error) {
	if e, ok := s.Lookup(name); ok {
		return e, nil
	}
	return Entry[T]{}, &UnknownError{Kind: s.kind, Name: name, Nearest: Nearest(name, s.Names(), 3), Known: s.Names()}
}

// Names lists the names in the order of registration.
func (s *Set[T]) Names() []string {
	out := make([]string, len(s.entries))
	for i, e := range s.entries {
		out[i] = e.Name
	}
	return out
}

// Entries lists the entries in the order of registration.
func (s *Set[T]) Entries() []Entry[T] { return slices.Clone(s.entries) }

// Clone copies the set, so that a user can add to a copy of the defaults.
func (s *Set[T]) Clone() *Set[T] {
	c := NewSet[T](s.kind)
	c.entries = slices.Clone(s.entries)
	for k, v := range s.index {
		c.index[k] = v
	}
	return c
}

// UnknownError says that a name is not registered.
type UnknownError struct {
	Kind, Name string
	Nearest    []string
	Known      []string
}

func (e *UnknownError) Error() string {
	if len(e.Nearest) > 0 {
		return fmt.Sprintf("unknown %s %q; did you mean %s?", e.Kind, e.Name, strings.Join(e.Nearest, ", "))
	}
	return fmt.Sprintf("unknown %s %q; known: %s", e.Kind, e.Name, strings.Join(e.Known, ", "))
}

// Nearest returns at most n of the candidates that are plausibly a misspelling
// of name, nearest first.
func Nearest(name string, candidates []string, n int) []string {
	type scored struct {
		name string
		d    int
	}
	key := Fold(name)
	limit := max(2, len(key)/3)
	var hits []scored
	for _, c := range candidates {
		k := Fold(c)
		d := distance(key, k)
		if len(key) >= 3 && (strings.HasPrefix(k, key) || strings.HasPrefix(key, k) && len(k) >= 3) {
			d = min(d, 1)
		}
		if d <= limit {
			hits = append(hits, scored{c, d})
		}
	}
	slices.SortStableFunc(hits, func(a, b scored) int { return a.d - b.d })
	var out []string
	for _, h := range hits[:min(n, len(hits))] {
		out = append(out, h.name)
	}
	return out
}

// distance is the optimal string alignment distance: insert, delete,
// substitute and swap of neighbours cost one each.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	prev2 := make([]int, len(rb)+1)
	prev := make([]int, len(rb)+1)
	cur := make([]int, len(rb)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		cur[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && ra[i-1] == rb[j-2] && ra[i-2] == rb[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(rb)]
}
