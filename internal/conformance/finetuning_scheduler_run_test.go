package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/optim"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/tree"
)

// ftsRun is the input of a case: what a user of finetuning-scheduler wrote.
type ftsRun struct {
	ClassName    string             `json:"class_name"`
	Params       json.RawMessage    `json:"params"`
	BN           []string           `json:"bn"`
	Shared       map[string]string  `json:"shared"`
	Schedule     json.RawMessage    `json:"schedule"`
	ScheduleText *string            `json:"schedule_text"`
	FTS          ftsOptions         `json:"fts"`
	ES           map[string]any     `json:"es"`
	Ckpt         json.RawMessage    `json:"ckpt"`
	Optimizer    ftsOptimizer       `json:"optimizer"`
	LRScheduler  ftsLRScheduler     `json:"lr_scheduler"`
	NoDecay      []string           `json:"no_decay"`
	Steps        int                `json:"steps_per_epoch"`
	MaxEpochs    int                `json:"max_epochs"`
	MinEpochs    *int               `json:"min_epochs"`
	ValEpochs    int                `json:"check_val_every_n_epoch"`
	ValInterval  float64            `json:"val_check_interval"`
	NoFTS        bool               `json:"no_fts"`
	StrategyFlag *string            `json:"strategy_flag"`
	Metrics      map[string]numbers `json:"metrics"`
}

// ftsOptions are FinetuningScheduler's arguments.
type ftsOptions struct {
	MaxDepth             *int              `json:"max_depth"`
	BaseMaxLR            json.RawMessage   `json:"base_max_lr"`
	RestoreBest          *bool             `json:"restore_best"`
	GenOnly              bool              `json:"gen_ft_sched_only"`
	EpochTransitionsOnly bool              `json:"epoch_transitions_only"`
	ReinitOptim          json.RawMessage   `json:"reinit_optim_cfg"`
	ReinitLR             json.RawMessage   `json:"reinit_lr_cfg"`
	AllowUntested        bool              `json:"allow_untested"`
	ApplyLambdas         bool              `json:"apply_lambdas_new_pgs"`
	EnforcePhase0        *bool             `json:"enforce_phase0_params"`
	FrozenBN             *bool             `json:"frozen_bn_track_running_stats"`
	StrategyAdapters     map[string]string `json:"custom_strategy_adapters"`
}

type ftsOptimizer struct {
	Class       string          `json:"class_path"`
	Args        arguments       `json:"init_args"`
	Params      json.RawMessage `json:"params"`
	Twice       bool            `json:"twice"`
	OverlapDDP  bool            `json:"overlap_with_ddp"`
	Description string          `json:"note"`
}

type ftsLRScheduler struct {
	Class string         `json:"class_path"`
	Args  arguments      `json:"init_args"`
	Cfg   map[string]any `json:"pl_lrs_cfg"`
}

// ftsFile holds what cases refer to by name.
type ftsFile struct {
	defaults  map[string]json.RawMessage
	models    map[string]json.RawMessage
	schedules map[string]json.RawMessage
	reinits   map[string]json.RawMessage
	sessions  map[string]json.RawMessage
}

const ftsName = "finetuning_scheduler.yaml"

func loadFTS(t *testing.T) *ftsFile {
	t.Helper()
	f := &ftsFile{}
	var resume map[string]json.RawMessage
	to := map[string]any{
		"run_defaults": &f.defaults, "models": &f.models, "schedules": &f.schedules, "reinit_cfgs": &f.reinits, "resume": &resume,
	}
	for _, sec := range load(t, ftsName) {
		if v, ok := to[sec.name]; ok {
			decode(t, sec.raw, v)
			delete(to, sec.name)
		}
	}
	for name := range to {
		t.Fatalf("%s has no %q", ftsName, name)
	}
	decode(t, resume["sessions_A"], &f.sessions)
	return f
}

// run completes a case's input from the defaults, key by key.
func (f *ftsFile) run(t *testing.T, raw json.RawMessage) *ftsRun {
	t.Helper()
	all := maps.Clone(f.defaults)
	var own map[string]json.RawMessage
	decode(t, raw, &own)
	maps.Copy(all, own)
	if _, ok := own["schedule_text"]; ok {
		delete(all, "schedule")
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	r := &ftsRun{}
	decode(t, text, r)
	return r
}

// params gives the model of a run: a list of names, or a model of the file.
func (f *ftsFile) params(t *testing.T, r *ftsRun) []param.Info {
	t.Helper()
	raw := r.Params
	var name string
	if json.Unmarshal(raw, &name) == nil {
		var m struct {
			Params json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(f.models[name], &m); err != nil {
			t.Fatalf("model %q: %v", name, err)
		}
		raw = m.Params
	}
	var list []json.RawMessage
	decode(t, raw, &list)
	var out []param.Info
	for _, item := range list {
		p := param.Info{Block: -1, DType: "f32"}
		var pair []json.RawMessage
		if json.Unmarshal(item, &pair) == nil && len(pair) == 2 {
			decode(t, pair[0], &p.Name)
			decode(t, pair[1], &p.Shape)
		} else {
			decode(t, item, &p.Name)
		}
		p.Module = p.Name[:max(strings.LastIndexByte(p.Name, '.'), 0)]
		if slices.Contains(r.BN, p.Module) {
			p.Kind = "BatchNorm1d"
		}
		out = append(out, p)
	}
	for alias, first := range r.Shared {
		out = append(out, param.Info{Name: alias, SharedWith: first, Block: -1})
	}
	return out
}

// scheduleTree is the run's schedule as a document; nil where it is generated.
func (f *ftsFile) scheduleTree(t *testing.T, r *ftsRun) (*tree.Node, error) {
	t.Helper()
	if r.ScheduleText != nil {
		return parseYAML("schedule.yaml", *r.ScheduleText)
	}
	raw := r.Schedule
	var name string
	if json.Unmarshal(raw, &name) == nil {
		if name == "generated" {
			return nil, nil
		}
		raw = f.schedules[name]
		if raw == nil {
			t.Fatalf("the file has no schedule %q", name)
		}
	}
	return jsonTree(t, raw), nil
}

// jsonTree makes a document of a JSON value. Keys that are integers in the
// original file are integers again.
func jsonTree(t *testing.T, raw json.RawMessage) *tree.Node {
	t.Helper()
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case '{':
		n := &tree.Node{Kind: tree.Map}
		fields, err := members(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			key := &tree.Node{Kind: tree.String, Text: f.name}
			if i, err := strconv.ParseInt(f.name, 10, 64); err == nil {
				key.Kind, key.Int, key.Float = tree.Int, i, float64(i)
			}
			n.Fields = append(n.Fields, tree.Field{Key: key, Value: jsonTree(t, f.raw)})
		}
		return n
	case '[':
		n := &tree.Node{Kind: tree.List}
		var items []json.RawMessage
		decode(t, raw, &items)
		for _, it := range items {
			n.Items = append(n.Items, jsonTree(t, it))
		}
		return n
	case '"':
		n := &tree.Node{Kind: tree.String}
		decode(t, raw, &n.Text)
		return n
	}
	text := string(raw)
	n := &tree.Node{Text: text}
	switch {
	case text == "null":
	case text == "true" || text == "false":
		n.Kind, n.Bool = tree.Bool, text == "true"
	default:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.Kind, n.Float = tree.Float, v
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			n.Kind, n.Int = tree.Int, i
		}
	}
	return n
}

// quoteNonFinite makes JSON of YAML's .inf and .nan: the strings "inf", "-inf"
// and "nan".
func quoteNonFinite(text []byte) []byte {
	var out bytes.Buffer
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString && c == '\\':
			out.WriteByte(c)
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == '.' || c == '-' && i+1 < len(text) && text[i+1] == '.'):
			word := text[i:min(i+5, len(text))]
			for _, w := range []string{"-.inf", ".inf", ".nan"} {
				if bytes.HasPrefix(word, []byte(w)) {
					out.WriteString(strconv.Quote(strings.Replace(w, ".", "", 1)))
					i += len(w)
					break
				}
			}
		}
		if i < len(text) {
			out.WriteByte(text[i])
		}
	}
	return out.Bytes()
}

// pendingOptimizers are the defaults of torch's optimizers that the registry
// does not have yet, as far as groups show them.
var pendingOptimizers = map[string]registry.Args{
	"NAdam":    {"lr": 2e-3, "betas": []any{0.9, 0.999}, "eps": 1e-8, "weight_decay": 0.0, "momentum_decay": 4e-3},
	"RAdam":    {"lr": 1e-3, "betas": []any{0.9, 0.999}, "eps": 1e-8, "weight_decay": 0.0},
	"Adamax":   {"lr": 2e-3, "betas": []any{0.9, 0.999}, "eps": 1e-8, "weight_decay": 0.0},
	"Adagrad":  {"lr": 1e-2, "lr_decay": 0.0, "eps": 1e-10, "weight_decay": 0.0},
	"Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0},
	"RMSprop":  {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": false},
}

// describeOptimizer tells the machine what a trainer would.
func describeOptimizer(s registry.Spec) (phase.OptimizerInfo, error) {
	o, err := optim.Make(optim.Builtin(), s)
	if err == nil {
		return phase.OptimizerInfo{Name: o.Name(), Options: optim.Options(o.Rule())}, nil
	}
	name := lastPart(s.Name)
	def, ok := pendingOptimizers[name]
	if !ok {
		return phase.OptimizerInfo{}, err
	}
	opts := maps.Clone(def)
	for k, v := range s.Args {
		if _, ok := def[k]; !ok {
			return phase.OptimizerInfo{}, fmt.Errorf("%s has no argument %q", name, k)
		}
		opts[k] = v
	}
	return phase.OptimizerInfo{Name: name, Options: opts}, nil
}

// ftsCatalog is the catalog of LR schedulers with the one that upstream's tests
// define.
func ftsCatalog(t *testing.T) *lrsched.Catalog {
	t.Helper()
	c := lrsched.Builtin()
	err := c.Schedulers.Add(registry.Entry[lrsched.Component]{
		Name: "LinearWarmupLR", Aliases: []string{"tests.helpers.boring_models.LinearWarmupLR"},
		Doc: "upstream's test scheduler", Value: lrsched.Component{
			Interval: lrsched.ByEpoch,
			Recipe: func(a lrsched.Args) (lrsched.Choice, error) {
				w, okW := toInt(a["num_warmup_steps"])
				n, okN := toInt(a["num_training_steps"])
				if !okW || !okN {
					return lrsched.Choice{}, fmt.Errorf("LinearWarmupLR wants two integers, got %v", a)
				}
				return lrsched.Use(lrsched.LambdaLR{Lambda: lrsched.EachLambda(lrsched.LambdaFunc(func(s int) float64 {
					if s < w {
						return float64(s) / float64(max(1, w))
					}
					return math.Max(0, float64(n-s)/float64(max(1, n-w)))
				}))}), nil
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func toInt(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		return int(v), v == math.Trunc(v)
	}
	return 0, false
}

// ftsSetup is a run made ready: the configuration of a machine, and what was
// said on the way.
type ftsSetup struct {
	cfg      phase.Config
	schedule *schedule.Schedule
	found    []string // warnings and notes
	// written is the schedule with its phases renumbered, where keys were not
	// plain integers.
	written *schedule.Schedule
}
