package conformance

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/internal/differences"
)

// difference says how a documented difference shows in a case.
type difference struct {
	// applies tells whether the cause is present.
	applies func(*scene) bool
	// covers tells which mismatches the cause explains.
	covers func(*scene, mismatch) bool
	// instead checks what holds in place of the expectation; may be nil where
	// covers is exact.
	instead func(*testing.T, *scene)
}

// ftsDifferences are all our differences, by the IDs under which package
// differences documents them.
var ftsDifferences = map[string]difference{
	"fractional-phase-key": {
		applies: func(s *scene) bool { return s.setupError("is not an integer") },
		covers:  onlyError("written"),
	},
	"phase-written-twice": {
		applies: func(s *scene) bool { return s.setupError("duplicate key") },
		covers:  fields("written"),
	},
	"base-max-lr-null": {
		applies: func(s *scene) bool { return string(s.run.FTS.BaseMaxLR) == "null" },
		covers:  onlyError(), instead: func(t *testing.T, s *scene) {
			plan := s.log.setup.cfg.Plan
			want, _ := describeOptimizer(s.log.setup.cfg.Optimizer)
			if s.log.final == nil || plan.Len() < 2 || plan.Phase(1).LR != want.Options["lr"] {
				t.Errorf("the later phases do not start at the optimizer's lr: %v", s.log.err)
			}
		},
	},
	"default-left-out": {
		applies: func(s *scene) bool { return s.c.Error != nil && s.c.Error.Class == "KeyError" && s.withoutInitArgs() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	"impossible-lr": {
		applies: func(s *scene) bool {
			return s.setupError("is not finite") || s.setupError("is negative")
		},
		covers: func(s *scene, m mismatch) bool { return m.field == "error" && m.want == nil },
	},
	"init-pg-lrs-as-strings": {
		applies: func(s *scene) bool { return s.c.Error != nil && s.initPGLRsGiven() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	"lightning-callbacks": {
		applies: func(s *scene) bool { return s.lightningOptions() },
		covers:  anything, instead: sameAsFTSClasses,
	},
	"unlisted-lr-scheduler": {
		applies: func(s *scene) bool { return s.unlistedScheduler() },
		covers:  fields("error", "warning"), instead: ranToTheEnd,
	},
	"own-lr-in-phase-0": {
		applies: func(s *scene) bool { return s.ownGroupLRs() },
		covers:  fields("epochs.lrs", "epochs.il", "epochs.sch", "step_lrs"), instead: scaledFirstGroup,
	},
	"plateau-put-right": {
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
	"batch-norm-of-later-phases": {
		applies: func(s *scene) bool { return s.run.FTS.FrozenBN != nil && !*s.run.FTS.FrozenBN },
		covers:  frozenBatchNorm,
	},
	"bound-on-last-phase": {
		applies: func(s *scene) bool { return s.lastPhaseBound() },
		covers:  longerOrShorter, instead: boundedMaxEpochs,
	},
	"groups-divided-anew": {
		applies: func(s *scene) bool { return s.layoutChanges() },
		covers:  fromFirst("epochs.n"), instead: sameRatesWithoutRestore,
	},
	"state-of-another-optimizer": {
		applies: func(s *scene) bool { return s.c.Error != nil && s.c.Error.Raised == "train" && s.newOptimizers() },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	"without-task-prefix": {
		applies: func(s *scene) bool { return s.said("taken as meant") },
		covers:  onlyError(), instead: ranToTheEnd,
	},
	"resumed-by-argument": {
		applies: func(s *scene) bool { return s.c.Via == "fit_argument" },
		covers:  anything, instead: asIfUninterrupted,
	},
	"deeper-than-best": {
		applies: func(s *scene) bool { st := s.state(); return s.sameDir() && st.Phase > bestDepth(st) },
		covers:  anything, instead: asIfUninterrupted,
	},
	"decision-in-checkpoint": {
		applies: func(s *scene) bool { st := s.state(); return st.Stopping.PhaseDone || st.Stop != nil },
		covers:  anything, instead: asIfUninterrupted,
	},
	"waited-in-later-phase": {
		applies: func(s *scene) bool { st := s.state(); return st.Phase > 0 && st.Stopping.Wait > 0 },
		covers:  anything, instead: asIfUninterrupted,
	},
	"another-directory": {
		applies: func(s *scene) bool { return !s.sameDir() },
		covers:  anything, instead: asIfUninterrupted,
	},
	"after-reinitialization": {
		applies: func(s *scene) bool {
			st := s.state()
			return st.OptimizerFrom > 0 || st.Scheduler != nil && st.Scheduler.From > 0
		},
		covers: anything, instead: asIfUninterrupted,
	},
	"best-score": {
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
	used := map[string]bool{}
	for _, m := range found {
		if id := s.explain(t, m); id != "" {
			used[id] = true
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
	for _, d := range differences.FinetuningScheduler {
		if !used[d.ID] {
			continue
		}
		t.Logf("differs by rule (%s): %s: %s", d.Defect, d.Cause, d.Reason)
		if f := ftsDifferences[d.ID].instead; f != nil && len(left) == 0 {
			f(t, s)
		}
	}
}

// explain finds the difference that covers a mismatch, "" for none.
func (s *scene) explain(t *testing.T, m mismatch) string {
	section := strings.Split(t.Name(), "/")[1]
	for _, d := range differences.FinetuningScheduler {
		if x := ftsDifferences[d.ID]; slices.Contains(d.Sections, section) && x.applies(s) && x.covers(s, m) {
			return d.ID
		}
	}
	return ""
}

// TestFTSDifferences checks that each documented difference is told apart in the
// cases, and the other way round.
func TestFTSDifferences(t *testing.T) {
	for _, d := range differences.FinetuningScheduler {
		if x := ftsDifferences[d.ID]; x.applies == nil || x.covers == nil {
			t.Errorf("nothing tells when %s applies and what it covers", d.ID)
		}
	}
	if len(ftsDifferences) != len(differences.FinetuningScheduler) {
		t.Errorf("%d differences are told apart, %d are documented", len(ftsDifferences), len(differences.FinetuningScheduler))
	}
}
