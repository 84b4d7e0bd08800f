package conformance

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/registry"
)

// inexpressible are the conditions that our interface rules out, with the
// reason.
var inexpressible = map[string]string{
	"params is one tensor":                          "a group lists parameters by name",
	"params is a set":                               "a group lists parameters in order",
	"a group's params is a set":                     "a group lists parameters in order",
	"an element is not a tensor":                    "a group lists parameters by name",
	"a non-leaf tensor":                             "a group lists parameters by name",
	"add_param_group of something not a dict":       "a group is a struct",
	"some parameters named, some not, in one group": "every parameter has a name",
	"a named group, then an unnamed one":            "every parameter has a name",
}

// replayOptimizerError makes the call that torch refuses, or accepts where no
// error stands.
func replayOptimizerError(t *testing.T, c conditionCase) {
	switch {
	case c.Condition == "":
		_, err := makeOptimizer(c.Optimizer, c.Kwargs)
		c.answered(t, err)
	case inexpressible[c.Condition] != "":
		t.Skip(inexpressible[c.Condition])
	case c.Optimizer == "any":
		c.callAny(t)
	default:
		c.callOne(t)
	}
}

func makeOptimizer(name string, args arguments) (*optim.Optimizer, error) {
	return optim.Make(optimizers, registry.Spec{Name: name, Args: registry.Args(args)})
}

// answered checks an error against the case, which has none for what is
// accepted.
func (c conditionCase) answered(t *testing.T, err error) {
	t.Helper()
	if c.Error != nil {
		c.refused(t, err)
	} else if err != nil {
		t.Errorf("refused: %v", err)
	}
}

// stepped gives a 2×2 parameter one gradient, of all elements or of rows.
func stepped(t *testing.T, name string, args arguments, shape []int, rows []int) error {
	t.Helper()
	w := make(numbers, product(shape))
	for i := range w {
		w[i] = float64(i) - 1
	}
	s := newOptimizerScene(t, name, args, [][]int{shape}, []numbers{w})
	s.group(t, nil, 0)
	p := s.params[0]
	grad := slices.Repeat([]float64{0.5}, len(w))
	if rows != nil {
		grad = grad[:len(rows)*len(w)/shape[0]]
	}
	_, err := s.o.StepClosure(s.lookup, func() (float64, error) {
		p.Rows, p.Grad.F64 = rows, grad
		return 1, nil
	})
	return err
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

var dimensions = regexp.MustCompile(`^a (\d)-D parameter$`)

// callOne does to an optimizer what the condition says.
func (c conditionCase) callOne(t *testing.T) {
	what, late := strings.CutSuffix(c.Condition, ", at step")
	name, value, _ := strings.Cut(what, " ")
	dims := dimensions.FindStringSubmatch(what)
	switch {
	case what == "fused and foreach both true":
		_, err := makeOptimizer(c.Optimizer, arguments{"fused": true, "foreach": true})
		c.answered(t, err)
	case dims != nil:
		n, _ := strconv.Atoi(dims[1])
		c.answered(t, stepped(t, c.Optimizer, nil, slices.Repeat([]int{2}, n), nil))
	case what == "a sparse gradient":
		c.answered(t, stepped(t, c.Optimizer, c.Kwargs, []int{2, 2}, []int{1}))
	case what == "a dense gradient":
		c.answered(t, stepped(t, c.Optimizer, c.Kwargs, []int{2, 2}, nil))
	case late && value != "":
		c.answered(t, stepped(t, c.Optimizer, arguments{name: valueIn(value)}, []int{2, 2}, nil))
	default:
		t.Fatalf("unknown condition %q", c.Condition)
	}
}

// valueIn reads an argument's value: a number, a list, or a name.
func valueIn(text string) any {
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return text
	}
	return plain(v)
}

// callAny does what the condition says to an Adam, which stands for any.
func (c conditionCase) callAny(t *testing.T) {
	s := newOptimizerScene(t, "Adam", nil, [][]int{{1}, {1}, {1}}, []numbers{{1}, {2}, {3}})
	add := func(g optim.Group, params ...string) error {
		g.Params = params
		if g.Rule == nil {
			g.Rule = s.o.Rule()
		}
		return s.o.AddGroup(g)
	}
	saved := func(params ...string) optim.StateDict {
		other := newOptimizerScene(t, "Adam", nil, [][]int{{1}, {1}, {1}}, []numbers{{1}, {2}, {3}})
		for _, p := range params {
			if err := other.o.AddGroup(optim.Group{Params: strings.Fields(p), Rule: other.o.Rule()}); err != nil {
				t.Fatal(err)
			}
		}
		return other.o.StateDict()
	}
	switch c.Condition {
	case "params is an empty list":
		c.answered(t, s.o.SetGroups(nil))
	case "one parameter in two groups", "add_param_group of a parameter already there":
		c.answered(t, errors.Join(add(optim.Group{}, "p0", "p1"), add(optim.Group{}, "p2", "p1")))
	case "one parameter twice in a group":
		c.answered(t, add(optim.Group{}, "p0", "p0"))
		if got := s.o.Remarks(); len(got) != 1 || !strings.Contains(got[0], "more than once") {
			t.Errorf("remarks %q, want one of the repeated parameter", got)
		}
	case "load_state_dict with another number of groups":
		c.answered(t, errors.Join(add(optim.Group{}, "p0"), s.o.LoadStateDict(saved("p0", "p1"), s.lookup)))
	case "load_state_dict with another number of parameters":
		c.answered(t, errors.Join(add(optim.Group{}, "p0"), s.o.LoadStateDict(saved("p0 p1"), s.lookup)))
	case "a group with an invalid lr (-1): groups are not validated":
		r := optim.DefaultAdam()
		r.LR = -1
		if err := add(optim.Group{Rule: r}, "p0"); err == nil || !strings.Contains(err.Error(), "invalid learning rate: -1.0") {
			t.Errorf("error %v, want the learning rate refused", err)
		}
		t.Skip("on purpose, a group's options are checked like the constructor's")
	case "a group with an unknown key: it is kept":
		c.answered(t, add(optim.Group{Extra: registry.Args{"color": "red"}}, "p0"))
		if got := s.o.StateDict().Groups[0].Options["color"]; got != "red" {
			t.Errorf("the key is %v, want red", got)
		}
	case "an unknown keyword":
		name := regexp.MustCompile(`'(\w+)'`).FindStringSubmatch(c.Message)[1]
		_, err := makeOptimizer("Adam", arguments{name: 0.9})
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(name)) {
			t.Errorf("error %v, want %q named", err, name)
		}
	default:
		t.Fatalf("unknown condition %q", c.Condition)
	}
}

type legalCase struct {
	Optimizer string    `json:"optimizer"`
	Kwargs    arguments `json:"kwargs"`
}

// replayLegal makes an optimizer of arguments that look wrong and are not, and a
// step with it; only an unknown line search is refused there.
func replayLegal(t *testing.T, c legalCase) {
	if _, err := makeOptimizer(c.Optimizer, c.Kwargs); err != nil {
		t.Fatal(err)
	}
	var rows []int
	if c.Optimizer == "SparseAdam" {
		rows = []int{1}
	}
	err := stepped(t, c.Optimizer, c.Kwargs, []int{2, 2}, rows)
	if search := c.Kwargs["line_search_fn"]; search != nil && search != "strong_wolfe" {
		if err == nil {
			t.Errorf("a step with line search %v is accepted", search)
		}
	} else if err != nil {
		t.Error(err)
	}
}
