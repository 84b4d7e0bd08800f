package schedule

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

var phaseKeys = []string{"params", "max_transition_epoch", "lr", "new_lr_scheduler", "new_optimizer"}

// parser collects findings, so that a document is judged as a whole.
type parser struct {
	found diag.List
	// lost tells that a phase's number could not be read.
	lost bool
}

func (p *parser) errorf(n *tree.Node, code, hint, format string, args ...any) {
	p.add(diag.Error, n, code, hint, fmt.Sprintf(format, args...))
}

func (p *parser) warnf(n *tree.Node, code, hint, format string, args ...any) {
	p.add(diag.Warning, n, code, hint, fmt.Sprintf(format, args...))
}

func (p *parser) add(sev diag.Severity, n *tree.Node, code, hint, msg string) {
	f := n.Findingf(sev, code, "%s", msg)
	f.Hint = hint
	p.found = append(p.found, f)
}

// Parse reads a schedule from a document. It reports everything it finds; the
// schedule is usable where the list holds no error.
func Parse(root *tree.Node) (*Schedule, diag.List) {
	p := &parser{}
	s := &Schedule{}
	if root == nil || root.Kind == tree.Null {
		p.errorf(root, "empty-schedule", "a schedule maps phases 0, 1, … to their params", "the schedule is empty")
		return s, p.found
	}
	if root.Src != nil {
		s.Name = root.Src.Name
	}
	if root.Kind != tree.Map {
		p.errorf(root, "not-a-mapping", "write \"0: {params: [...]}\"", "a schedule is a mapping of phases, not %s", article(root))
		return s, p.found
	}
	p.duplicates(root)
	if len(root.Fields) == 0 {
		p.errorf(root, "empty-schedule", "a schedule maps phases 0, 1, … to their params", "the schedule is empty")
	}
	seen := map[int]bool{}
	for _, f := range root.Fields {
		key, ok := p.phaseKey(f.Key)
		if !ok {
			p.lost = true
			continue
		}
		if seen[key] {
			if !textTwice(root, f.Key) { // else duplicates has reported it
				p.errorf(f.Key, "duplicate-key", "merge the two phases or renumber one", "duplicate key (%d) found in supplied schedule", key)
			}
			continue
		}
		seen[key] = true
		s.Phases = append(s.Phases, p.phase(key, f))
	}
	slices.SortStableFunc(s.Phases, func(a, b PhaseSpec) int { return cmp.Compare(a.Key, b.Key) })
	p.contiguous(root, s)
	return s, p.found
}

// duplicates reports keys that occur twice in a mapping, at any depth.
func (p *parser) duplicates(n *tree.Node) {
	for _, it := range n.Items {
		p.duplicates(it)
	}
	seen := map[string]bool{}
	for _, f := range n.Fields {
		id := keyID(f.Key)
		if seen[id] {
			p.errorf(f.Key, "duplicate-key", "remove one of the two", "duplicate key (%s) found in supplied schedule", f.Key.Text)
		}
		seen[id] = true
		if f.Value != nil {
			p.duplicates(f.Value)
		}
	}
}

// keyID tells apart the keys that YAML tells apart: 1 and "1" are two.
func keyID(k *tree.Node) string { return k.Kind.String() + "\x00" + k.Text }

// textTwice tells whether a key equal to k stands before it.
func textTwice(root *tree.Node, k *tree.Node) bool {
	for _, f := range root.Fields {
		if f.Key == k {
			return false
		}
		if keyID(f.Key) == keyID(k) {
			return true
		}
	}
	return false
}

// phaseKey reads a phase's number: an integer, or one in quotes.
func (p *parser) phaseKey(k *tree.Node) (int, bool) {
	const hint = "phases are numbered 0, 1, 2, …"
	switch k.Kind {
	case tree.Int:
		if k.Int > math.MaxInt32 || k.Int < math.MinInt32 {
			p.errorf(k, "phase-key", hint, "phase %s is out of range", k.Text)
			return 0, false
		}
		return int(k.Int), true
	case tree.Float:
		if k.Float == math.Trunc(k.Float) && math.Abs(k.Float) <= math.MaxInt32 {
			return int(k.Float), true
		}
		p.errorf(k, "phase-key", hint, "phase %s is not an integer", k.Text)
		return 0, false
	case tree.String:
		n, err := strconv.ParseInt(strings.TrimSpace(k.Text), 10, 32)
		if err != nil {
			p.errorf(k, "phase-key", hint, "phase key %q is not convertible to integers", k.Text)
			return 0, false
		}
		p.warnf(k, "phase-key", "write the number without quotes",
			"the schedule had non-integer keys implicitly converted to integers: %q to %d", k.Text, n)
		return int(n), true
	default:
		p.errorf(k, "phase-key", hint, "phase key %s is not convertible to integers", quoted(k))
		return 0, false
	}
}

// contiguous reports phases that do not count 0, 1, 2, ….
func (p *parser) contiguous(root *tree.Node, s *Schedule) {
	if p.lost {
		return // what could not be read would show as holes
	}
	for i, ph := range s.Phases {
		if ph.Key == i {
			continue
		}
		keys := make([]string, len(s.Phases))
		for j, q := range s.Phases {
			keys[j] = strconv.Itoa(q.Key)
		}
		k := root
		for _, f := range root.Fields {
			if f.Key.Pos == ph.Source.Key.Pos {
				k = f.Key
			}
		}
		p.errorf(k, "phase-keys-skip", fmt.Sprintf("renumber the phases 0 to %d", len(s.Phases)-1),
			"the schedule has non-contiguous or non-zero-indexed keys: %s", strings.Join(keys, ", "))
		return
	}
}

// Renumbered is the schedule with its phases counted 0, 1, 2, … in their order.
func (s *Schedule) Renumbered() *Schedule {
	out := &Schedule{Name: s.Name, Phases: slices.Clone(s.Phases)}
	for i := range out.Phases {
		out.Phases[i].Key = i
	}
	return out
}

// phase reads one phase.
func (p *parser) phase(key int, f tree.Field) PhaseSpec {
	ph := PhaseSpec{Key: key, Source: PhaseSource{Key: placeOf(f.Key)}}
	n := f.Value
	if n == nil || n.Kind != tree.Map {
		kind := tree.Null
		at := f.Key
		if n != nil {
			kind = n.Kind
			if n.Pos.Line > 0 {
				at = n
			}
		}
		p.errorf(at, "phase-value", "write \"params: [...]\" below it", "phase %d is %s, not a mapping", key, article(&tree.Node{Kind: kind}))
		return ph
	}
	for _, kv := range fields(n) {
		switch kv.Key.Text {
		case "params":
			ph.Params = p.params(key, kv.Value)
		case "max_transition_epoch":
			ph.Source.MaxTransitionEpoch = placeOf(kv.Value)
			ph.MaxTransitionEpoch = p.maxTransitionEpoch(kv.Value)
		case "lr":
			ph.Source.LR = placeOf(kv.Value)
			ph.LR = p.lr(key, kv)
		case "new_lr_scheduler":
			ph.Source.NewLRScheduler = placeOf(kv.Key)
			if p.notInitial(key, kv.Key) {
				ph.NewLRScheduler = p.reinit(kv.Value, false)
				ph.Source.InitPGLRs = placeOf(kv.Value.Field("init_pg_lrs"))
			}
		case "new_optimizer":
			ph.Source.NewOptimizer = placeOf(kv.Key)
			if p.notInitial(key, kv.Key) {
				ph.NewOptimizer = p.newOptimizer(kv.Value)
			}
		default:
			p.unknownKey(kv.Key, fmt.Sprintf("phase %d", key), phaseKeys)
		}
	}
	return ph
}

func (p *parser) unknownKey(k *tree.Node, where string, known []string) {
	hint := "known keys: " + strings.Join(known, ", ")
	if near := registry.Nearest(k.Text, known, 1); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %s?", near[0])
	}
	p.warnf(k, "unknown-key", hint, "unknown key %q in %s is ignored", k.Text, where)
}

func (p *parser) notInitial(key int, k *tree.Node) bool {
	if key != 0 {
		return true
	}
	p.errorf(k, "reinit-in-phase-0", "configure the fit's own optimizer and LR scheduler instead",
		"%s is a reinitialization directive for the initial training phase", k.Text)
	return false
}

// fields are the entries of a mapping; a value that is missing is a null at its
// key.
func fields(n *tree.Node) []tree.Field {
	out := slices.Clone(n.Fields)
	for i, f := range out {
		if f.Value == nil {
			out[i].Value = &tree.Node{Pos: f.Key.Pos, Src: f.Key.Src}
		}
	}
	return out
}

func placeOf(n *tree.Node) Place {
	if n == nil {
		return Place{}
	}
	return Place{Pos: n.Pos, Line: n.Src.Line(n.Pos.Line)}
}
