package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/engine/host"
	"github.com/thaw-go/thaw/engine/reference"
	"github.com/thaw-go/thaw/nn"
	"github.com/thaw-go/thaw/registry"
)

type flashRegistryCase struct {
	ID       string           `json:"id"`
	Basis    string           `json:"basis"`
	Note     string           `json:"note"`
	Given    loose            `json:"given"`
	Do       loose            `json:"do"`
	Expect   loose            `json:"expect"`
	Error    *flashError      `json:"error"`
	Checks   []map[string]any `json:"checks"`
	Cases    []map[string]any `json:"cases"`
	Steps    []map[string]any `json:"steps"`
	Getter   string           `json:"getter"`
	Executed loose            `json:"executed"`
}

// function is what the cases register.
type function func(args map[string]int) (values map[string]int, weight []int)

// registryPlay is a set under the operations of a case.
type registryPlay struct {
	*flash
	set *registry.Set[function]
	// causes seen so far, err of the last operation and what it found.
	causes []string
	err    error
	found  []string
	call   map[string]any
}

func (f *flash) registry(t *testing.T, c flashRegistryCase) {
	p := &registryPlay{flash: f, set: registry.NewSet[function]("function")}
	if c.Getter != "" {
		p.external(t, c.Cases)
		return
	}
	if c.Steps != nil {
		p.sum(t, c)
		return
	}
	for _, op := range ops(c.Given.v) {
		p.do(t, op)
	}
	if text, ok := c.Do.v.(string); ok { // stacked decorators: one function, several names
		p.causes = append(p.causes, "name-required")
		for _, name := range c.Expect.v.(map[string]any)["contains"].([]any) {
			p.do(t, map[string]any{"register": text, "name": name})
		}
	} else {
		for _, op := range ops(c.Do.v) {
			p.do(t, op)
		}
	}
	if c.Error != nil {
		p.differs(t, p.err != nil, p.causes, "no error, want %s", c.Error.Match)
		c.Error.note(t, p.err)
	}
	if c.Expect.v != nil {
		p.judge(t, map[string]any{"expect": c.Expect.v})
	}
	for _, m := range append(c.Checks, c.Cases...) {
		p.do(t, m)
		p.judge(t, m)
	}
}

// ops are the operations that a case gives one by one or as a list.
func ops(v any) []map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		var out []map[string]any
		for _, x := range v {
			out = append(out, x.(map[string]any))
		}
		return out
	}
	return nil
}

func (p *registryPlay) because(present bool, id string) {
	p.causes = append(p.causes, cause(present, id)...)
}

// do carries out one operation.
func (p *registryPlay) do(t *testing.T, op map[string]any) {
	t.Helper()
	p.err, p.found = nil, nil
	for k := range op {
		switch k {
		case "metadata", "providers", "strict", "with_metadata":
			p.because(true, "no-metadata")
		case "verbose", "on_call_prints":
			p.because(true, "no-announcements")
		case "name", "key", "override", "register", "decorate", "decorate_with", "remove", "get", "call_with", "available_keys", "expect", "basis", "note":
		default:
			t.Fatalf("nothing plays %q of %v", k, op)
		}
	}
	if with, ok := op["decorate_with"].(map[string]any); ok {
		op = map[string]any{"register": "f", "name": with["name"]}
	}
	name, _ := op["name"].(string)
	if key, ok := op["key"].(string); ok {
		name = key
	}
	switch {
	case op["get"] != nil:
		p.get(op["get"].(string), op["call_with"])
	case op["remove"] != nil:
		p.because(true, "no-removal")
	case op["available_keys"] != nil:
		p.found = p.set.Names()
		slices.Sort(p.found)
	case op["decorate"] != nil:
		p.because(true, "name-required")
		p.add(parseFunction(t, op["decorate"].(string)))
	case op["register"] == nil && name == "" && op["verbose"] != nil:
	default:
		what, isText := op["register"].(string)
		if op["register"] != nil && !isText || strings.HasPrefix(name, "<a type") {
			p.because(true, "typed-registration")
			p.differs(t, false, p.causes, "%v cannot be registered as %v", op["register"], op["name"])
			p.err = errors.New("does not compile")
			return
		}
		p.because(name == "", "name-required")
		p.because(strings.HasPrefix(what, "lambda"), "name-required")
		p.add(name, func(map[string]int) (map[string]int, []int) { return nil, nil })
	}
}

func (p *registryPlay) add(name string, fn function) {
	before := len(p.set.Names())
	p.err = p.set.Add(registry.Entry[function]{Name: name, Value: fn})
	if p.err != nil && name != "" {
		p.because(true, "unique-names")
	}
	if p.err != nil && len(p.set.Names()) != before {
		p.err = nil // reported as no error: a refused entry must not be there
	}
}

func (p *registryPlay) get(name string, args any) {
	e, err := p.set.Find(name)
	if p.err = err; err != nil {
		return
	}
	p.found = []string{e.Name}
	if m, ok := args.(map[string]any); ok {
		given := map[string]int{}
		for k, v := range m {
			given[k] = v.(int)
		}
		values, weight := e.Value(given)
		p.call = map[string]any{"weight_shape": weight}
		for k, v := range values {
			p.call[k] = v
		}
	}
}

// parseFunction reads "name(arg=1, …) -> (linear(in=arg,out=arg), …)".
func parseFunction(t *testing.T, text string) (string, function) {
	t.Helper()
	name, rest, _ := strings.Cut(text, "(")
	args, body, ok := strings.Cut(rest, ") -> ")
	var in, out string
	if n, err := fmt.Sscanf(strings.ReplaceAll(strings.ReplaceAll(body, ",", " "), ")", " "), "(linear(in=%s out=%s", &in, &out); !ok || err != nil || n != 2 {
		t.Fatalf("a function of another kind: %s", text)
	}
	return name, func(given map[string]int) (map[string]int, []int) {
		values := map[string]int{}
		for _, a := range strings.Split(args, ", ") {
			k, v, _ := strings.Cut(a, "=")
			var n int
			fmt.Sscan(v, &n)
			values[k] = n
		}
		for k, v := range given {
			values[k] = v
		}
		e := reference.New(host.Options{})
		defer e.Close()
		l := nn.NewLinear(nn.NewScope(nn.Config{Engine: e}), values[in], values[out], false)
		return values, l.Weight.Shape
	}
}

// judge holds the play against an expectation, or against a check that
// contains one.
func (p *registryPlay) judge(t *testing.T, m map[string]any) {
	t.Helper()
	want, ok := m["expect"].(map[string]any)
	if list, isList := m["expect"].([]any); isList {
		p.differs(t, fmt.Sprint(list) == fmt.Sprint(p.found), p.causes, "keys %v, want %v", p.found, list)
		return
	}
	if !ok {
		want = m
	}
	for k, v := range want {
		switch k {
		case "error":
			p.differs(t, p.err == nil, p.causes, "error %v, want none", p.err)
		case "len":
			p.differs(t, fmt.Sprint(v) == fmt.Sprint(len(p.set.Names())), p.causes, "%d entries, want %v", len(p.set.Names()), v)
		case "count":
			p.differs(t, fmt.Sprint(v) == fmt.Sprint(len(p.found)), p.causes, "%v found, want %v", p.found, v)
		case "all_callable":
			p.differs(t, len(p.found) > 0, p.causes, "nothing found")
		case "name":
			p.differs(t, len(p.found) == 1 && p.found[0] == v, p.causes, "%v found, want %v", p.found, v)
		case "contains":
			names, isList := v.([]any)
			if !isList {
				names = []any{v}
			}
			for _, name := range names {
				_, ok := p.set.Lookup(name.(string))
				p.differs(t, ok, p.causes, "%v is missing", name)
			}
		case "log", "on_call_prints":
			p.differs(t, false, []string{"no-announcements"}, "nothing prints %v", v)
		case "metadata", "later":
			p.differs(t, false, p.causes, "nothing gives %s %v", k, v)
		case "nc_input", "nc_output", "weight_shape":
			p.differs(t, fmt.Sprint(p.call[k]) == fmt.Sprint(v), p.causes, "%s: %v, want %v", k, p.call[k], v)
		case "available_keys":
			if list, ok := v.([]any); ok {
				p.differs(t, fmt.Sprint(list) == fmt.Sprint(p.set.Names()), p.causes, "keys %v, want %v", p.set.Names(), list)
			}
		case "note", "providers", "key", "get", "basis":
		default:
			t.Fatalf("nothing judges %q of %v", k, want)
		}
	}
}

// external is a registry in front of an outside catalogue: there is none. What
// holds instead: what is listed can be found, and nothing else.
func (p *registryPlay) external(t *testing.T, cases []map[string]any) {
	for _, c := range cases {
		key, _ := c["get"].(string)
		_, err := p.set.Find(key + "anything")
		p.differs(t, err == nil, []string{"no-external-registry"}, "%v", err)
	}
	p.differs(t, false, []string{"no-external-registry"}, "there is no external registry")
	p.add("own", nil)
	for _, name := range p.set.Names() {
		if _, err := p.set.Find(name); err != nil {
			t.Errorf("%s is listed and not found", name)
		}
	}
}

// sum plays registries that are added to each other as one set that is copied
// and added to.
func (p *registryPlay) sum(t *testing.T, c flashRegistryCase) {
	given := c.Given.v.(map[string]any)
	oneSet := []string{"one-set"}
	for _, step := range c.Steps {
		expr, ok := step["expr"].(string)
		if !ok {
			p.do(t, step)
			p.judge(t, step)
			continue
		}
		p.set = registry.NewSet[function]("function")
		for _, part := range strings.FieldsFunc(expr, func(r rune) bool { return strings.ContainsRune("+()", r) }) {
			source := given[part].(map[string]any)
			p.set = p.set.Clone()
			for _, key := range source["keys"].([]any) {
				p.add(key.(string), nil)
			}
		}
		want := step["expect"].(map[string]any)
		for k, v := range want {
			switch k {
			case "contains":
				if _, ok := p.set.Lookup(v.(string)); !ok {
					t.Errorf("%s: %v is missing", expr, v)
				}
			case "len", "get_foo_nonstrict":
				p.differs(t, fmt.Sprint(v) == fmt.Sprint(len(p.set.Names())), oneSet, "%s: %v names, want %v", expr, p.set.Names(), v)
			case "type", "name", "nested_concats":
				p.differs(t, false, oneSet, "%s has no %s", expr, k)
			default:
				t.Fatalf("nothing judges %q", k)
			}
		}
	}
}
