package phase_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/param"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// small is a fit in two phases that is in order.
func small(t *testing.T) phase.Config {
	t.Helper()
	es, ck := phase.DefaultEarlyStopping(), phase.DefaultCheckpoint()
	es.Patience = 1
	s := schedule.Default(blocks(2))
	plan, found := s.Resolve(blocks(2), schedule.Options{BaseMaxLR: 0.01})
	if plan == nil {
		t.Fatal(found)
	}
	return phase.Config{
		Plan: plan, Options: phase.DefaultOptions(), EarlyStopping: &es, Checkpoint: &ck, MaxEpochs: 9,
		Optimizer: registry.Spec{Name: "SGD"}, Optimizers: describe, LRSchedulers: lrsched.Builtin(),
	}
}

// TestRefused changes one thing in a sound configuration; each is refused
// before a fit begins.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*phase.Config)
		want   string
	}{
		"no plan":             {func(c *phase.Config) { c.Plan = nil }, "needs Plan"},
		"batch norm":          {func(c *phase.Config) { c.FrozenBatchNorm = "off" }, `"off"`},
		"no monitor":          {func(c *phase.Config) { c.EarlyStopping.Monitor = "" }, "early stopping has no monitor"},
		"mode":                {func(c *phase.Config) { c.EarlyStopping.Mode = "mni" }, `"mni"`},
		"patience":            {func(c *phase.Config) { c.EarlyStopping.Patience = -1 }, "patience"},
		"checkpoint mode":     {func(c *phase.Config) { c.Checkpoint.Mode = "best" }, `"best"`},
		"nothing saved":       {func(c *phase.Config) { c.Checkpoint.SaveTopK = 0 }, "set save_top_k to a non-zero value"},
		"no checkpoints":      {func(c *phase.Config) { c.Checkpoint = nil }, "none are saved"},
		"nothing to rank by":  {func(c *phase.Config) { c.Checkpoint.Monitor = "" }, "has no quantity to monitor"},
		"top k":               {func(c *phase.Config) { c.Checkpoint.SaveTopK = -2 }, "-2"},
		"top k unranked":      {func(c *phase.Config) { c.Checkpoint.Monitor, c.Checkpoint.SaveTopK = "", 3 }, "needs a monitor to rank by"},
		"two rhythms":         {func(c *phase.Config) { c.Checkpoint.EveryNEpochs, c.Checkpoint.EveryNTrainSteps = 1, 1 }, "exclude each other"},
		"negative rhythm":     {func(c *phase.Config) { c.Checkpoint.EveryNEpochs = -1 }, "must not be negative"},
		"file name":           {func(c *phase.Config) { c.Checkpoint.Filename = "{epoch" }, "brace without its partner"},
		"file name's format":  {func(c *phase.Config) { c.Checkpoint.Filename = "{val_loss:s}" }, `cannot format val_loss as "s"`},
		"file name's field":   {func(c *phase.Config) { c.Checkpoint.Filename = "{:02d}" }, "field without a name"},
		"optimizer":           {func(c *phase.Config) { c.Optimizer.Name = "SDG" }, "SDG"},
		"optimizer's args":    {func(c *phase.Config) { c.Optimizer.Args = registry.Args{"x": 1} }, `"x"`},
		"new optimizer":       {func(c *phase.Config) { c.ReinitOptimizer = &registry.Spec{Name: "SDG"} }, "in the context of optimizer reinitialization"},
		"LR scheduler":        {func(c *phase.Config) { c.LRScheduler = &lrsched.Choice{Name: "StepRL"} }, "StepLR"},
		"LR scheduler's args": {func(c *phase.Config) { c.LRScheduler = &lrsched.Choice{Name: "StepLR"} }, "step_size"},
		"no LR schedulers":    {func(c *phase.Config) { c.LRScheduler, c.LRSchedulers = &lrsched.Choice{Name: "StepLR"}, nil }, "no LR schedulers"},
		"unknown parameter": {func(c *phase.Config) {
			c.InitialGroups = []phase.InitialGroup{{Params: []string{"nose"}}}
		}, `"nose"`},
		"parameter in two groups": {func(c *phase.Config) {
			c.InitialGroups = []phase.InitialGroup{{Params: []string{"block.1.bias"}}, {Params: []string{"block.1.bias"}}}
		}, "more than one parameter group"},
		"group's lr": {func(c *phase.Config) {
			c.InitialGroups = []phase.InitialGroup{{Params: []string{"block.1.bias"}, Options: registry.Args{"lr": "much"}}}
		}, "lr is not a number"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small(t)
			c.change(&cfg)
			_, err := phase.New(cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if found := phase.Check(cfg); found.Err() == nil || !strings.Contains(found.Error(), c.want) {
				t.Errorf("Check says %v", found)
			}
		})
	}
	if found := phase.Check(small(t)); found.Err() != nil {
		t.Errorf("the sound one: %v", found)
	}
}

// TestInitialGroups lays phase 0 (block.1) out by hand, and shows the rows that
// come of it.
func TestInitialGroups(t *testing.T) {
	all := []string{"block.0.weight", "block.0.bias", "block.1.weight", "block.1.bias"}
	for name, c := range map[string]struct {
		groups  []phase.InitialGroup
		noDecay []string
		keep    bool
		want    string
	}{
		"none":               {nil, nil, false, "block.1.weight block.1.bias lr 0.1 wd 0.01"},
		"none, split":        {nil, []string{"bias"}, false, "block.1.weight lr 0.1 wd 0.01 | block.1.bias lr 0.1 wd 0"},
		"phase 0 as it is":   {[]phase.InitialGroup{{Params: all[2:]}}, []string{"bias"}, false, "block.1.weight block.1.bias lr 0.1 wd 0.01"},
		"too much":           {[]phase.InitialGroup{{Params: all}}, nil, false, "block.1.weight block.1.bias lr 0.1 wd 0.01"},
		"too much, split":    {[]phase.InitialGroup{{Params: all}}, []string{"bias"}, false, "block.1.weight lr 0.1 wd 0.01 | block.1.bias lr 0.1 wd 0"},
		"too much, left":     {[]phase.InitialGroup{{Params: all}}, nil, true, "block.0.weight block.0.bias block.1.weight block.1.bias lr 0.1 wd 0.01"},
		"something else":     {[]phase.InitialGroup{{Params: all[:1]}}, nil, false, "block.1.weight block.1.bias lr 0.1 wd 0.01"},
		"too little":         {[]phase.InitialGroup{{Params: all[2:3], Options: registry.Args{"lr": 0.5}}}, nil, false, "block.1.weight lr 0.5 wd 0.01 | block.1.bias lr 0.1 wd 0.01"},
		"options of its own": {[]phase.InitialGroup{{Params: all[3:], Options: registry.Args{"weight_decay": 0, "momentum": 0.9}}, {Params: all[:3]}}, nil, false, "block.1.bias lr 0.1 wd 0 | block.1.weight lr 0.1 wd 0.01"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small(t)
			cfg.InitialGroups, cfg.NoDecay, cfg.EnforcePhase0Params = c.groups, c.noDecay, !c.keep
			m, err := phase.New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			d, err := m.Step(phase.FitStart{})
			if err != nil {
				t.Fatal(err)
			}
			if got := rows(d); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func rows(d phase.Directive) string {
	var out []string
	for _, g := range d.Groups {
		out = append(out, fmt.Sprintf("%s lr %.6g wd %.6g", strings.Join(g.Params, " "), g.LR, g.WeightDecay))
	}
	return strings.Join(out, " | ")
}

// TestNewOptimizerDividesGroups: a new optimizer divides a group that was laid
// out by hand, and the running LR scheduler follows it.
func TestNewOptimizerDividesGroups(t *testing.T) {
	cfg := small(t)
	cfg.InitialGroups = []phase.InitialGroup{{Params: cfg.Plan.Phase(0).Params}}
	cfg.NoDecay = []string{"bias"}
	cfg.ReinitOptimizer = &registry.Spec{Name: "AdamW", Args: registry.Args{"lr": 0.7}}
	ch := lrsched.Named("StepLR", registry.Args{"step_size": 1, "gamma": 0.5})
	cfg.LRScheduler = &ch
	m, err := phase.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var last phase.Directive
	for i, ev := range []phase.Event{
		phase.FitStart{},
		phase.EpochStart{},
		phase.TrainEnd{},
		phase.Validated{Metrics: map[string]float64{"val_loss": 1}},
		phase.EpochEnd{},
		phase.EpochStart{Epoch: 1},
		phase.TrainEnd{},
		phase.Validated{Metrics: map[string]float64{"val_loss": 2}},
		phase.EpochEnd{},
		phase.EpochStart{Epoch: 2},
		phase.TrainEnd{},
	} {
		if last, err = m.Step(ev); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	want := "block.1.weight lr 0.0125 wd 0.01 | block.1.bias lr 0.0125 wd 0 | block.0.weight lr 0.005 wd 0.01 | block.0.bias lr 0.005 wd 0"
	if got := rows(last); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFrozenBatchNormTrains: with "train", BatchNorm belongs to phase 0.
func TestFrozenBatchNormTrains(t *testing.T) {
	infos := blocks(3)
	infos[0].Kind, infos[1].Kind = "BatchNorm2d", "BatchNorm2d"
	plan, _ := schedule.Default(infos).Resolve(infos, schedule.Options{})
	cfg := small(t)
	cfg.Plan, cfg.FrozenBatchNorm = plan, phase.BatchNormTrain
	m, err := phase.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := m.Step(phase.FitStart{})
	if got := rows(d); !strings.HasPrefix(got, "block.0.weight block.0.bias block.2.weight block.2.bias ") || d.FrozenBatchNorm != phase.BatchNormTrain {
		t.Error(got, d.FrozenBatchNorm)
	}
}

// TestRhythms saves and checks at other moments than after a validation.
func TestRhythms(t *testing.T) {
	play := func(t *testing.T, change func(*phase.Config), evs ...phase.Event) string {
		t.Helper()
		cfg := small(t)
		change(&cfg)
		m, err := phase.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, ev := range append([]phase.Event{phase.FitStart{}, phase.EpochStart{}}, evs...) {
			d, err := m.Step(ev)
			if err != nil {
				return strings.Join(append(out, "error: "+err.Error()), " ")
			}
			for _, s := range d.Save {
				out = append(out, s.Name)
			}
			for _, r := range d.Drop {
				out = append(out, "-"+r.Name)
			}
			if d.Stop != nil {
				out = append(out, d.Stop.Cause)
			}
			if d.LRsChanged && !d.Regrouped {
				out = append(out, fmt.Sprintf("lr %g", d.Groups[0].LR))
			}
		}
		return strings.Join(out, " ")
	}
	loss := func(v float64) map[string]float64 { return map[string]float64{"val_loss": v} }
	step := phase.StepEnd{Metrics: loss(1)}
	for name, c := range map[string]struct {
		change func(*phase.Config)
		evs    []phase.Event
		want   string
	}{
		"every two steps": {
			func(c *phase.Config) { c.Checkpoint.EveryNTrainSteps = 2 },
			[]phase.Event{step, step, step, phase.StepEnd{Batch: 3, Metrics: loss(0.5)}, phase.Validated{Metrics: loss(0.1)}},
			"epoch=0-step=2 epoch=0-step=4 -epoch=0-step=2",
		},
		"by the clock": {
			func(c *phase.Config) { c.Checkpoint.ByTime = true },
			[]phase.Event{step, phase.StepEnd{SaveDue: true}, phase.Validated{Metrics: loss(0.1)}},
			"epoch=0-step=2",
		},
		"every second epoch, last every time": {
			func(c *phase.Config) { c.Checkpoint.EveryNEpochs, c.Checkpoint.SaveLast = 2, true },
			[]phase.Event{step, phase.Validated{Metrics: loss(1)}, phase.EpochEnd{}, phase.EpochStart{Epoch: 1}, step, phase.Validated{Metrics: loss(0.5)}},
			"last epoch=1-step=2 last",
		},
		"unranked keeps the latest": {
			func(c *phase.Config) { c.Checkpoint.Monitor, c.RestoreBest = "", false },
			[]phase.Event{step, phase.Validated{Metrics: loss(1)}, step, phase.Validated{Metrics: loss(2)}},
			"epoch=0-step=1 epoch=0-step=2 -epoch=0-step=1",
		},
		"a step is saved once": {
			func(*phase.Config) {},
			[]phase.Event{step, phase.Validated{Metrics: loss(1)}, phase.Validated{Metrics: loss(0.5)}},
			"epoch=0-step=1",
		},
		"early stopping at the end of the epoch": {
			func(c *phase.Config) {
				c.EarlyStopping.CheckOnTrainEpochEnd, c.EarlyStopping.Monitor, c.MaxDepth = true, "train_loss", 0
			},
			[]phase.Event{
				step,
				phase.Validated{Metrics: loss(1)},
				phase.EpochEnd{Metrics: map[string]float64{"train_loss": 1}},
				phase.EpochStart{Epoch: 1},
				step,
				phase.Validated{Metrics: loss(2)},
				phase.EpochEnd{Metrics: map[string]float64{"train_loss": 1}},
			},
			"epoch=0-step=1 patience",
		},
		"a metric that the checkpoint lacks": {
			func(c *phase.Config) { c.Checkpoint.Monitor = "acc" },
			[]phase.Event{step, phase.Validated{Metrics: loss(1)}},
			"error: checkpoint: no metric \"acc\" was logged\n    hint: logged are [val_loss]; set the monitor to one of them",
		},
		"NaN ranks last": {
			func(c *phase.Config) { c.EarlyStopping = nil },
			[]phase.Event{step, phase.Validated{Metrics: map[string]float64{"val_loss": nan}}, step, phase.Validated{Metrics: loss(9)}},
			"epoch=0-step=1 epoch=0-step=2 -epoch=0-step=1",
		},
		"plateau by step": {
			func(c *phase.Config) {
				ch := lrsched.Named("ReduceLROnPlateau", registry.Args{"patience": 0, "factor": 0.5}, lrsched.Config{Interval: lrsched.ByStep, Monitor: "val_loss"})
				c.LRScheduler = &ch
			},
			[]phase.Event{step, step},
			"lr 0.05",
		},
		"plateau without its metric": {
			func(c *phase.Config) {
				ch := lrsched.Named("ReduceLROnPlateau", nil, lrsched.Config{Monitor: "acc"})
				c.LRScheduler = &ch
			},
			[]phase.Event{step, phase.Validated{Metrics: loss(1)}, phase.EpochEnd{}},
			"epoch=0-step=1 error: ReduceLROnPlateau: no metric \"acc\" was logged\n    hint: logged are [val_loss]; set the monitor to one of them",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := play(t, c.change, c.evs...); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

var nan = func() float64 { var zero float64; return zero / zero }()

// TestCallbacks completes a callbacks section.
func TestCallbacks(t *testing.T) {
	es := func(class string) []phase.EarlyStoppingCallback {
		return []phase.EarlyStoppingCallback{{Class: class, EarlyStopping: phase.EarlyStopping{Monitor: "acc", Mode: "max", MinDelta: 0.5, CheckOnTrainEpochEnd: true}}}
	}
	ck := func(class, monitor string) []phase.CheckpointCallback {
		return []phase.CheckpointCallback{{Class: class, Checkpoint: phase.Checkpoint{Monitor: monitor, Mode: "min", SaveTopK: 3, EveryNEpochs: 2}}}
	}
	for name, c := range map[string]struct {
		in   phase.Callbacks
		eto  bool
		want string
	}{
		"none at all":         {phase.Callbacks{}, false, "no early stopping, no checkpoint"},
		"none beside FTS":     {phase.Callbacks{Scheduled: true}, false, "val_loss min 0 false, val_loss 1 0, 2 notes"},
		"epochs only":         {phase.Callbacks{Scheduled: true}, true, "no early stopping, val_loss 1 0, 1 notes"},
		"Lightning's":         {phase.Callbacks{Scheduled: true, EarlyStopping: es("lightning.pytorch.callbacks.EarlyStopping"), Checkpoint: ck("ModelCheckpoint", "acc")}, false, "acc max 0.5 true, acc 3 2, 2 notes"},
		"FTS's":               {phase.Callbacks{Scheduled: true, EarlyStopping: es("finetuning_scheduler.FTSEarlyStopping"), Checkpoint: ck("FTSCheckpoint", "")}, false, "acc max 0.5 true,  3 2"},
		"no monitor":          {phase.Callbacks{Scheduled: true, EarlyStopping: es("FTSEarlyStopping"), Checkpoint: ck("ModelCheckpoint", "")}, false, "acc max 0.5 true, val_loss 3 2, 2 notes"},
		"plain":               {phase.Callbacks{EarlyStopping: es("EarlyStopping"), Checkpoint: ck("ModelCheckpoint", "acc")}, false, "acc max 0.5 true, acc 3 2"},
		"FTS's class alone":   {phase.Callbacks{Checkpoint: ck("FTSCheckpoint", "acc")}, false, "please use the standard ModelCheckpoint callback"},
		"FTS's class alone 2": {phase.Callbacks{EarlyStopping: es("FTSEarlyStopping")}, false, "please use the standard EarlyStopping callback"},
		"two":                 {phase.Callbacks{Scheduled: true, EarlyStopping: append(es("EarlyStopping"), es("EarlyStopping")...)}, false, "use of multiple EarlyStopping callbacks"},
	} {
		t.Run(name, func(t *testing.T) {
			e, k, notes, err := c.in.Complete(c.eto)
			if err != nil {
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			got := "no early stopping"
			if e != nil {
				got = fmt.Sprintf("%s %s %v %v", e.Monitor, e.Mode, e.MinDelta, e.CheckOnTrainEpochEnd)
			}
			if k != nil {
				got += fmt.Sprintf(", %s %d %d", k.Monitor, k.SaveTopK, k.EveryNEpochs)
			} else {
				got += ", no checkpoint"
			}
			if len(notes) > 0 {
				got += fmt.Sprintf(", %d notes", len(notes))
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestCheckStrategy judges names of strategies.
func TestCheckStrategy(t *testing.T) {
	for _, c := range []struct {
		flag     string
		adapters map[string]string
		allow    bool
		want     string
	}{
		{"", nil, false, ""},
		{"ddp", nil, false, ""},
		{"deepspeed", nil, false, `"deepspeed" is not currently supported`},
		{"deepspeed", nil, true, "allowing untested strategy"},
		{"ddp", map[string]string{"fsdp": "a.B"}, false, "does not map to a custom strategy adapter"},
		{"ddp", map[string]string{"ddp": "a.b:C"}, false, "import the specified custom strategy adapter class a.b:C"},
		{"ddp", map[string]string{"ddp": "name"}, false, `invalid adapter name "name"`},
	} {
		notes, err := phase.CheckStrategy(c.flag, c.adapters, c.allow)
		got := fmt.Sprint(notes, err)
		if c.want == "" && (err != nil || len(notes) > 0) || !strings.Contains(got, c.want) {
			t.Errorf("%q: %s, want %q", c.flag, got, c.want)
		}
	}
}

// TestRestoreRefuses states that the configuration cannot go on from.
func TestRestoreRefuses(t *testing.T) {
	cfg := small(t)
	m, err := phase.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*phase.State){
		"is of phase 7":                 func(s *phase.State) { s.Phase = 7 },
		"its optimizer is of phase -1":  func(s *phase.State) { s.OptimizerFrom = -1 },
		"no longer makes the optimizer": func(s *phase.State) { s.OptimizerFrom = 1 },
		"does not have":                 func(s *phase.State) { s.Groups[0].Params = []string{"gone"} },
	} {
		st := m.State()
		change(&st)
		if _, err := phase.Restore(cfg, st); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := m.Step(phase.EpochStart{}); err == nil {
		t.Error("an epoch before the fit was opened")
	}
	if _, err := m.Step(phase.FitStart{}); err != nil {
		t.Error(err)
	}
	if _, err := m.Step(phase.FitStart{}); err == nil {
		t.Error("a fit opened twice")
	}
	if _, err := m.Step(phase.EpochStart{Epoch: -1}); err == nil {
		t.Error("a negative epoch")
	}
}

// TestPlaces: what a later phase cannot do is reported where it stands.
func TestPlaces(t *testing.T) {
	cfg := small(t)
	s := &schedule.Schedule{Phases: []schedule.PhaseSpec{
		{Params: []schedule.Entry{{Text: "block.1"}}},
		{Key: 1, Params: []schedule.Entry{{Text: "rest"}}, NewOptimizer: &registry.Spec{Name: "nope"}, Source: schedule.PhaseSource{NewOptimizer: schedule.Place{Pos: diag.Pos{File: "s.yaml", Line: 4, Col: 3}}}},
	}}
	plan, found := s.Resolve([]param.Info(blocks(2)), schedule.Options{})
	if plan == nil {
		t.Fatal(found)
	}
	cfg.Plan = plan
	_, err := phase.New(cfg)
	if l, ok := errors.AsType[diag.List](err); !ok || len(l) != 1 || l[0].Pos.String() != "s.yaml:4:3" {
		t.Errorf("got %v", err)
	}
}
