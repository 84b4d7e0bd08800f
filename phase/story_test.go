package phase_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// TestStories plays fits as text. Commands:
//
//	schedule              a schedule for the model block.0 … block.3, as YAML
//	fit [options]         a machine; options are name=value
//	summary [options]     what a user reads before such a fit
//	lint [options]        what the linter says of such a fit, besides the schedule's own
//	run metric=(…) …      epochs with these values, one validation each
//	simulate [options]    the same as a simulation; its input has a line for each
//	                      epoch, "name=value … | name=value …" for its validations
//	resume at=NAME        goes on from the state that a checkpoint holds
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{steps: 2}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			if err := s.command(d); err != nil {
				fmt.Fprintf(&s.out, "error: %v\n", err)
			}
			return s.out.String()
		})
	})
}

// blocks is a model of n linear layers.
func blocks(n int) []param.Info {
	var out []param.Info
	for i := range n {
		for _, p := range []string{"weight", "bias"} {
			out = append(out, param.Info{Name: fmt.Sprintf("block.%d.%s", i, p), Shape: []int{2}, Module: fmt.Sprintf("block.%d", i), Block: i})
		}
	}
	return out
}

// describe knows two optimizers, as far as groups show them.
func describe(s registry.Spec) (phase.OptimizerInfo, error) {
	info := phase.OptimizerInfo{Name: strings.ToLower(s.Name), Options: registry.Args{"lr": 0.1, "weight_decay": 0.01}}
	switch info.Name {
	case "sgd":
		info.Options["momentum"] = 0.0
	case "adamw":
		info.Options["betas"] = []any{0.9, 0.999}
	default:
		return info, fmt.Errorf("unknown optimizer %q", s.Name)
	}
	for k, v := range s.Args {
		if _, ok := info.Options[k]; !ok {
			return info, fmt.Errorf("%s has no argument %q", s.Name, k)
		}
		info.Options[k] = v
	}
	return info, nil
}

type story struct {
	out    strings.Builder
	sched  *schedule.Schedule
	cfg    phase.Config
	facts  phase.Facts
	m      *phase.Machine
	epoch  int
	steps  int
	ended  bool
	states map[string][]byte
}

func (s *story) command(d *datadriven.TestData) error {
	switch d.Cmd {
	case "schedule":
		root, err := config.ParseYAML("schedule.yaml", []byte(d.Input), config.KeepDuplicates)
		if err != nil {
			return err
		}
		var found diag.List
		s.sched, found = schedule.Parse(root)
		s.findings(found)
		return nil
	case "fit":
		return s.fit(d)
	case "summary":
		if err := s.configure(d); err != nil {
			return err
		}
		s.out.WriteString(s.cfg.String())
		return nil
	case "lint":
		if err := s.configure(d); err != nil {
			return err
		}
		s.findings(phase.Lint(s.cfg, s.facts))
		return nil
	case "run":
		return s.run(d)
	case "simulate":
		return s.simulate(d)
	case "resume":
		return s.resume(d)
	}
	return fmt.Errorf("unknown command %s", d.Cmd)
}

func (s *story) findings(found diag.List) {
	for _, f := range found {
		fmt.Fprintf(&s.out, "%s: %s\n", f.Severity, strings.ReplaceAll(f.Error(), "\n", "\n    "))
	}
}

// configure reads the options of a fit.
func (s *story) configure(d *datadriven.TestData) error {
	es, ck := phase.DefaultEarlyStopping(), phase.Checkpoint{Monitor: "val_loss", Mode: "min", SaveTopK: 1}
	es.Patience = 1
	c := phase.Config{
		Options: phase.DefaultOptions(), EarlyStopping: &es, Checkpoint: &ck,
		Optimizer: registry.Spec{Name: "SGD"}, Optimizers: describe, LRSchedulers: lrsched.Builtin(),
		MaxEpochs: 20, StepsPerEpoch: s.steps,
	}
	opts := schedule.Options{BaseMaxLR: 0.01}
	infos := blocks(4)
	s.facts = phase.Facts{}
	for _, a := range d.CmdArgs {
		v := strings.Join(a.Vals, ",")
		n, _ := strconv.Atoi(v)
		x, _ := strconv.ParseFloat(v, 64)
		switch a.Key {
		case "patience":
			es.Patience = n
		case "mode":
			es.Mode, ck.Mode = v, v
		case "min_delta":
			es.MinDelta = x
		case "stopping_threshold":
			es.StoppingThreshold = &x
		case "top_k":
			ck.SaveTopK = n
		case "save_last":
			ck.SaveLast = true
		case "filename":
			ck.Filename = v
		case "train_end_saves":
			ck.SaveOnTrainEpochEnd = true
		case "max_epochs":
			c.MaxEpochs = n
		case "min_epochs":
			c.MinEpochs = n
		case "max_depth":
			c.MaxDepth = n
		case "epochs_only":
			c.EpochTransitionsOnly, opts.EpochTransitionsOnly = true, true
		case "no_restore":
			c.RestoreBest = false
		case "no_decay":
			c.NoDecay = a.Vals
		case "apply_lambdas":
			c.ApplyLambdasNewPGs = true
		case "gamma":
			ch := lrsched.Named("StepLR", registry.Args{"step_size": 1, "gamma": x})
			c.LRScheduler = &ch
		case "plateau":
			ch := lrsched.Named("ReduceLROnPlateau", registry.Args{"patience": n, "factor": 0.5}, lrsched.Config{Monitor: "val_loss"})
			c.LRScheduler = &ch
		case "cosine":
			ch := lrsched.Named("CosineAnnealingLR", registry.Args{"T_max": n})
			c.LRScheduler = &ch
		case "linear":
			ch := lrsched.Named("linear", registry.Args{"num_warmup_steps": 0})
			c.LRScheduler = &ch
		case "max_steps":
			c.MaxSteps = n
		case "monitor":
			es.Monitor = v
		case "not_strict":
			es.Strict = false
		case "no_stopping":
			c.EarlyStopping = nil
		case "metrics":
			s.facts.Metrics = a.Vals
		case "validations":
			s.facts.Validations = n
		case "norm": // block n is a batch norm
			infos[2*n].Kind, infos[2*n+1].Kind = "BatchNorm1d", "BatchNorm1d"
		case "dir":
			ck.Dir = v
		case "batch_norm":
			c.FrozenBatchNorm = phase.BatchNorm(v)
		default:
			return fmt.Errorf("unknown option %s", a.Key)
		}
	}
	c.Plan = schedule.AllAtOnce(infos)
	if s.sched != nil {
		plan, found := s.sched.Resolve(infos, opts)
		if err := found.Err(); err != nil {
			return err
		}
		c.Plan = plan
	}
	s.cfg = c
	return nil
}

func (s *story) fit(d *datadriven.TestData) (err error) {
	if err = s.configure(d); err != nil {
		return err
	}
	if s.m, err = phase.New(s.cfg); err != nil {
		return err
	}
	s.epoch, s.ended, s.states = 0, false, map[string][]byte{}
	return s.step("start", phase.FitStart{})
}

func (s *story) simulate(d *datadriven.TestData) error {
	csv := d.HasArg("csv")
	d.CmdArgs = slices.DeleteFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == "csv" })
	if err := s.configure(d); err != nil {
		return err
	}
	var tr phase.Trace
	for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
		var ep phase.TraceEpoch
		for _, val := range strings.Split(line, "|") {
			v := phase.Validation{Metrics: map[string]float64{}}
			for _, word := range strings.Fields(val) {
				name, text, _ := strings.Cut(word, "=")
				x, err := strconv.ParseFloat(text, 64)
				if err != nil {
					return err
				}
				v.Metrics[name] = x
			}
			ep.Validations = append(ep.Validations, v)
		}
		tr.Epochs = append(tr.Epochs, ep)
	}
	sim, err := phase.Simulate(s.cfg, tr)
	switch {
	case sim == nil:
	case csv:
		if err := sim.WriteCSV(&s.out); err != nil {
			return err
		}
	default:
		s.out.WriteString(sim.String())
	}
	return err
}

func (s *story) resume(d *datadriven.TestData) error {
	var at string
	if i := slices.IndexFunc(d.CmdArgs, func(a datadriven.CmdArg) bool { return a.Key == "at" }); i >= 0 {
		at = d.CmdArgs[i].Vals[0]
		d.CmdArgs = slices.Delete(d.CmdArgs, i, i+1)
	}
	if err := s.configure(d); err != nil {
		return err
	}
	var st phase.State
	if err := json.Unmarshal(s.states[at], &st); err != nil {
		return fmt.Errorf("no state %s: %w", at, err)
	}
	m, err := phase.Restore(s.cfg, st)
	if err != nil {
		return err
	}
	s.m, s.ended, s.epoch = m, false, st.Epoch+1
	if err := s.step("resumed", phase.Resumed{}); err != nil || s.ended {
		return err
	}
	return s.step("", phase.EpochEnd{})
}

// run plays epochs until the values of the first metric are used up.
func (s *story) run(d *datadriven.TestData) error {
	values := map[string][]float64{}
	epochs := 0
	for _, a := range d.CmdArgs {
		for _, v := range a.Vals {
			x, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return err
			}
			values[a.Key] = append(values[a.Key], x)
		}
		epochs = max(epochs, len(a.Vals))
	}
	for i := 0; i < epochs && !s.ended; i++ {
		metrics := map[string]float64{}
		var shown []string
		for name, list := range values {
			metrics[name] = list[min(i, len(list)-1)]
			shown = append(shown, fmt.Sprintf("%s %v", name, metrics[name]))
		}
		slices.Sort(shown)
		if err := s.step(fmt.Sprintf("epoch %d", s.epoch), phase.EpochStart{Epoch: s.epoch}); err != nil {
			return err
		}
		for b := range s.steps {
			if err := s.step("", phase.StepEnd{Batch: b}); err != nil {
				return err
			}
		}
		for _, ev := range []phase.Event{phase.TrainEnd{}, phase.Validated{Metrics: metrics}, phase.EpochEnd{}} {
			label := ""
			if _, ok := ev.(phase.Validated); ok {
				label = "  " + strings.Join(shown, ", ")
			}
			if err := s.step(label, ev); err != nil {
				return err
			}
		}
		s.epoch++
	}
	return nil
}

// step feeds an event and tells what the directive says, in its order.
func (s *story) step(label string, ev phase.Event) error {
	stopped := s.ended
	d, err := s.m.Step(ev)
	if err != nil {
		return err
	}
	for _, w := range d.Save {
		text, err := json.Marshal(s.m.State())
		if err != nil {
			return err
		}
		s.states[w.Name] = text
	}
	s.ended = d.Stop != nil
	words := directive(d, stopped)
	if label == "" && words == "" {
		return nil
	}
	if _, ok := ev.(phase.EpochStart); ok || d.Regrouped {
		words = groups(d) + words
	}
	fmt.Fprintln(&s.out, strings.TrimPrefix(label+words, "\n"))
	return nil
}

func groups(d phase.Directive) string {
	var b strings.Builder
	fmt.Fprintf(&b, ": phase %d", d.Phase)
	for _, g := range d.Groups {
		fmt.Fprintf(&b, ", %d tensors at %.6g", len(g.Params), g.LR)
		if g.NoDecay {
			b.WriteString(" without decay")
		}
	}
	return b.String()
}

func directive(d phase.Directive, stopped bool) string {
	var b strings.Builder
	if t := d.Transition; t != nil {
		fmt.Fprintf(&b, "\n  phase %d begins: %s", t.To, t.Reason)
	}
	if r := d.Restore; r != nil {
		fmt.Fprintf(&b, "\n  restore %s", r.From.Name)
		if !r.Optimizer {
			b.WriteString(", weights only")
		}
	}
	if d.Optimizer != nil {
		fmt.Fprintf(&b, "\n  new optimizer %s", d.Optimizer.Name)
	}
	for _, w := range d.Save {
		what := "save"
		if w.Last {
			what = "save last"
		} else if w.Best {
			what = "save best"
		}
		fmt.Fprintf(&b, "\n  %s %s", what, w.Name)
	}
	for _, r := range d.Drop {
		fmt.Fprintf(&b, "\n  drop %s", r.Name)
	}
	if d.Stop != nil && !stopped {
		fmt.Fprintf(&b, "\n  stop: %s (%s)", d.Stop.Reason, d.Stop.Cause)
	}
	for _, n := range d.Notes {
		if n.Severity != diag.Note {
			fmt.Fprintf(&b, "\n  %s: %s", n.Severity, n.Message)
		}
	}
	return b.String()
}
