package schedule

import (
	"fmt"
	"math"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/tree"
)

var (
	reinitKeys = []string{"lr_scheduler_init", "pl_lrs_cfg", "init_pg_lrs", "use_current_optimizer_pg_lrs"}
	rhythmKeys = []string{"interval", "frequency", "monitor", "strict", "name", "reduce_on_plateau"}
)

// ParseReinit reads the value of reinit_lr_cfg: one LR scheduler configuration
// for every phase from 1 on.
func ParseReinit(n *tree.Node) (*Reinit, diag.List) {
	p := &parser{}
	return p.reinit(n, true), p.found
}

// ParseReinitOptimizer reads the value of reinit_optim_cfg.
func ParseReinitOptimizer(n *tree.Node) (*registry.Spec, diag.List) {
	p := &parser{}
	return p.newOptimizer(n), p.found
}

// reinit reads a directive; implicit ones serve every phase, so that nothing
// in them may count groups.
func (p *parser) reinit(n *tree.Node, implicit bool) *Reinit {
	r := &Reinit{}
	if n == nil || n.Kind != tree.Map || n.Field("lr_scheduler_init") == nil {
		p.errorf(n, "reinit-incomplete", "add lr_scheduler_init: {class_path: …, init_args: {…}}",
			"specifying a lr scheduler configuration to reinitialize with requires an lr_scheduler_init")
		return nil
	}
	for _, kv := range fields(n) {
		switch kv.Key.Text {
		case "lr_scheduler_init":
			if spec, ok := p.spec(kv.Value, kv.Key.Text); ok {
				r.Spec = spec
			}
		case "pl_lrs_cfg":
			p.rhythm(kv.Value, &r.LRScheduler)
		case "init_pg_lrs":
			if implicit {
				p.errorf(kv.Key, "reinit-init-pg-lrs", "give each phase its own new_lr_scheduler in an explicit schedule",
					"specifying a `init_pg_lrs` key in the lr scheduler configuration of every phase is not valid: the number of groups grows from phase to phase")
				continue
			}
			r.InitPGLRs = p.initPGLRs(kv.Value)
		case "use_current_optimizer_pg_lrs":
			if kv.Value.Kind != tree.Bool {
				p.errorf(kv.Value, "reinit-flag", "write true or false", "use_current_optimizer_pg_lrs is not a bool: %s", quoted(kv.Value))
				continue
			}
			r.UseCurrentLRs = kv.Value.Bool
		default:
			p.unknownKey(kv.Key, "new_lr_scheduler", reinitKeys)
		}
	}
	if min := r.Spec.Args["min_lr"]; implicit && registry.Fold(lastDot(r.Spec.Name)) == "reducelronplateau" {
		if _, isList := min.([]any); isList {
			p.errorf(n, "reinit-min-lr", "give one number", "min_lr cannot be a list or tuple in a configuration that serves every phase")
		}
	}
	if r.Spec.Name == "" {
		return nil
	}
	return r
}

func lastDot(s string) string { return s[strings.LastIndexByte(s, '.')+1:] }

// initPGLRs reads learning rates for the existing groups.
func (p *parser) initPGLRs(n *tree.Node) []float64 {
	if n.Kind != tree.List {
		p.errorf(n, "init-pg-lrs", "write one number per existing group", "init_pg_lrs is %s, not a list", article(n))
		return nil
	}
	out := make([]float64, 0, len(n.Items))
	for _, it := range n.Items {
		v, ok := number(it)
		if !ok {
			p.errorf(it, "init-pg-lrs", "write one number per existing group",
				"not all of the lrs specified in `init_pg_lrs` could be cast to a float: %s", quoted(it))
			return nil
		}
		if !(v >= 0) || math.IsInf(v, 1) {
			p.errorf(it, "init-pg-lrs", "write one number per existing group", "init_pg_lrs holds what is no learning rate: %s", it.Text)
			return nil
		}
		out = append(out, v)
	}
	return out
}

// rhythm reads pl_lrs_cfg.
func (p *parser) rhythm(n *tree.Node, s *LRScheduler) {
	if n.Kind != tree.Map {
		p.errorf(n, "pl-lrs-cfg", "write {interval: epoch, frequency: 1}", "pl_lrs_cfg is %s, not a mapping", article(n))
		return
	}
	for _, kv := range fields(n) {
		v := kv.Value
		switch kv.Key.Text {
		case "interval":
			if v.Text != "step" && v.Text != "epoch" {
				p.errorf(v, "lr-interval", "write epoch or step", `the "interval" key in lr scheduler dict must be "step" or "epoch" but is %s`, quoted(v))
				continue
			}
			s.Interval = v.Text
		case "frequency":
			if v.Kind != tree.Int || v.Int < 1 {
				p.errorf(v, "lr-frequency", "write a whole number from 1 on", "frequency is not a positive integer: %s", quoted(v))
				continue
			}
			s.Frequency = int(min(v.Int, 1<<31-1))
		case "monitor":
			if v.Kind != tree.Null {
				s.Monitor = v.Text
			}
		case "strict":
			if v.Kind != tree.Bool {
				p.errorf(v, "lr-strict", "write true or false", "strict is not a bool: %s", quoted(v))
				continue
			}
			s.Lenient = !v.Bool
		case "name":
			if v.Kind != tree.Null {
				s.Name = v.Text
			}
		case "reduce_on_plateau":
			// follows from the scheduler itself
		default:
			p.warnf(kv.Key, "pl-lrs-cfg", "known keys: "+strings.Join(rhythmKeys, ", "),
				"found unsupported keys in the lr scheduler dict: %q is ignored", kv.Key.Text)
		}
	}
}

// newOptimizer reads {optimizer_init: {class_path, init_args}}.
func (p *parser) newOptimizer(n *tree.Node) *registry.Spec {
	init := n.Field("optimizer_init")
	if init == nil {
		p.errorf(n, "reinit-incomplete", "add optimizer_init: {class_path: …, init_args: {…}}",
			"specifying an optimizer configuration to reinitialize with requires an optimizer_init")
		return nil
	}
	for _, kv := range fields(n) {
		if kv.Key.Text != "optimizer_init" {
			p.unknownKey(kv.Key, "new_optimizer", []string{"optimizer_init"})
		}
	}
	spec, ok := p.spec(init, "optimizer_init")
	if !ok {
		return nil
	}
	return &spec
}

// spec reads a component: {class_path, init_args}, [name, args] or a name.
func (p *parser) spec(n *tree.Node, where string) (registry.Spec, bool) {
	var name, args *tree.Node
	switch {
	case n == nil:
	case n.Kind == tree.String:
		name = n
	case n.Kind == tree.List && len(n.Items) > 0 && len(n.Items) <= 2:
		name = n.Items[0]
		if len(n.Items) == 2 {
			args = n.Items[1]
		}
	case n.Kind == tree.Map:
		name, args = n.Field("class_path"), n.Field("init_args")
		if name == nil {
			name = n.Field("name")
		}
	}
	if name == nil || name.Kind != tree.String || name.Text == "" {
		example := "torch.optim.lr_scheduler.StepLR"
		if strings.HasPrefix(where, "optimizer") {
			example = "torch.optim.AdamW"
		}
		p.errorf(n, "reinit-incomplete", "name the class, such as "+example, "specifying `%s` requires at least a `class_path`", where)
		return registry.Spec{}, false
	}
	spec := registry.Spec{Name: name.Text, Args: registry.Args{}, Pos: n.Pos.String()}
	if args == nil || args.Kind == tree.Null {
		return spec, true
	}
	if args.Kind != tree.Map {
		p.errorf(args, "init-args", "write {key: value}", "init_args of %s is %s, not a mapping", name.Text, article(args))
		return spec, false
	}
	for _, kv := range fields(args) {
		if kv.Key.Text == "optimizer" {
			p.warnf(kv.Key, "init-args", "remove it", "the key optimizer in init_args of %s is ignored: the running optimizer is used", name.Text)
			continue
		}
		spec.Args[kv.Key.Text] = kv.Value.Value()
	}
	return spec, true
}

// String names the scheduler and its rhythm.
func (s LRScheduler) String() string {
	name := lastDot(s.Spec.Name)
	unit := s.Interval
	if unit == "" {
		unit = "epoch"
	}
	if s.Frequency > 1 {
		return fmt.Sprintf("%s every %d %ss", name, s.Frequency, unit)
	}
	return fmt.Sprintf("%s every %s", name, unit)
}
