package thaw

import (
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/tree"
)

// preset is a schedule by a known strategy: its name alone, or with options,
// {preset: freeze_unfreeze, epoch: 2}.
type preset struct {
	Name       string   `config:"preset" doc:"no_freeze, freeze, freeze_unfreeze, unfreeze_milestones, head_then_all, lp_ft, gradual, default or by_block"`
	Head       []string `config:"head" doc:"names or patterns of what trains from the start; unset: the model's last block"`
	LR         *float64 `config:"lr" min:"0" doc:"learning rate of what thaws later; unset: the fit's"`
	Epoch      *int     `config:"epoch" min:"0" doc:"epoch at which the rest thaws; head_then_all and lp_ft do without: when early stopping ends phase 0"`
	Milestones []int    `config:"milestones" doc:"unfreeze_milestones: the two epochs at which parts of the backbone thaw"`
	Layers     int      `config:"layers" min:"1" doc:"unfreeze_milestones: how many modules thaw at the first milestone, counted from the output"`
	Decay      float64  `config:"decay" min:"1" doc:"gradual: what divides the learning rate from block to block towards the input"`
	TrainBN    bool     `config:"train_bn" doc:"let BatchNorm train while its block is frozen, as Flash does unless told otherwise"`

	node *tree.Node
}

// readPreset understands a schedule that names a preset; nil where n is a
// schedule of its own.
func readPreset(n *tree.Node) (*preset, error) {
	p := &preset{Layers: 1, Decay: 2.6, node: n}
	switch {
	case n.Kind == tree.String:
		if _, ok := schedule.Presets().Lookup(n.Text); !ok {
			return nil, nil
		}
		p.Name = n.Text
	case n.Field("preset") == nil:
		return nil, nil
	default:
		if err := config.Decode(n, p); err != nil {
			return nil, err
		}
		p.node = n.Field("preset")
	}
	e, err := schedule.Presets().Find(p.Name)
	if err != nil {
		return nil, p.node.Errorf("", "%v", err)
	}
	return p, p.check(n, e)
}

// check refuses options that the preset does not read, and asks for those that
// it cannot do without.
func (p *preset) check(n *tree.Node, e registry.Entry[schedule.Preset]) error {
	reads := map[string]bool{"preset": true, "train_bn": true}
	for _, o := range e.Value.Options {
		reads[o] = true
	}
	if n.Kind == tree.Map {
		for _, f := range n.Fields {
			if !reads[f.Key.Text] && f.Value.Kind != tree.Null {
				hint := "it has no options"
				if len(e.Value.Options) > 0 {
					hint = "it reads " + strings.Join(e.Value.Options, ", ")
				}
				return f.Key.Errorf(hint, "preset %s does not read %s", e.Name, f.Key.Text)
			}
		}
	}
	p.Name = e.Name
	switch {
	case e.Name == "freeze_unfreeze" && p.Epoch == nil:
		return p.node.Errorf("write {preset: freeze_unfreeze, epoch: 7}", "preset freeze_unfreeze needs the epoch to unfreeze at")
	case e.Name == "unfreeze_milestones" && len(p.Milestones) != 2:
		return p.node.Errorf("write {preset: unfreeze_milestones, milestones: [5, 10], layers: 15}", "preset unfreeze_milestones needs two epochs as milestones")
	}
	return nil
}

// byEpoch tells a preset whose epochs alone decide: as in Flash, nothing is
// restored or stopped early unless callbacks ask for it.
func (p *preset) byEpoch() bool {
	switch p.Name {
	case "default", "by_block":
		return false
	case "head_then_all", "lp_ft":
		return p.Epoch != nil
	}
	return true
}

// generate makes the schedule; lr is the fit's learning rate.
func (p *preset) generate(infos []param.Info, lr float64, noDecay bool) (*schedule.Schedule, error) {
	o := schedule.PresetOptions{Head: p.Head, LR: lr, Epoch: -1, Layers: p.Layers, Decay: p.Decay, NoDecay: noDecay}
	if p.LR != nil {
		o.LR = *p.LR
	}
	if p.Epoch != nil {
		o.Epoch = *p.Epoch
	}
	copy(o.Milestones[:], p.Milestones)
	s, err := schedule.Generate(p.Name, infos, o)
	if err != nil {
		return nil, p.node.Errorf("", "%v", err)
	}
	return s, nil
}

// optimizerLR is the learning rate that the fit starts with.
func (r *Run) optimizerLR() (float64, error) {
	opt := r.fallback
	if r.Task != nil {
		opt = r.Task.Optimization()
	}
	o, err := optim.Make(r.components.Optimizers, opt.Spec())
	if err != nil {
		return 0, err
	}
	lr, ok := optim.Options(o.Rule())["lr"].(float64)
	if !ok {
		return 0, fmt.Errorf("optimizer %s has no lr", o.Name())
	}
	return lr, nil
}
