package schedule

import (
	"math"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/tree"
)

// params reads the names and patterns of a phase.
func (p *parser) params(key int, n *tree.Node) []Entry {
	if n.Kind != tree.List {
		hint := "write a list: one \"- name\" per line"
		if n.Kind == tree.String {
			hint = "write [" + n.Text + "]"
		}
		p.errorf(n, "params-not-a-list", hint, "params of phase %d is %s, not a list", key, article(n))
		return nil
	}
	out := make([]Entry, 0, len(n.Items))
	for _, it := range n.Items {
		if it.Kind != tree.String || it.Text == "" {
			p.errorf(it, "param-not-a-name", "quote it if it is a name", "params of phase %d holds %s where a name or pattern is expected", key, article(it))
			continue
		}
		out = append(out, Entry{Text: it.Text, Place: textPlace(it)})
	}
	return out
}

// article names a node's kind in a sentence.
func article(n *tree.Node) string {
	switch {
	case n.Kind == tree.Null:
		return "nothing"
	case n.Kind == tree.Int:
		return "an integer"
	case n.Kind == tree.String && n.Text == "":
		return "an empty string"
	default:
		return "a " + n.Kind.String()
	}
}

// textPlace is the place of a string's first character, behind its quote.
func textPlace(n *tree.Node) Place {
	pl := placeOf(n)
	if n.Quoted {
		pl.Pos.Col++
	}
	return pl
}

// maxTransitionEpoch reads an epoch. A fraction means the first epoch that is
// not below it.
func (p *parser) maxTransitionEpoch(n *tree.Node) *int {
	switch {
	case n.Kind == tree.Int && math.Abs(n.Float) <= math.MaxInt32:
		v := int(n.Int)
		return &v
	case n.Kind == tree.Float && math.Abs(n.Float) <= math.MaxInt32:
		v := int(math.Ceil(n.Float))
		if float64(v) != n.Float {
			p.warnf(n, "fractional-epoch", "write "+strconv.Itoa(v), "max_transition_epoch %s is not a whole epoch; taken as %d", n.Text, v)
		}
		return &v
	}
	hint := "write a whole number, or -1 for none"
	if _, err := strconv.Atoi(n.Text); n.Quoted && err == nil {
		hint = "remove the quotes"
	}
	p.errorf(n, "bad-epoch", hint, "max_transition_epoch is not an integer: %s", quoted(n))
	return nil
}

// lr reads a phase's learning rate; phase 0 has none of its own.
func (p *parser) lr(key int, kv tree.Field) *float64 {
	if key == 0 {
		p.warnf(kv.Key, "lr-in-phase-0", "set the optimizer's lr instead", "a lr for fine-tuning phase 0 has no effect: the optimizer's own applies")
		return nil
	}
	v, ok := number(kv.Value)
	what := ""
	switch {
	case !ok:
		what = "could not be cast to a float"
	case math.IsNaN(v) || math.IsInf(v, 0):
		what = "is not finite"
	case v < 0:
		what = "is negative"
	default:
		return &v
	}
	p.errorf(kv.Value, "bad-lr", "write a number such as 1.0e-05", "the lr %s of phase %d %s", quoted(kv.Value), key, what)
	return nil
}

// number reads a number, also one that YAML 1.1 takes for a string (1e-06).
func number(n *tree.Node) (float64, bool) {
	switch n.Kind {
	case tree.Int, tree.Float:
		return n.Float, true
	case tree.String:
		v, err := strconv.ParseFloat(strings.TrimSpace(n.Text), 64)
		return v, err == nil
	default:
		return 0, false
	}
}

func quoted(n *tree.Node) string {
	switch n.Kind {
	case tree.String:
		return strconv.Quote(n.Text)
	case tree.List, tree.Map, tree.Null:
		return article(n)
	default:
		return n.Text
	}
}
