package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// errTwoOptimizers stands for what cannot be written down here.
var errTwoOptimizers = errors.New("a fit has one optimizer: phase.Config cannot hold two")

// setup makes a run ready. An error is one that a user meets before training.
func (f *ftsFile) setup(t *testing.T, r *ftsRun) (*ftsSetup, error) {
	t.Helper()
	s := &ftsSetup{}
	infos := f.params(t, r)
	plan, err := f.plan(t, r, s, infos)
	if err != nil {
		return s, err
	}
	if err := f.options(t, r, s); err != nil {
		return s, err
	}
	cfg := &s.cfg
	cfg.Plan = plan
	flag := "single_device"
	set(&flag, r.StrategyFlag)
	notes, err := phase.CheckStrategy(flag, r.FTS.StrategyAdapters, r.FTS.AllowUntested)
	s.note(notes)
	if err != nil {
		return s, err
	}
	if r.Optimizer.Twice {
		return s, errTwoOptimizers
	}
	cfg.MaxEpochs, cfg.StepsPerEpoch = r.MaxEpochs, r.Steps
	if r.MinEpochs != nil {
		cfg.MinEpochs = *r.MinEpochs
	}
	cfg.Optimizers = describeOptimizer
	cfg.Optimizer = registry.Spec{Name: r.Optimizer.Class, Args: registry.Args(maps.Clone(r.Optimizer.Args))}
	if r.Optimizer.OverlapDDP {
		cfg.Optimizer.Args["overlap_with_ddp"] = true
	}
	cfg.InitialGroups = initialGroups(t, r, plan)
	cfg.LRSchedulers = ftsCatalog(t)
	if r.LRScheduler.Class != "none" {
		lc, warnings, err := lrsched.ParseConfig(r.LRScheduler.Cfg)
		if err != nil {
			return s, err
		}
		s.found = append(s.found, warnings...)
		ch := lrsched.Named(r.LRScheduler.Class, lrsched.Args(r.LRScheduler.Args), lc)
		cfg.LRScheduler = &ch
	}
	return s, nil
}

// plan parses, generates and resolves the schedule.
func (f *ftsFile) plan(t *testing.T, r *ftsRun, s *ftsSetup, infos []param.Info) (*schedule.Plan, error) {
	root, err := f.scheduleTree(t, r)
	if err != nil {
		return nil, err
	}
	if r.NoFTS {
		return schedule.AllAtOnce(infos), nil
	}
	s.schedule = schedule.Default(infos)
	if root != nil {
		var found diag.List
		s.schedule, found = schedule.Parse(root)
		s.note(found)
		s.written = s.schedule.Renumbered()
		if err := found.Err(); err != nil {
			return nil, err
		}
	}
	base, err := f.baseMaxLR(t, r)
	if err != nil {
		return nil, err
	}
	plan, found := s.schedule.Resolve(infos, schedule.Options{BaseMaxLR: base, EpochTransitionsOnly: r.FTS.EpochTransitionsOnly})
	s.note(found)
	return plan, found.Err()
}

// baseMaxLR is base_max_lr; null means the optimizer's own, as documented.
func (f *ftsFile) baseMaxLR(t *testing.T, r *ftsRun) (float64, error) {
	switch {
	case r.FTS.BaseMaxLR == nil:
		return schedule.DefaultBaseMaxLR, nil
	case string(r.FTS.BaseMaxLR) == "null":
		info, err := describeOptimizer(registry.Spec{Name: r.Optimizer.Class, Args: registry.Args(r.Optimizer.Args)})
		lr, _ := info.Options["lr"].(float64)
		return lr, err
	}
	var n number
	decode(t, r.FTS.BaseMaxLR, &n)
	return float64(n), nil
}

// options reads FinetuningScheduler's arguments and the other callbacks.
func (f *ftsFile) options(t *testing.T, r *ftsRun, s *ftsSetup) error {
	o := phase.DefaultOptions()
	set(&o.MaxDepth, r.FTS.MaxDepth)
	set(&o.RestoreBest, r.FTS.RestoreBest)
	set(&o.EnforcePhase0Params, r.FTS.EnforcePhase0)
	o.AllowUntested = r.FTS.AllowUntested
	o.EpochTransitionsOnly = r.FTS.EpochTransitionsOnly
	o.ApplyLambdasNewPGs = r.FTS.ApplyLambdas
	o.NoDecay = r.NoDecay
	if r.FTS.FrozenBN != nil && !*r.FTS.FrozenBN {
		o.FrozenBatchNorm = phase.BatchNormEval
	}
	if raw := f.named(r.FTS.ReinitLR); raw != nil {
		cfg, found := schedule.ParseReinit(jsonTree(t, raw))
		s.note(found)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitLR = cfg
	}
	if raw := f.named(r.FTS.ReinitOptim); raw != nil {
		spec, found := schedule.ParseReinitOptimizer(jsonTree(t, raw))
		s.note(found)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitOptimizer = spec
	}
	s.cfg.Options = o
	cbs, err := callbacks(t, r)
	if err != nil {
		return err
	}
	es, ck, notes, err := cbs.Complete(o.EpochTransitionsOnly)
	s.note(notes)
	s.cfg.EarlyStopping, s.cfg.Checkpoint = es, ck
	if r.NoFTS {
		s.cfg.RestoreBest = false
	}
	return err
}

// named looks a configuration up that a case names.
func (f *ftsFile) named(raw json.RawMessage) json.RawMessage {
	var name string
	if raw != nil && json.Unmarshal(raw, &name) == nil {
		return f.reinits[name]
	}
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// callbacks reads es and ckpt.
func callbacks(t *testing.T, r *ftsRun) (phase.Callbacks, error) {
	c := phase.Callbacks{Scheduled: !r.NoFTS}
	if class := fmt.Sprint(r.ES["type"]); class != "none" {
		es := phase.EarlyStoppingCallback{Class: class, EarlyStopping: phase.DefaultEarlyStopping()}
		es.Monitor = ""
		arguments := maps.Clone(r.ES)
		delete(arguments, "type")
		recode(t, arguments, &es.EarlyStopping)
		c.EarlyStopping = append(c.EarlyStopping, es)
	}
	var list []map[string]any
	if json.Unmarshal(r.Ckpt, &list) != nil {
		var one map[string]any
		decode(t, r.Ckpt, &one)
		list = []map[string]any{one}
	}
	for _, args := range list {
		class := fmt.Sprint(args["type"])
		if class == "none" {
			continue
		}
		ck := phase.CheckpointCallback{Class: class, Checkpoint: phase.Checkpoint{Mode: "min", SaveTopK: 1}}
		delete(args, "type")
		if v, ok := args["save_top_k"]; ok && v == nil {
			args["save_top_k"] = 0
		}
		recode(t, args, &ck.Checkpoint)
		c.Checkpoint = append(c.Checkpoint, ck)
	}
	return c, nil
}

// recode sets a struct from arguments by its JSON names; null leaves a value.
func recode(t *testing.T, args map[string]any, v any) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, text, v)
}

// initialGroups lays the optimizer out as the user's code did.
func initialGroups(t *testing.T, r *ftsRun, plan *schedule.Plan) []phase.InitialGroup {
	var word string
	var spec struct {
		ThawOnly []string        `json:"thaw_only"`
		Groups   []ftsUserGroup  `json:"groups"`
		Raw      json.RawMessage `json:"-"`
	}
	switch {
	case r.Optimizer.Params == nil:
		word = "trainable"
	case json.Unmarshal(r.Optimizer.Params, &word) == nil:
	default:
		decode(t, r.Optimizer.Params, &spec)
	}
	switch {
	case word == "trainable":
		return []phase.InitialGroup{{Params: plan.Phase(0).Params}}
	case word == "all":
		var names []string
		for _, p := range plan.Params() {
			names = append(names, p.Name)
		}
		return []phase.InitialGroup{{Params: names}}
	case spec.ThawOnly != nil:
		return []phase.InitialGroup{{Params: spec.ThawOnly}}
	}
	var out []phase.InitialGroup
	for _, g := range spec.Groups {
		out = append(out, phase.InitialGroup(g))
	}
	return out
}

// ftsUserGroup is {names, lr, …}.
type ftsUserGroup phase.InitialGroup

func (g *ftsUserGroup) UnmarshalJSON(text []byte) error {
	var a arguments
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	g.Options = registry.Args{}
	for k, v := range a {
		if k != "names" {
			g.Options[k] = v
			continue
		}
		for _, n := range v.([]any) {
			g.Params = append(g.Params, n.(string))
		}
	}
	return nil
}

// note keeps warnings and notes as text.
func (s *ftsSetup) note(found diag.List) {
	for _, f := range found {
		if f.Severity != diag.Error {
			s.found = append(s.found, f.Message)
		}
	}
}
