package thaw

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/tree"
)

// groups are the optimizer's first groups as the configuration lays them out:
// by param_groups, or by layer_decay; nil where it does not.
func (r *Run) groups(infos []param.Info, p *schedule.Plan) ([]phase.InitialGroup, error) {
	written, decay := r.Config.ParamGroups, r.Config.LayerDecay
	given := written != nil && written.Kind != tree.Null
	switch {
	case given && decay != nil:
		return nil, written.Errorf("keep one of the two", "the groups are laid out by param_groups and by layer_decay")
	case given:
		return r.writtenGroups(written, infos)
	case decay != nil:
		at := r.Tree.Field("layer_decay")
		if *decay == 0 || *decay > 1 {
			return nil, at.Errorf("write a factor such as 0.8", "layer_decay: %v is not above 0 and at most 1", *decay)
		}
		lr, err := r.optimizerLR()
		return layered(p, layers{lr, *decay, r.scheduling.options.NoDecay}), err
	}
	return nil, nil
}

// writtenGroups reads param_groups: each has params, names and patterns as in
// schedules, and options of the optimizer.
func (r *Run) writtenGroups(n *tree.Node, infos []param.Info) ([]phase.InitialGroup, error) {
	if n.Kind != tree.List {
		return nil, n.Errorf("write - {params: [model.fc.*], lr: 1e-3}", "param_groups is a list of groups, not a %v", n.Kind)
	}
	spec := r.fallback.Spec()
	if r.Task != nil {
		spec = r.Task.Optimization().Spec()
	}
	o, err := optim.Make(r.components.Optimizers, spec)
	if err != nil {
		return nil, err
	}
	var lists [][]schedule.Entry
	var out []phase.InitialGroup
	for _, item := range n.Items {
		if item.Kind != tree.Map || item.Field("params") == nil {
			return nil, item.Errorf("write {params: [model.fc.*], lr: 1e-3}", "a group names its params")
		}
		args := registry.Args{}
		for _, f := range item.Fields {
			if f.Key.Text != "params" {
				args[f.Key.Text] = f.Value.Value()
			}
		}
		if _, err := optim.Bind(o.Name(), o.Rule(), maps.Clone(args)); err != nil {
			return nil, item.Errorf("", "%v", err)
		}
		list, err := entries(item.Field("params"))
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
		out = append(out, phase.InitialGroup{Options: args})
	}
	names, found := schedule.Groups(infos, lists)
	r.Notes = append(r.Notes, remarks(found)...)
	if err := found.Err(); err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Params = names[i]
	}
	return out, nil
}

// entries reads a name or a list of them.
func entries(n *tree.Node) ([]schedule.Entry, error) {
	items := []*tree.Node{n}
	if n.Kind == tree.List {
		items = n.Items
	}
	var out []schedule.Entry
	for _, it := range items {
		if it.Kind != tree.String {
			return nil, it.Errorf("write [model.fc.*]", "params are names and patterns, not a %v", it.Kind)
		}
		out = append(out, schedule.Entry{Text: it.Text, Place: schedule.Place{Pos: it.Pos, Line: it.Src.Line(it.Pos.Line)}})
	}
	return out, nil
}

// layers says how learning rates fall from the output to the input.
type layers struct {
	lr, decay float64
	noDecay   []string
}

// layered puts each block that trains in phase 0 into a group of its own, or two
// where names without weight decay are among it. The last block of the model
// trains at lr, each one before it at decay times the rate of the next.
func layered(p *schedule.Plan, l layers) []phase.InitialGroup {
	last := 0
	blocks := map[string]int{}
	for _, i := range p.Params() {
		last = max(last, i.Block)
		blocks[i.Name] = i.Block
	}
	type place struct {
		block   int
		noDecay bool
	}
	at := map[place]int{}
	var out []phase.InitialGroup
	for _, name := range p.Phase(0).Params {
		k := place{blocks[name], slices.ContainsFunc(l.noDecay, func(sub string) bool { return strings.Contains(name, sub) })}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			options := registry.Args{"lr": l.lr * math.Pow(l.decay, float64(last-max(k.block, 0)))}
			if k.noDecay {
				options["weight_decay"] = 0.
			}
			out = append(out, phase.InitialGroup{Options: options})
		}
		out[i].Params = append(out[i].Params, name)
	}
	return out
}
