package phase_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
)

// drawConfig draws a fit over a model of six layers.
func drawConfig(t *rapid.T) phase.Config {
	es, ck := phase.DefaultEarlyStopping(), phase.Checkpoint{Monitor: "val_loss", Mode: "min", SaveTopK: rapid.SampledFrom([]int{1, 2, -1}).Draw(t, "top_k")}
	es.Patience = rapid.IntRange(0, 2).Draw(t, "patience")
	ck.SaveLast = rapid.Bool().Draw(t, "save_last")
	ck.SaveOnTrainEpochEnd = rapid.Bool().Draw(t, "train_end_saves")
	c := phase.Config{
		Options: phase.DefaultOptions(), EarlyStopping: &es, Checkpoint: &ck, Optimizers: describe, LRSchedulers: lrsched.Builtin(),
		Optimizer: registry.Spec{Name: "SGD"}, MaxEpochs: rapid.IntRange(3, 14).Draw(t, "max_epochs"), StepsPerEpoch: 2,
		MinEpochs: rapid.IntRange(0, 3).Draw(t, "min_epochs"),
	}
	c.RestoreBest = rapid.Bool().Draw(t, "restore_best")
	c.ApplyLambdasNewPGs = rapid.Bool().Draw(t, "apply_lambdas")
	if rapid.Bool().Draw(t, "split") {
		c.NoDecay = []string{"bias"}
	}
	s := &schedule.Schedule{}
	for i, layer := 0, 5; layer >= 0; i++ {
		ph := schedule.PhaseSpec{Key: i}
		for n := rapid.IntRange(1, 2).Draw(t, "layers"); n > 0 && layer >= 0; n-- {
			ph.Params = append(ph.Params, schedule.Entry{Text: fmt.Sprintf("block.%d.*", layer)})
			layer--
		}
		if rapid.Bool().Draw(t, "bounded") {
			e := i + rapid.IntRange(1, 3).Draw(t, "bound")
			ph.MaxTransitionEpoch = &e
		}
		if i > 0 && rapid.Bool().Draw(t, "new_scheduler") {
			ph.NewLRScheduler = &schedule.Reinit{LRScheduler: drawScheduler(t), UseCurrentLRs: rapid.Bool().Draw(t, "use_current")}
		}
		if i > 0 && rapid.IntRange(0, 3).Draw(t, "new_optimizer") == 0 {
			ph.NewOptimizer = &registry.Spec{Name: rapid.SampledFrom([]string{"SGD", "AdamW"}).Draw(t, "optimizer"), Args: registry.Args{"lr": 0.3}}
		}
		s.Phases = append(s.Phases, ph)
	}
	plan, found := s.Resolve(blocks(6), schedule.Options{BaseMaxLR: 0.01})
	if plan == nil {
		t.Fatal(found)
	}
	c.Plan = plan
	if rapid.Bool().Draw(t, "scheduled") {
		first := drawScheduler(t)
		ch := lrsched.Named(first.Spec.Name, first.Spec.Args, lrsched.Config{Interval: lrsched.Interval(first.Interval), Monitor: first.Monitor})
		c.LRScheduler = &ch
	}
	return c
}

func drawScheduler(t *rapid.T) schedule.LRScheduler {
	interval := rapid.SampledFrom([]string{"epoch", "step"}).Draw(t, "interval")
	return rapid.SampledFrom([]schedule.LRScheduler{
		{Spec: registry.Spec{Name: "StepLR", Args: registry.Args{"step_size": 1, "gamma": 0.5}}, Interval: interval},
		{Spec: registry.Spec{Name: "LambdaLR", Args: registry.Args{"lr_lambda": "1/(1+e)"}}, Interval: interval},
		{Spec: registry.Spec{Name: "CosineAnnealingWarmRestarts", Args: registry.Args{"T_0": 3}}, Interval: interval},
		{Spec: registry.Spec{Name: "ReduceLROnPlateau", Args: registry.Args{"patience": 0}}, Monitor: "val_loss"},
	}).Draw(t, "scheduler")
}

// drawEvents draws the events of a fit of the given length; a driver stops
// feeding them after a stop.
func drawEvents(t *rapid.T, epochs int) []phase.Event {
	evs := []phase.Event{phase.FitStart{}}
	for e := range epochs {
		evs = append(evs, phase.EpochStart{Epoch: e}, phase.StepEnd{Batch: 0}, phase.StepEnd{Batch: 1}, phase.TrainEnd{})
		for n := rapid.IntRange(1, 2).Draw(t, "validations"); n > 0; n-- {
			loss := float64(rapid.IntRange(0, 8).Draw(t, "loss")) / 4
			if rapid.IntRange(0, 40).Draw(t, "nan") == 0 {
				loss = math.NaN()
			}
			evs = append(evs, phase.Validated{Metrics: map[string]float64{"val_loss": loss}})
		}
		evs = append(evs, phase.EpochEnd{})
	}
	return evs
}

// play feeds events until the fit stops, and one EpochEnd after that.
func play(t *rapid.T, m *phase.Machine, evs []phase.Event, see func(i int, ev phase.Event, d phase.Directive)) {
	stopped := false
	for i, ev := range evs {
		_, closing := ev.(phase.EpochEnd)
		if stopped && !closing {
			continue
		}
		d, err := m.Step(ev)
		if err != nil {
			t.Fatalf("event %d %#v: %v", i, ev, err)
		}
		see(i, ev, d)
		if d.Stop != nil && closing {
			return
		}
		stopped = d.Stop != nil
	}
}

// TestInvariants: every parameter that a phase trains is in exactly one group;
// phases follow each other; the trained set only grows; what is dropped was
// saved; a stop is final.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		m, err := phase.New(c)
		if err != nil {
			t.Fatal(err)
		}
		before := map[string]bool{}
		saved := map[string]bool{}
		last := 0
		play(t, m, drawEvents(t, c.MaxEpochs+2), func(i int, ev phase.Event, d phase.Directive) {
			now := map[string]bool{}
			for _, g := range d.Groups {
				for _, n := range g.Params {
					if now[n] {
						t.Fatalf("%s is in two groups", n)
					}
					now[n] = true
				}
				if math.IsNaN(g.LR) || g.LR < 0 {
					t.Fatalf("learning rate %v", g.LR)
				}
			}
			if want := c.Plan.Thawed(d.Phase); len(want) != len(now) || slices.ContainsFunc(want, func(n string) bool { return !now[n] }) {
				t.Fatalf("phase %d trains %v, planned %v", d.Phase, slices.Sorted(maps.Keys(now)), want)
			}
			for n := range before {
				if !now[n] {
					t.Fatalf("%s no longer trains", n)
				}
			}
			if d.Phase != last && (d.Phase != last+1 || d.Transition == nil || d.Transition.To != d.Phase || d.Transition.Reason == "") {
				t.Fatalf("from phase %d to %d: %+v", last, d.Phase, d.Transition)
			}
			if d.Restore != nil && !saved[d.Restore.From.Name] {
				t.Fatalf("restores %s, which is not there", d.Restore.From.Name)
			}
			for _, s := range d.Save {
				saved[s.Name] = true
			}
			for _, r := range d.Drop {
				if !saved[r.Name] {
					t.Fatalf("drops %s, which is not there", r.Name)
				}
				delete(saved, r.Name)
			}
			if ref, ok := m.Best(); ok && !saved[ref.Name] {
				t.Fatalf("the best checkpoint %s was dropped", ref.Name)
			}
			before, last = now, d.Phase
			if d.Stop != nil {
				if _, err := m.Step(phase.EpochStart{Epoch: 99}); err == nil {
					t.Fatal("the fit goes on after a stop")
				}
			}
		})
	})
}

// TestRestoreAnywhere: a machine restored from its state at any event gives the
// same remaining directives, to the bit.
func TestRestoreAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawConfig(t)
		evs := drawEvents(t, c.MaxEpochs+2)
		m, err := phase.New(c)
		if err != nil {
			t.Fatal(err)
		}
		var whole []string
		var states [][]byte
		play(t, m, evs, func(_ int, _ phase.Event, d phase.Directive) {
			whole = append(whole, text(t, d))
			states = append(states, []byte(text(t, m.State())))
		})
		at := rapid.IntRange(0, len(states)-1).Draw(t, "cut")
		var st phase.State
		if err := json.Unmarshal(states[at], &st); err != nil {
			t.Fatal(err)
		}
		again, err := phase.Restore(c, st)
		if err != nil {
			t.Fatal(err)
		}
		if at == len(states)-1 {
			if d, err := again.Step(phase.Resumed{}); err != nil || st.Stopped != (d.Stop != nil) {
				t.Fatalf("restored after the end: %+v, %v", d.Stop, err)
			}
			return
		}
		var rest []string
		play(t, again, append([]phase.Event{phase.Resumed{}}, evs[at+1:]...), func(_ int, ev phase.Event, d phase.Directive) {
			if _, opening := ev.(phase.Resumed); !opening {
				rest = append(rest, text(t, d))
			}
		})
		for i := range min(len(rest), len(whole)-at-1) {
			if rest[i] != whole[at+1+i] {
				t.Fatalf("restored after event %d, directive %d differs:\n%s\n%s", at, i, rest[i], whole[at+1+i])
			}
		}
		if len(rest) != len(whole)-at-1 {
			t.Fatalf("restored after event %d: %d directives remain, uninterrupted %d", at, len(rest), len(whole)-at-1)
		}
	})
}

func text(t *rapid.T, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// FuzzState feeds states that may be broken: restoring them and going on must
// not panic.
func FuzzState(f *testing.F) {
	c := fuzzConfig()
	m, err := phase.New(c)
	if err != nil {
		f.Fatal(err)
	}
	seed := func() {
		text, err := json.Marshal(m.State())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, ev := range []phase.Event{
		phase.FitStart{},
		phase.EpochStart{},
		phase.StepEnd{},
		phase.TrainEnd{},
		phase.Validated{Metrics: map[string]float64{"val_loss": 1}},
		phase.EpochEnd{},
		phase.EpochStart{Epoch: 1},
		phase.StepEnd{},
	} {
		if _, err := m.Step(ev); err != nil {
			f.Fatal(err)
		}
		seed()
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		var st phase.State
		if json.Unmarshal(data, &st) != nil {
			return
		}
		m, err := phase.Restore(c, st)
		if err != nil {
			return
		}
		for _, ev := range []phase.Event{
			phase.Resumed{},
			phase.EpochStart{Epoch: 3},
			phase.StepEnd{},
			phase.TrainEnd{},
			phase.Validated{Metrics: map[string]float64{"val_loss": 1}},
			phase.EpochEnd{},
			phase.EpochStart{Epoch: 4},
			phase.StepEnd{},
		} {
			if _, err := m.Step(ev); err != nil {
				return
			}
		}
	})
}

func fuzzConfig() phase.Config {
	es, ck := phase.DefaultEarlyStopping(), phase.DefaultCheckpoint()
	ch := lrsched.Named("LambdaLR", registry.Args{"lr_lambda": "1/(1+e)"})
	one := 1
	s := schedule.Default(blocks(3))
	s.Phases[0].MaxTransitionEpoch = &one
	s.Phases[1].NewLRScheduler = &schedule.Reinit{LRScheduler: schedule.LRScheduler{Spec: registry.Spec{Name: "StepLR", Args: registry.Args{"step_size": 1}}}}
	s.Phases[2].NewOptimizer = &registry.Spec{Name: "AdamW"}
	plan, _ := s.Resolve(blocks(3), schedule.Options{BaseMaxLR: 0.01})
	return phase.Config{
		Plan: plan, Options: phase.DefaultOptions(), EarlyStopping: &es, Checkpoint: &ck, MaxEpochs: 9, Optimizers: describe,
		Optimizer: registry.Spec{Name: "SGD"}, LRScheduler: &ch, LRSchedulers: lrsched.Builtin(),
	}
}
