package phase

import (
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/schedule"
)

// Facts are what a linter wants to know besides a configuration; zero values
// are unknown.
type Facts struct {
	// Metrics are the names that the fit logs; nil: unknown.
	Metrics []string
	// Validations of one epoch at most; 0: unknown.
	Validations int
	// Places say where the configuration's parts are written.
	Places Places
}

// Places are where parts of a configuration are written.
type Places struct {
	EarlyStopping, Checkpoint, LRScheduler, MaxDepth, MaxEpochs, FrozenBatchNorm schedule.Place
}

// Lint is Check with a reader's eye: besides what cannot run it tells what
// never comes to pass and what is seldom meant.
func Lint(cfg Config, facts Facts) diag.List {
	if cfg.Plan == nil || cfg.Plan.Len() == 0 {
		return nil
	}
	cfg, found := cfg.judge()
	l := &linter{cfg: cfg, facts: facts, found: found}
	l.unknownLength()
	l.monitors()
	l.unreached()
	l.horizons()
	l.runningStatistics()
	schedule.SortByPlace(l.found)
	return l.found
}

type linter struct {
	cfg   Config
	facts Facts
	found diag.List
}

func (l *linter) add(sev diag.Severity, pl schedule.Place, code, hint, format string, args ...any) {
	l.found = append(l.found, diag.Finding{
		Severity: sev, Code: code, Pos: pl.Pos, Line: pl.Line, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// unknownLength forgives LR schedulers that want to know a length which the fit
// will know, but a linter without its data does not.
func (l *linter) unknownLength() {
	for i := range l.found {
		if f := &l.found[i]; f.Code == codeLength && l.cfg.StepsPerEpoch == 0 {
			f.Severity, f.Hint = diag.Note, "with the data at hand its learning rates can be judged, too"
		}
	}
}

// monitors finds those that no metric answers to.
func (l *linter) monitors() {
	if l.facts.Metrics == nil {
		return
	}
	check := func(pl schedule.Place, who, name string, lenient bool) {
		if name == "" || slices.Contains(l.facts.Metrics, name) {
			return
		}
		sev := diag.Error
		if lenient {
			sev = diag.Warning
		}
		l.add(sev, pl, "monitor-unlogged", "logged are "+strings.Join(l.facts.Metrics, ", "), "%s watches %q, which nothing logs", who, name)
	}
	if es := l.cfg.EarlyStopping; es != nil {
		check(l.facts.Places.EarlyStopping, "early stopping", es.Monitor, !es.Strict)
	}
	if c := l.cfg.Checkpoint; c != nil {
		check(l.facts.Places.Checkpoint, "the checkpoint", c.Monitor, false)
	}
	for i := range l.cfg.Plan.Len() {
		ch, ok := l.cfg.choice(i)
		if !ok || i > 1 && l.cfg.ReinitLR != nil {
			continue
		}
		if r, err := l.cfg.resolve(i); err == nil {
			check(l.placeOfScheduler(i), r.Name, r.Config.Monitor, r.Config.Lenient)
		} else {
			check(l.placeOfScheduler(i), ch.Name, ch.Config.Monitor, ch.Config.Lenient)
		}
	}
}

func (l *linter) placeOfScheduler(i int) schedule.Place {
	if i == 0 {
		return l.facts.Places.LRScheduler
	}
	return l.cfg.Plan.Phase(i).Source.NewLRScheduler
}

// unreached finds phases that never begin.
func (l *linter) unreached() {
	plan := l.cfg.Plan
	last := l.cfg.depth()
	if last < plan.Len()-1 {
		l.add(diag.Warning, first(l.facts.Places.MaxDepth, plan.Phase(last+1).Source.Key), "unreachable-phase", "raise max_depth, or remove the phases",
			"max_depth %d keeps %s from ever beginning", last, phases(last+1, plan.Len()-1))
	}
	end := l.cfg.maxEpochs(&diag.List{})
	begin := 0
	for i := 1; i <= last; i++ {
		limit := plan.Phase(i - 1).MaxTransitionEpoch
		if limit < 0 && l.cfg.EarlyStopping == nil {
			l.add(diag.Warning, plan.Phase(i).Source.Key, "unreachable-phase", fmt.Sprintf("give phase %d a max_transition_epoch, or the fit early stopping", i-1),
				"nothing ends phase %d, so %s never begins", i-1, phases(i, last))
			return
		}
		begin = l.earliest(i, begin, limit)
		if end >= 0 && begin >= end {
			l.add(diag.Warning, plan.Phase(i).Source.Key, "unreachable-phase", fmt.Sprintf("raise max_epochs to more than %d, or let earlier phases end sooner", begin),
				"%s never begins: epoch %d is the earliest for phase %d, and max_epochs is %d", phases(i, last), begin, i, end)
			return
		}
	}
}

// earliest is the first epoch in which phase i can begin, when the one before
// cannot begin before epoch begin and ends at epoch limit at the latest.
func (l *linter) earliest(i, begin, limit int) int {
	byStopping := begin + 1
	switch es := l.cfg.EarlyStopping; {
	case es == nil:
		byStopping = max(limit, begin+1)
	case l.facts.Validations > 0:
		checks := max(es.Patience, 1)
		if i == 1 {
			checks++ // the first check is an improvement
		}
		byStopping = begin + max(1, (checks+l.facts.Validations-1)/l.facts.Validations)
	}
	if limit >= 0 {
		return min(byStopping, max(limit, begin+1))
	}
	return byStopping
}

func phases(from, to int) string {
	if from == to {
		return fmt.Sprintf("phase %d", from)
	}
	return fmt.Sprintf("phases %d to %d", from, to)
}

func first(places ...schedule.Place) schedule.Place {
	for _, p := range places {
		if p.Pos.Line > 0 {
			return p
		}
	}
	return schedule.Place{}
}

// horizons finds LR schedulers that have not run their course when their phase
// ends by epoch.
func (l *linter) horizons() {
	for i := range l.cfg.depth() + 1 {
		if _, ok := l.cfg.choice(i); !ok {
			continue
		}
		r, err := l.cfg.resolve(i)
		if err != nil {
			continue // judge has said so
		}
		from, to, ok := l.span(i)
		if !ok {
			continue
		}
		steps := l.cfg.StepsPerEpoch
		length := r.Length(lrsched.Budget{StepsPerEpoch: steps, Epochs: to - from, TotalSteps: steps * (to - from)})
		unit, has := "epochs", (to-from)/max(r.Config.Frequency, 1)
		if r.Config.Interval == lrsched.ByStep {
			if steps == 0 {
				continue
			}
			unit, has = "steps", (to-from)*(steps/max(r.Config.Frequency, 1))
		}
		if length <= has {
			continue
		}
		l.add(diag.Warning, l.placeOfScheduler(i), "scheduler-outlasts-phase", fmt.Sprintf("shorten it to %d, or let the phase last longer", has),
			"%s of phase %d runs its course in %d %s, but it is used for %d (epochs %d to %d)", r.Name, i, length, unit, has, from, to)
	}
}

// span is from which epoch to which the LR scheduler that phase i makes is in
// use, if epochs alone say so.
func (l *linter) span(i int) (from, to int, ok bool) {
	if i > 0 {
		if from = l.cfg.Plan.Phase(i - 1).MaxTransitionEpoch; from < 0 {
			return 0, 0, false
		}
	}
	last := i
	for last < l.cfg.depth() && l.cfg.reinit(last+1) == nil {
		last++
	}
	if last < l.cfg.depth() {
		to = l.cfg.Plan.Phase(last).MaxTransitionEpoch
	} else {
		to = l.cfg.maxEpochs(&diag.List{})
	}
	return from, to, to > from
}

// runningStatistics finds BatchNorm layers whose statistics move while their
// block is frozen.
func (l *linter) runningStatistics() {
	if l.cfg.FrozenBatchNorm != BatchNormStatsOnly {
		return
	}
	in := map[string]bool{}
	for _, n := range l.cfg.Plan.Phase(0).Params {
		in[n] = true
	}
	var frozen []string
	for _, p := range l.cfg.Plan.Params() {
		if strings.HasPrefix(p.Kind, "BatchNorm") && !in[p.Name] && !slices.Contains(frozen, p.Module) {
			frozen = append(frozen, p.Module)
		}
	}
	if len(frozen) == 0 {
		return
	}
	what := "1 frozen BatchNorm layer"
	if n := len(frozen); n > 1 {
		what = fmt.Sprintf("%d frozen BatchNorm layers", n)
	}
	names := strings.Join(frozen[:min(len(frozen), 3)], ", ")
	if len(frozen) > 3 {
		names += ", …"
	}
	l.add(diag.Warning, l.facts.Places.FrozenBatchNorm, "running-statistics", "set frozen_bn_track_running_stats to eval to keep them as they were trained",
		"the running statistics of %s (%s) go on moving", what, names)
}
