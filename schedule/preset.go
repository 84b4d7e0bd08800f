package schedule

import (
	"fmt"
	"slices"

	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/registry"
)

// PresetOptions are what presets can be told. Each preset names those it uses.
type PresetOptions struct {
	// Head names what trains from the start, by names or patterns; empty: the
	// model's last block.
	Head []string
	// LR is the fit's learning rate; what thaws later starts there too, unless
	// the preset says otherwise.
	LR float64
	// Epoch at which the rest thaws; -1: when early stopping ends phase 0.
	Epoch int
	// Milestones are the two epochs at which parts of the backbone thaw.
	Milestones [2]int
	// Layers counts the modules with parameters, from the output, that thaw at
	// the first milestone.
	Layers int
	// NoDecay tells that the fit trains some parameters without weight decay, so
	// that each phase has two groups.
	NoDecay bool
	// Decay divides the learning rate from block to block towards the input.
	Decay float64
}

// Preset generates a schedule by a known strategy. None of them restores a
// checkpoint of its own accord or needs early stopping: where epochs are given,
// they decide.
type Preset struct {
	// Options that the preset reads, by their names in a configuration.
	Options  []string
	generate func(g *generator) error
}

// Presets are the strategies that can be chosen by name.
func Presets() *registry.Set[Preset] {
	s := registry.NewSet[Preset]("schedule preset")
	for _, e := range []registry.Entry[Preset]{
		{Name: "no_freeze", Doc: "everything trains from the start", Value: Preset{nil, (*generator).noFreeze}},
		{Name: "freeze", Doc: "only the head trains", Value: Preset{[]string{"head"}, (*generator).freeze}},
		{Name: "freeze_unfreeze", Doc: "the head trains, from an epoch on everything", Value: Preset{[]string{"head", "epoch", "lr"}, (*generator).freezeUnfreeze}},
		{
			Name: "unfreeze_milestones", Doc: "the head, at the first milestone the last modules, at the second the rest",
			Value: Preset{[]string{"head", "milestones", "layers", "lr"}, (*generator).milestones},
		},
		{Name: "head_then_all", Doc: "the head until it stops improving, then everything", Value: Preset{[]string{"head", "epoch", "lr"}, (*generator).headThenAll}},
		{
			Name: "lp_ft", Doc: "linear probing, then fine-tuning of everything at a smaller learning rate (Kumar et al. 2022)",
			Value: Preset{[]string{"head", "epoch", "lr"}, (*generator).probeThenTune},
		},
		{
			Name: "gradual", Doc: "one block an epoch from the output to the input, with smaller learning rates towards the input (Howard & Ruder 2018, ULMFiT)",
			Aliases: []string{"ulmfit"}, Value: Preset{[]string{"lr", "decay"}, (*generator).gradual},
		},
		{Name: "default", Doc: "two tensors a phase from the output to the input, as finetuning-scheduler", Value: Preset{nil, nil}},
		{Name: "by_block", Doc: "one block a phase from the output to the input", Aliases: []string{"block"}, Value: Preset{nil, nil}},
	} {
		if err := s.Add(e); err != nil {
			panic(err) // two presets of one name
		}
	}
	return s
}

// Generate makes the schedule of a preset for a model.
func Generate(name string, infos []param.Info, opts PresetOptions) (*Schedule, error) {
	e, err := Presets().Find(name)
	if err != nil {
		return nil, err
	}
	switch e.Name {
	case "default":
		return Default(infos), nil
	case "by_block":
		return ByBlock(infos), nil
	}
	g := &generator{infos: infos, opts: opts, s: &Schedule{Name: e.Name, Generated: true}}
	if err := e.Value.generate(g); err != nil {
		return nil, fmt.Errorf("preset %s: %w", e.Name, err)
	}
	return g.s, nil
}

// generator holds one preset's work.
type generator struct {
	infos []param.Info
	opts  PresetOptions
	s     *Schedule
}

// parts divides the parameters into head and backbone, in registration order.
func (g *generator) parts() (head, backbone []string, err error) {
	all := trainableNames(g.infos)
	if len(g.opts.Head) == 0 {
		bs := blocks(g.infos)
		if len(bs) < 2 {
			return nil, nil, fmt.Errorf("the model has one block only; name its head")
		}
		head = bs[0]
	} else {
		probe := &Schedule{Phases: []PhaseSpec{{}}}
		for _, h := range g.opts.Head {
			probe.Phases[0].Params = append(probe.Phases[0].Params, Entry{Text: h})
		}
		plan, found := probe.Resolve(g.infos, Options{})
		if err := found.Err(); err != nil {
			return nil, nil, fmt.Errorf("head: %w", err)
		}
		head = plan.Phase(0).Params
	}
	for _, n := range all {
		if !slices.Contains(head, n) {
			backbone = append(backbone, n)
		}
	}
	if len(backbone) == 0 {
		return nil, nil, fmt.Errorf("the head is the whole model; nothing is left to thaw")
	}
	return head, backbone, nil
}

// phase adds a phase that begins at an epoch, or where early stopping ends the
// one before (epoch < 0).
func (g *generator) phase(names []string, epoch int, lr float64) *PhaseSpec {
	if n := len(g.s.Phases); n > 0 && epoch >= 0 {
		g.s.Phases[n-1].MaxTransitionEpoch = &epoch
	}
	ph := g.s.add(names)
	if ph.Key > 0 {
		ph.LR = &lr
	}
	return ph
}

func (g *generator) noFreeze() error {
	g.phase(trainableNames(g.infos), -1, 0)
	return nil
}

func (g *generator) freeze() error {
	head, _, err := g.parts()
	if err == nil {
		g.phase(head, -1, 0)
	}
	return err
}

func (g *generator) freezeUnfreeze() error {
	if g.opts.Epoch < 0 {
		return fmt.Errorf("epoch: the epoch to unfreeze at must not be negative, it is %d", g.opts.Epoch)
	}
	return g.headThenAll()
}

func (g *generator) headThenAll() error {
	head, rest, err := g.parts()
	if err != nil {
		return err
	}
	g.phase(head, -1, 0)
	g.phase(rest, g.opts.Epoch, g.opts.LR)
	return nil
}

// milestones thaws the last modules of the backbone at one milestone and the
// others at the other; the earlier milestone comes first.
func (g *generator) milestones() error {
	head, rest, err := g.parts()
	if err != nil {
		return err
	}
	m := g.opts.Milestones
	switch {
	case m[0] < 0 || m[1] < 0:
		return fmt.Errorf("milestones: epochs must not be negative: %v", m)
	case g.opts.Layers < 1:
		return fmt.Errorf("layers: at least one module thaws at the first milestone, not %d", g.opts.Layers)
	}
	late, early := g.lastModules(rest, g.opts.Layers)
	g.phase(head, -1, 0)
	switch {
	case len(early) == 0 || m[0] == m[1]:
		g.phase(rest, m[0], g.opts.LR)
	case m[0] < m[1]:
		g.phase(late, m[0], g.opts.LR)
		g.phase(early, m[1], g.opts.LR)
	default:
		g.phase(early, m[1], g.opts.LR)
		g.phase(late, m[0], g.opts.LR)
	}
	return nil
}

// lastModules splits names at the n-th module from the output.
func (g *generator) lastModules(names []string, n int) (last, others []string) {
	module := map[string]string{}
	for _, i := range g.infos {
		module[i.Name] = owner(i)
	}
	var order []string
	for _, name := range names {
		if m := module[name]; !slices.Contains(order, m) {
			order = append(order, m)
		}
	}
	tail := order[max(len(order)-n, 0):]
	for _, name := range names {
		if slices.Contains(tail, module[name]) {
			last = append(last, name)
		} else {
			others = append(others, name)
		}
	}
	return last, others
}

// probeThenTune trains the head to its end, so that the features are not
// distorted by a random one, and then everything at the given learning rate.
func (g *generator) probeThenTune() error {
	if !(g.opts.LR > 0) {
		return fmt.Errorf("lr: fine-tuning after the probe needs a learning rate, not %v", g.opts.LR)
	}
	head, rest, err := g.parts()
	if err != nil {
		return err
	}
	g.phase(head, -1, 0)
	ph := g.phase(rest, g.opts.Epoch, g.opts.LR)
	ph.NewLRScheduler = &Reinit{
		LRScheduler: LRScheduler{Spec: registry.Spec{Name: "ConstantLR", Args: registry.Args{"factor": 1.0, "total_iters": 0}}},
		InitPGLRs:   []float64{g.opts.LR},
	}
	if g.opts.NoDecay {
		ph.NewLRScheduler.InitPGLRs = []float64{g.opts.LR, g.opts.LR}
	}
	return nil
}

// gradual thaws one block an epoch. Each block's learning rate is that of the
// block behind it, divided by decay.
func (g *generator) gradual() error {
	decay := g.opts.Decay
	if decay == 0 {
		decay = 2.6
	}
	if !(decay >= 1) || !(g.opts.LR > 0) {
		return fmt.Errorf("lr %v and decay %v: want a positive learning rate, and 1 or more to divide it by", g.opts.LR, decay)
	}
	lr := g.opts.LR
	for i, names := range blocks(g.infos) {
		g.phase(names, i, lr)
		lr /= decay
	}
	return nil
}
