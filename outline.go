package thaw

import (
	"errors"
	"fmt"
	"os"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/data"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/engine"
	"github.com/thaw-go/thaw/engine/shape"
	"github.com/thaw-go/thaw/event"
	"github.com/thaw-go/thaw/model"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/plan"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
	"github.com/thaw-go/thaw/trainer"
	"github.com/thaw-go/thaw/tree"
)

// Outline is a run as schedules are planned on it: its model by names and
// shapes, without a tensor loaded, and what governs its phases.
type Outline struct {
	// Params are all of the model's, buffers and tied names included.
	Params []param.Info
	// Run is what the configuration describes. Its Task is nil where only a
	// weight file's names and shapes are known; it has Data where they are there.
	Run *Run
	// Notes are remarks and warnings of reading it all.
	Notes diag.List

	options OutlineOptions
	engine  *shape.Engine
	batch   func(n int) *data.Batch
	size    int // of the configuration's batches
}

// OutlineOptions say what an outline is of.
type OutlineOptions struct {
	// Files and Overrides are as for Load; they may be empty where Model is set.
	Files, Overrides []string
	// Model is a model's name, a weight file or a folder with one; empty: the
	// configuration's.
	Model string
	// Classes of the model's head where no data tell; 0: the weight file's, or 2.
	Classes int
	// Like is the engine whose memory and operators are previewed; nil: one with
	// none but the required operators.
	Like engine.Engine
}

// NewOutline reads what the options name. Data that are missing are no error.
func NewOutline(o OutlineOptions, c Components) (*Outline, error) {
	n, err := config.Load(o.Files, o.Overrides)
	if err != nil {
		return nil, err
	}
	out := &Outline{options: o, engine: shape.New(shape.Options{Like: o.Like})}
	out.Run = &Run{Tree: n, components: c, outline: out}
	var file *header
	if o.Model != "" {
		if _, known := c.Models.Lookup(o.Model); known {
			out.Run.Tree = withModel(n, o.Model, "")
		} else if file, err = readHeader(o.Model); err != nil {
			return nil, unknownModel(c, o.Model, err)
		} else if name := file.architecture(c); name != "" {
			out.Run.Tree, file = withModel(n, name, o.Model), nil
		}
	}
	opt, err := out.Run.read()
	if err != nil {
		return nil, err
	}
	if file != nil {
		out.Params = file.params
		out.note("the model is known by the names and shapes in %s alone: its order is that of the names, and its work and memory are unknown", o.Model)
		out.Run.Task = nil
		out.Run.fallback = opt
		return out, nil
	}
	if out.Run.Config.Task == nil {
		return nil, errors.New("there is no model to plan for\n    hint: name a configuration, a model, a weight file or a folder with one")
	}
	if err := out.Run.build(out.engine, opt); err != nil {
		return nil, err
	}
	out.Params = out.Run.Task.Network().Params().Infos()
	return out, nil
}

// withModel lays an image task with the model over a configuration.
func withModel(n *tree.Node, name, weights string) *tree.Node {
	text := func(s string) *tree.Node { return &tree.Node{Kind: tree.String, Text: s} }
	object := func(fields ...tree.Field) *tree.Node { return &tree.Node{Kind: tree.Map, Fields: fields} }
	m := object(tree.Field{Key: text("model"), Value: text(name)})
	if weights != "" {
		m.Fields = append(m.Fields, tree.Field{Key: text("weights"), Value: text(weights)})
	}
	return config.Merge(n, object(tree.Field{Key: text("task"), Value: object(tree.Field{Key: text("image_classification"), Value: m})}))
}

// unknownModel says that a name is neither a model nor a file.
func unknownModel(c Components, name string, err error) error {
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	_, unknown := c.Models.Find(name)
	return fmt.Errorf("%w, and there is no such file or folder", unknown)
}

func (o *Outline) note(format string, args ...any) {
	o.Notes = append(o.Notes, diag.Finding{Severity: diag.Note, Code: "outline", Message: fmt.Sprintf(format, args...)})
}

// withoutData goes on where the data cannot be listed.
func (o *Outline) withoutData(err error) {
	o.Run.Data, o.Run.classes = trainer.Data{}, nil
	if o.Run.Config.Data != nil {
		o.note("the data cannot be listed, so the length of an epoch is unknown: %v", err)
	}
}

// images makes an image task a preview.
func (o *Outline) images(c *task.ImageClassifierConfig, m model.Image, d imageData) {
	if len(c.Labels) == 0 {
		c.Classes = o.options.Classes
		if c.Classes == 0 && c.Weights != "" && c.Head != "fresh" {
			if h, err := readHeader(c.Weights); err == nil {
				c.Classes = h.rows(m.Head)
			}
		}
		if c.Classes == 0 {
			c.Classes = 2
			o.note("the number of classes is not known: taken as 2")
		}
	}
	c.Weights, c.Lazy = "", true
	o.size = d.BatchSize
	o.batch = func(n int) *data.Batch { return plan.Pictures(n, d.Channels, d.Size) }
}

// Schedule is the configuration's schedule, or, where it names none, the one
// that finetuning-scheduler generates.
func (o *Outline) Schedule() (*schedule.Schedule, diag.List, error) {
	found, err := o.Run.readSchedule(o.Params)
	return o.Run.Schedule, found, err
}

// Scheduled tells whether the run has phases at all.
func (o *Outline) Scheduled() bool { return o.Run.scheduling.scheduled }

// Resolving is how schedules are resolved for the run.
func (o *Outline) Resolving() (schedule.Options, error) { return o.Run.resolving() }

// Generate makes a schedule by a preset; the fit's learning rate and settings
// fill in what the options leave out.
func (o *Outline) Generate(name string, opts schedule.PresetOptions) (*schedule.Schedule, error) {
	if opts.LR == 0 {
		var err error
		if opts.LR, err = o.Run.optimizerLR(); err != nil {
			return nil, err
		}
	}
	opts.NoDecay = len(o.Run.scheduling.options.NoDecay) > 0
	return schedule.Generate(name, o.Params, opts)
}

// Outlook is what a fit by the plan will be like.
func (o *Outline) Outlook(p *schedule.Plan) (trainer.Outlook, error) {
	r := o.Run
	groups, err := r.groups(o.Params, p)
	if err != nil {
		return trainer.Outlook{}, err
	}
	s := trainer.Schedule{Plan: p, Options: r.scheduling.options, Groups: groups, EarlyStopping: r.scheduling.stop, Checkpoint: r.scheduling.keep}
	if !r.scheduling.scheduled { // a schedule on the command line, beside a configuration without
		var cb phase.Callbacks
		cb.Scheduled = true
		var err error
		if s.EarlyStopping, s.Checkpoint, _, err = cb.Complete(s.Options.EpochTransitionsOnly); err != nil {
			return trainer.Outlook{}, err
		}
		s.Options.FrozenBatchNorm = phase.BatchNormEval
	}
	t := r.Task
	if t == nil {
		t = &task.Custom{Net: nil, Optimize: r.fallback}
	}
	tr, err := trainer.New(r.trainerConfig(o.engine, "", event.Sinks(nil)))
	if err != nil {
		return trainer.Outlook{}, err
	}
	out, err := tr.Outlook(t, r.Data, s)
	if r.Task == nil {
		out.Metrics = nil
	}
	return out, err
}

// Preview shows a fit by the plan, with batches of n samples; 0: the
// configuration's.
func (o *Outline) Preview(p *schedule.Plan, n int) (*plan.Preview, error) {
	look, err := o.Outlook(p)
	if err != nil {
		return nil, err
	}
	f := plan.Fit{Config: look.Machine, Optimizers: o.Run.components.Optimizers, Params: o.Params}
	if f.Optimizers == nil {
		f.Optimizers = optim.Builtin()
	}
	if o.Run.Task != nil && o.batch != nil {
		if n == 0 {
			n = o.size
		}
		f.Network = &plan.Network{Task: o.Run.Task, Engine: o.engine, Batch: o.batch(n), Accumulates: o.Run.Config.Trainer.AccumulateGradBatches > 1}
	}
	return plan.New(f)
}

// Lint judges the plan as a part of the run; the schedule's own findings are
// schedule.Lint's.
func (o *Outline) Lint(p *schedule.Plan) (diag.List, error) {
	look, err := o.Outlook(p)
	if err != nil {
		return nil, err
	}
	places := o.Run.scheduling.places
	at := func(n *tree.Node) schedule.Place {
		if n == nil {
			return schedule.Place{}
		}
		return schedule.Place{Pos: n.Pos, Line: n.Src.Line(n.Pos.Line)}
	}
	places.LRScheduler = at(o.Run.Config.LRScheduler)
	places.MaxEpochs = at(o.Run.Tree.Field("trainer").Field("max_epochs"))
	return phase.Lint(look.Machine, phase.Facts{Metrics: look.Metrics, Validations: look.Validations, Places: places}), nil
}
