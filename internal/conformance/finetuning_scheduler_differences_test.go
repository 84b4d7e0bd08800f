package conformance

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// difference is a rule about where we differ from finetuning-scheduler on
// purpose: by section and cause, never by case.
type difference struct {
	// sections where the cause may appear.
	sections []string
	// cause in the input that brings the difference about.
	cause string
	// defect of the original, by the number in the reference's list.
	defect string
	// reason for what we do instead.
	reason string
	// applies tells whether the cause is present.
	applies func(*scene) bool
	// covers tells which mismatches the cause explains.
	covers func(*scene, mismatch) bool
	// instead checks what holds in place of the expectation; may be nil where
	// covers is exact.
	instead func(*testing.T, *scene)
}

var (
	inParsing = []string{"parsing"}
	inRuns    = []string{"parsing", "replays", "replays_executed", "probes", "lr_matrix", "resume"}
	inResume  = []string{"resume"}
)

// ftsDifferences are all our differences.
var ftsDifferences = []difference{
	{
		sections: inParsing, cause: "a phase key that is not an integer", defect: "D8",
		reason:  "1.7 is a mistake, not phase 1: it is refused at its line and column instead of being truncated",
		applies: func(s *scene) bool { return s.setupError("is not an integer") },
		covers:  onlyError("written"),
	},
	{
		sections: inParsing, cause: "two keys that mean one phase", defect: "D8",
		reason:  "1 and '1' are one phase written twice: refused before anything is written, where FTS drops one and dies in training",
		applies: func(s *scene) bool { return s.setupError("duplicate key") },
		covers:  fields("written"),
	},
	{
		sections: inRuns, cause: "base_max_lr null", defect: "D7",
		reason:  "null means the first phase's learning rate, as documented",
		applies: func(s *scene) bool { return string(s.run.FTS.BaseMaxLR) == "null" },
		covers:  onlyError(), instead: func(t *testing.T, s *scene) {
			plan := s.log.setup.cfg.Plan
			want, _ := describeOptimizer(s.log.setup.cfg.Optimizer)
			if s.log.final == nil || plan.Len() < 2 || plan.Phase(1).LR != want.Options["lr"] {
				t.Errorf("the later phases do not start at the optimizer's lr: %v", s.log.err)
			}
		},
	},
	{
		sections: inRuns, cause: "an option left out that has a default (init_args)", defect: "D7",
		reason:  "init_args are optional, as documented: the component's defaults apply",
		applies: func(s *scene) bool { return s.c.Error != nil && s.c.Error.Class == "KeyError" && s.withoutInitArgs() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	{
		sections: inRuns, cause: "an lr that is negative or not finite", defect: "D16",
		reason: "no optimizer can use it: refused at its line and column, before training",
		applies: func(s *scene) bool {
			return s.setupError("is not finite") || s.setupError("is negative")
		},
		covers: func(s *scene, m mismatch) bool { return m.field == "error" && m.want == nil },
	},
	{
		sections: inRuns, cause: "learning rates written as strings in init_pg_lrs", defect: "D9",
		reason:  "a number that YAML 1.1 reads as a string (1e-06) is a number; FTS accepts it and dies at the transition",
		applies: func(s *scene) bool { return s.c.Error != nil && s.initPGLRsGiven() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	{
		sections: inRuns, cause: "EarlyStopping or ModelCheckpoint of Lightning with options of its own", defect: "D6",
		reason:  "the substituted callback keeps every option, and min_delta its sign",
		applies: func(s *scene) bool { return s.lightningOptions() },
		covers:  anything, instead: sameAsFTSClasses,
	},
	{
		sections: inRuns, cause: "an LR scheduler that finetuning-scheduler does not list", defect: "D10",
		reason:  "every LR scheduler takes groups that arrive later, in any phase; nothing needs allow_untested",
		applies: func(s *scene) bool { return s.unlistedScheduler() },
		covers:  fields("error", "warning"), instead: ranToTheEnd,
	},
	{
		sections: inRuns, cause: "groups of the optimizer with learning rates of their own, put right for phase 0", defect: "D12",
		reason:  "a group keeps its options; only its parameters are put right",
		applies: func(s *scene) bool { return s.ownGroupLRs() },
		covers:  fields("epochs.lrs", "epochs.il", "epochs.sch", "step_lrs"), instead: scaledFirstGroup,
	},
	{
		sections: inRuns, cause: "a plateau scheduler when phase 0 is put right", defect: "D12",
		reason:  "the scheduler is built after the groups are right, so its count starts at 0 as everywhere else; FTS shows one less, without consequence",
		applies: func(s *scene) bool { return s.scheduler() == "ReduceLROnPlateau" && s.phase0PutRight() },
		covers: func(_ *scene, m mismatch) bool {
			g, ok := m.got.(*ftsSched)
			w, _ := m.want.(*ftsSched)
			if m.field != "epochs.sch" || !ok || g == nil || w == nil {
				return false
			}
			shifted := *g
			shifted.Last--
			return equalSched(&shifted, w)
		},
	},
	{
		sections: inRuns, cause: "BatchNorm of later phases with frozen_bn_track_running_stats false", defect: "D11",
		reason:  "a frozen BatchNorm stays frozen until the phase that owns it; FTS lets those of all later phases run at the first transition",
		applies: func(s *scene) bool { return s.run.FTS.FrozenBN != nil && !*s.run.FTS.FrozenBN },
		covers:  frozenBatchNorm,
	},
	{
		sections: inRuns, cause: "max_transition_epoch on the last phase", defect: "D13",
		reason:  "the last phase that is entered counts, not the schedule's last; phase 0 belongs to the maximum; an endless fit stays endless as long as early stopping can end it",
		applies: func(s *scene) bool { return s.lastPhaseBound() },
		covers:  longerOrShorter, instead: boundedMaxEpochs,
	},
	{
		sections: inRuns, cause: "groups laid out by hand that a new optimizer divides anew, and a checkpoint from before", defect: "D5",
		reason:  "learning rates follow the parameters, not the position of their group: the layout of the running optimizer stays",
		applies: func(s *scene) bool { return s.layoutChanges() },
		covers:  fromFirst("epochs.n"), instead: sameRatesWithoutRestore,
	},
	{
		sections: inRuns, cause: "the best checkpoint holds another optimizer's state", defect: "D4",
		reason:  "weights are restored and the running optimizer goes on with empty state; FTS loads the wrong state and dies in the first step",
		applies: func(s *scene) bool { return s.c.Error != nil && s.c.Error.Raised == "train" && s.newOptimizers() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	{
		sections: inRuns, cause: "a pattern that matches only without the prefix model.", defect: "D16",
		reason:  "it works and gives one note, so that a schedule serves the model with and without a task around it",
		applies: func(s *scene) bool { return s.said("taken as meant") },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	{
		sections: inResume, cause: "resumed by fit(ckpt_path=…)", defect: "D1",
		reason:  "there is one way to resume, and it is noticed",
		applies: func(s *scene) bool { return s.c.Via == "fit_argument" },
		covers:  anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "a checkpoint deeper than the best one, in the same directory", defect: "D2",
		reason:  "no group is lost: the state holds the whole table",
		applies: func(s *scene) bool { st := s.state(); return s.sameDir() && st.Phase > bestDepth(st) },
		covers:  anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "a checkpoint written by the validation that ended a phase or the fit", defect: "D3",
		reason:  "the decision is part of the state and is carried out; FTS forgets it and starts the patience over",
		applies: func(s *scene) bool { st := s.state(); return st.Stopping.PhaseDone || st.Stop != nil },
		covers:  anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "a checkpoint of a later phase with checks already waited", defect: "D3",
		reason:  "the wait count is part of the state; FTS starts it over from phase 1 on",
		applies: func(s *scene) bool { st := s.state(); return st.Phase > 0 && st.Stopping.Wait > 0 },
		covers:  anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "a checkpoint from another directory", defect: "D3",
		reason:  "the best checkpoint and its score stay known, wherever it lies; FTS forgets them and restores a worse one",
		applies: func(s *scene) bool { return !s.sameDir() },
		covers:  anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "a checkpoint from after an LR scheduler or an optimizer was made anew", defect: "D4",
		reason: "the state says which phase made them; FTS goes on with the initial ones, or dies",
		applies: func(s *scene) bool {
			st := s.state()
			return st.OptimizerFrom > 0 || st.Scheduler != nil && st.Scheduler.From > 0
		},
		covers: anything, instead: asIfUninterrupted,
	},
	{
		sections: inResume, cause: "the best score after a resume", defect: "D3",
		reason:  "the score is part of the state; FTS shows none until the next best checkpoint",
		applies: func(*scene) bool { return true },
		covers: func(s *scene, m mismatch) bool {
			want, ok := m.want.(*number)
			return m.field == "final.best_score" && ok && want == nil
		},
	},
}

// anything is explained.
func anything(*scene, mismatch) bool { return true }

// fields explains values of the given kinds.
func fields(names ...string) func(*scene, mismatch) bool {
	return func(_ *scene, m mismatch) bool { return slices.Contains(names, m.field) }
}

// onlyError explains that there is an error, or none, and what comes with it.
func onlyError(more ...string) func(*scene, mismatch) bool {
	return fields(append(more, "error", "warning")...)
}

// fromFirst explains everything from the first epoch on where a value of the
// given kind differs.
func fromFirst(field string) func(*scene, mismatch) bool {
	return func(s *scene, m mismatch) bool {
		first := math.MaxInt
		for _, x := range s.mismatches {
			if x.field == field {
				first = min(first, x.epoch)
			}
		}
		return m.epoch >= first
	}
}

// longerOrShorter explains rows that one side does not have, and the end.
func longerOrShorter(_ *scene, m mismatch) bool {
	return strings.HasPrefix(m.field, "final.") || (m.field == "epochs" || m.field == "events") && (m.got == nil || m.want == nil) ||
		m.field == "final"
}

// frozenBatchNorm explains layers that FTS tracks while they are frozen.
func frozenBatchNorm(_ *scene, m mismatch) bool {
	g, ok := m.got.(map[string][2]bool)
	w, _ := m.want.(map[string][2]bool)
	if m.field != "epochs.bn" || !ok {
		return false
	}
	for layer := range w {
		if g[layer] != w[layer] && (g[layer] != [2]bool{false, false} || w[layer] != [2]bool{true, false}) {
			return false
		}
	}
	return true
}

func ranToTheEnd(t *testing.T, s *scene) {
	t.Helper()
	if s.log.err != nil || s.log.final == nil {
		t.Errorf("the fit does not run to its end: %v", s.log.err)
	}
}

// sameAsFTSClasses checks that the run equals the one with FTS's own classes.
func sameAsFTSClasses(t *testing.T, s *scene) {
	t.Helper()
	other := s.variant(t, func(run map[string]any) {
		for _, key := range []string{"es", "ckpt"} {
			m, ok := run[key].(map[string]any)
			if !ok {
				continue
			}
			m["type"] = map[any]any{"EarlyStopping": "FTSEarlyStopping", "ModelCheckpoint": "FTSCheckpoint"}[m["type"]]
			if m["type"] == nil {
				delete(run, key)
			}
		}
	})
	s.sameRows(t, other, func(a, b ftsEpoch) bool { return asText(a) == asText(b) })
}

// sameRatesWithoutRestore checks that learning rates and groups equal those of
// the run that restores nothing.
func sameRatesWithoutRestore(t *testing.T, s *scene) {
	t.Helper()
	other := s.variant(t, func(run map[string]any) {
		opts, _ := run["fts"].(map[string]any)
		if opts == nil {
			opts = map[string]any{}
		}
		opts["restore_best"] = false
		run["fts"] = opts
	})
	s.sameRows(t, other, func(a, b ftsEpoch) bool {
		return slices.EqualFunc(a.LRs, b.LRs, near.near) && asText(a.PG) == asText(b.PG)
	})
}

// scaledFirstGroup checks that the learning rate the user gave is in force.
func scaledFirstGroup(t *testing.T, s *scene) {
	t.Helper()
	for _, g := range s.log.setup.cfg.InitialGroups {
		lr, ok := g.Options["lr"].(float64)
		if !ok {
			continue
		}
		row := s.log.epochs[0]
		for i, names := range row.PG {
			if slices.Contains(names, g.Params[0]) && float64(*row.IL[i]) != lr {
				t.Errorf("group %v starts at %v, the user gave %v", names, *row.IL[i], lr)
			}
		}
	}
}

// boundedMaxEpochs checks the rule of the last phase's bound.
func boundedMaxEpochs(t *testing.T, s *scene) {
	t.Helper()
	highest := 0
	plan := s.log.setup.cfg.Plan
	last := s.lastPhase()
	for i := range last + 1 {
		highest = max(highest, plan.Phase(i).MaxTransitionEpoch)
	}
	want := max(s.run.MaxEpochs, highest)
	if plan.Phase(last).MaxTransitionEpoch < 0 || s.run.MaxEpochs < 0 && !s.run.FTS.EpochTransitionsOnly {
		want = s.run.MaxEpochs
	}
	if got := s.log.machine.MaxEpochs(); got != want {
		t.Errorf("max_epochs %d, want %d", got, want)
	}
}

// settle holds the mismatches of a case against the differences: each must be
// covered by one whose cause is present, and what holds instead is checked.
func (s *scene) settle(t *testing.T, found []mismatch) {
	t.Helper()
	s.mismatches = found
	var left []mismatch
	used := map[int]bool{}
	for _, m := range found {
		if i := s.explain(t, m); i >= 0 {
			used[i] = true
		} else {
			left = append(left, m)
		}
	}
	for i, m := range left {
		if i == 12 {
			t.Errorf("and %d more", len(left)-i)
			break
		}
		t.Error(m)
	}
	if len(left) > 0 && s.log.err != nil {
		t.Log("error:", s.log.err)
	}
	// An error counts by its moment; whether it says upstream's phrase is worth
	// knowing, since it may be another error.
	if e := s.c.Error; e != nil && s.log.err != nil && !strings.Contains(strings.ToLower(s.log.err.Error()), strings.ToLower(e.Contains)) {
		t.Logf("the error does not say %q: %v", e.Contains, s.log.err)
	}
	for i := range ftsDifferences {
		if d := ftsDifferences[i]; used[i] {
			t.Logf("differs by rule (%s): %s: %s", d.defect, d.cause, d.reason)
			if d.instead != nil && len(left) == 0 {
				d.instead(t, s)
			}
		}
	}
}

// explain finds the difference that covers a mismatch, -1 for none.
func (s *scene) explain(t *testing.T, m mismatch) int {
	section := strings.Split(t.Name(), "/")[1]
	for i, d := range ftsDifferences {
		if slices.Contains(d.sections, section) && d.applies(s) && d.covers(s, m) {
			return i
		}
	}
	return -1
}

// TestFTSDifferences checks the table itself.
func TestFTSDifferences(t *testing.T) {
	seen := map[string]bool{}
	for i, d := range ftsDifferences {
		if d.cause == "" || d.reason == "" || d.defect == "" || len(d.sections) == 0 || d.applies == nil || d.covers == nil {
			t.Errorf("difference %d is not complete: %+v", i, d.cause)
		}
		if key := fmt.Sprint(d.cause); seen[key] {
			t.Errorf("two differences with the cause %q", d.cause)
		} else {
			seen[key] = true
		}
	}
}
