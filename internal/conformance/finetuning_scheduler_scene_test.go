package conformance

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/thaw-go/thaw/phase"
)

// scene is a case with what was observed: what the rules of our differences
// look at.
type scene struct {
	file       *ftsFile
	c          *ftsCase
	run        *ftsRun
	log        *ftsLog
	mismatches []mismatch
	// of a resumed session: the first one, and the state it went on from.
	first *ftsLog
	from  *savedState
}

// setupError tells an error before training that says a phrase.
func (s *scene) setupError(phrase string) bool {
	return s.log.err != nil && s.log.at.part == inSetup && strings.Contains(s.log.err.Error(), phrase)
}

func (s *scene) said(phrase string) bool {
	return strings.Contains(strings.Join(s.log.warnings, "\n"), phrase)
}

// inputs is the case's run as text, for causes that only show as words.
func (s *scene) withoutInitArgs() bool {
	text := string(s.c.Run)
	return strings.Count(text, "class_path") > strings.Count(text, "init_args")
}

func (s *scene) initPGLRsGiven() bool {
	if s.log.setup == nil || s.log.setup.cfg.Plan == nil {
		return false
	}
	plan := s.log.setup.cfg.Plan
	for i := range plan.Len() {
		if r := plan.Phase(i).NewLRScheduler; r != nil && r.InitPGLRs != nil {
			return true
		}
	}
	return false
}

// lightningOptions tells callbacks of Lightning whose options FTS loses or
// turns round.
func (s *scene) lightningOptions() bool {
	own := func(raw any, class string, keys ...string) bool {
		m, ok := raw.(map[string]any)
		if !ok || m["type"] != class {
			return false
		}
		return slices.ContainsFunc(keys, func(k string) bool { return m[k] != nil && m[k] != 0. && m[k] != false })
	}
	var ckpt any
	_ = json.Unmarshal(s.run.Ckpt, &ckpt)
	return own(s.run.ES, "EarlyStopping", "min_delta", "check_on_train_epoch_end") ||
		own(ckpt, "ModelCheckpoint", "save_on_train_epoch_end", "every_n_train_steps", "every_n_epochs", "train_time_interval")
}

// listed are the LR schedulers that FTS allows.
var listed = []string{
	"LambdaLR", "MultiplicativeLR", "StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "ReduceLROnPlateau",
	"CosineAnnealingWarmRestarts", "ConstantLR", "LinearLR", "LinearWarmupLR", "none",
}

func lastPart(class string) string { return class[strings.LastIndexByte(class, '.')+1:] }

func (s *scene) scheduler() string { return lastPart(s.run.LRScheduler.Class) }

func (s *scene) unlistedScheduler() bool {
	if !slices.Contains(listed, s.scheduler()) {
		return true
	}
	for _, spec := range s.reinits() {
		if !slices.Contains(listed, lastPart(spec)) {
			return true
		}
	}
	return false
}

// reinits names the LR schedulers that phases make.
func (s *scene) reinits() []string {
	var out []string
	cfg := s.log.setup.cfg
	if cfg.ReinitLR != nil {
		out = append(out, cfg.ReinitLR.Spec.Name)
	}
	if s.log.setup.schedule == nil {
		return out
	}
	for _, ph := range s.log.setup.schedule.Phases {
		if ph.NewLRScheduler != nil {
			out = append(out, ph.NewLRScheduler.Spec.Name)
		}
	}
	return out
}

// newOptimizers tells a run whose phases make optimizers.
func (s *scene) newOptimizers() bool {
	cfg := s.log.setup.cfg
	if cfg.ReinitOptimizer != nil {
		return true
	}
	for i := range cfg.Plan.Len() {
		if cfg.Plan.Phase(i).NewOptimizer != nil {
			return true
		}
	}
	return false
}

func (s *scene) ownGroupLRs() bool {
	return slices.ContainsFunc(s.log.setup.cfg.InitialGroups, func(g phase.InitialGroup) bool { return len(g.Options) > 0 })
}

// phase0PutRight tells groups that did not hold exactly phase 0.
func (s *scene) phase0PutRight() bool {
	cfg := s.log.setup.cfg
	if cfg.Plan == nil {
		return false
	}
	var held []string
	for _, g := range cfg.InitialGroups {
		held = append(held, g.Params...)
	}
	want := slices.Clone(cfg.Plan.Phase(0).Params)
	slices.Sort(held)
	slices.Sort(want)
	return !slices.Equal(held, want)
}

// lastPhase is the last phase that is entered.
func (s *scene) lastPhase() int {
	last := s.log.setup.cfg.Plan.Len() - 1
	if d := s.log.setup.cfg.MaxDepth; d != -1 {
		return max(0, min(d, last))
	}
	return last
}

// lastPhaseBound tells a bound on the schedule's last phase that we read
// otherwise than FTS.
func (s *scene) lastPhaseBound() bool {
	plan := s.log.setup.cfg.Plan
	if plan == nil || plan.Phase(plan.Len()-1).MaxTransitionEpoch < 0 {
		return false
	}
	highest := 0
	for i := 1; i < plan.Len(); i++ {
		highest = max(highest, plan.Phase(i).MaxTransitionEpoch)
	}
	return s.lastPhase() < plan.Len()-1 || plan.Phase(0).MaxTransitionEpoch > max(highest, s.run.MaxEpochs) ||
		s.run.MaxEpochs < 0 && !s.run.FTS.EpochTransitionsOnly
}

// layoutChanges tells a run in which FTS restores other groups than it runs.
func (s *scene) layoutChanges() bool {
	return len(s.run.NoDecay) > 0 && s.log.setup.cfg.RestoreBest && s.newOptimizers() && !s.phase0PutRight()
}

// variant runs the case with other inputs.
func (s *scene) variant(t *testing.T, change func(run map[string]any)) *ftsLog {
	t.Helper()
	var run map[string]any
	decode(t, s.c.Run, &run)
	change(run)
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	return s.file.drive(t, s.file.run(t, text), ftsStart{})
}

// sameRows checks that another run has the same epochs, as far as same looks.
func (s *scene) sameRows(t *testing.T, other *ftsLog, same func(a, b ftsEpoch) bool) {
	t.Helper()
	if len(s.log.epochs) == 0 || len(s.log.epochs) != len(other.epochs) {
		t.Errorf("%d epochs, the other run has %d", len(s.log.epochs), len(other.epochs))
	}
	for e, row := range s.log.epochs {
		if o, ok := other.epochs[e]; !ok || !same(row, o) {
			t.Errorf("epoch %d: %s, the other run has %s", e, asText(row), asText(o))
		}
	}
}

// state is what a resumed session went on from.
func (s *scene) state() phase.State {
	var st phase.State
	if s.from != nil {
		_ = json.Unmarshal(s.from.text, &st)
	}
	return st
}

func (s *scene) sameDir() bool { return s.c.SameDirpath != nil && *s.c.SameDirpath }

// uninterrupted runs the resumed session's configuration from the start, with
// the metrics that both sessions saw.
func (s *scene) uninterrupted(t *testing.T) *ftsLog {
	t.Helper()
	r := *s.run
	r.Metrics = map[string]numbers{}
	var a ftsCase
	decode(t, s.file.sessions[s.c.SessionA], &a)
	before := s.file.run(t, a.Run).Metrics
	for name, list := range s.run.Metrics {
		var all numbers
		for i := range s.from.validations {
			all = append(all, before[name][min(i, len(before[name])-1)])
		}
		r.Metrics[name] = append(all, list...)
	}
	return s.file.drive(t, &r, ftsStart{})
}

// asIfUninterrupted checks that the resumed session goes on as the same
// configuration does that was never interrupted.
func asIfUninterrupted(t *testing.T, s *scene) {
	t.Helper()
	whole := s.uninterrupted(t)
	for e, row := range s.first.epochs {
		if o, ok := whole.epochs[e]; e <= s.from.epoch && (!ok || o.D != row.D || !equal(o.LRs, row.LRs)) {
			// The second session's configuration would not have come here: what
			// is left to check is that it goes on.
			t.Logf("epoch %d: the configurations part before the checkpoint: %s, %s", e, asText(row), asText(o))
			ranToTheEnd(t, s)
			return
		}
	}
	for e := s.from.epoch + 1; e < max(len(whole.epochs), s.from.epoch+1+len(s.log.epochs)); e++ {
		got, want := continued(s.log.epochs[e]), continued(whole.epochs[e])
		if asText(got) != asText(want) {
			t.Errorf("epoch %d: %s, uninterrupted %s", e, asText(got), asText(want))
		}
	}
	rest := whole.events[min(s.from.validations, len(whole.events)):]
	if len(rest) != len(s.log.events) {
		t.Errorf("%d validations, uninterrupted %d", len(s.log.events), len(rest))
	}
	for i := range min(len(rest), len(s.log.events)) {
		got, want := s.log.events[i], rest[i]
		got.Best, want.Best = plainName(got.Best), plainName(want.Best)
		if asText(got) != asText(want) {
			t.Errorf("validation %d: %s, uninterrupted %s", i, asText(got), asText(want))
		}
	}
	if (s.log.err == nil) != (whole.err == nil) {
		t.Errorf("error %v, uninterrupted %v", s.log.err, whole.err)
	}
}

// continued is a row without what depends on the directory or on how many
// checkpoints were kept before.
func continued(e ftsEpoch) ftsEpoch {
	e.CK = nil
	e.Best = plainName(e.Best)
	if e.Rst != nil {
		e.Rst = ptr(plainName(*e.Rst))
	}
	return e
}

// plainName is a checkpoint's name without the suffix for a name that is taken.
func plainName(file string) string {
	if i := strings.LastIndex(file, "-v"); i >= 0 {
		return file[:i] + ".ckpt"
	}
	return file
}

// resume runs a session that goes on from a checkpoint of an earlier one.
func (f *ftsFile) resume(t *testing.T, c ftsCase) {
	var a ftsCase
	decode(t, f.sessions[c.SessionA], &a)
	first := f.drive(t, f.run(t, a.Run), ftsStart{dir: "A"})
	from, ok := first.states[strings.TrimSuffix(c.ResumeFrom, ".ckpt")]
	if !ok {
		t.Fatalf("session %s saved no %s (%v)", c.SessionA, c.ResumeFrom, first.err)
	}
	start := ftsStart{from: &from, dir: "B"}
	if c.SameDirpath != nil && *c.SameDirpath {
		start.dir, start.files = "A", first.files
	}
	r := f.run(t, c.Run)
	s := &scene{file: f, c: &c, run: r, first: first, from: &from, log: f.drive(t, r, start)}
	s.settle(t, judge(&c, s.log))
}
