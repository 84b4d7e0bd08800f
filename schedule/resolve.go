package schedule

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/param"
)

// Options of Resolve.
type Options struct {
	// BaseMaxLR is the learning rate of phases from 1 on that set none.
	BaseMaxLR float64
	// EpochTransitionsOnly demands max_transition_epoch of every phase.
	EpochTransitionsOnly bool
}

// DefaultBaseMaxLR is finetuning-scheduler's base_max_lr.
const DefaultBaseMaxLR = 1e-5

// Resolve matches a schedule against the parameters of a model. It reports
// everything it finds; the plan is nil where the list holds an error.
func (s *Schedule) Resolve(infos []param.Info, opts Options) (*Plan, diag.List) {
	r := s.resolve(infos, opts)
	if r.found.Err() != nil {
		return nil, r.found
	}
	return r.plan, r.found
}

func (s *Schedule) resolve(infos []param.Info, opts Options) *resolver {
	r := &resolver{owner: map[string]int{}, opts: opts, infos: infos}
	r.plan = &Plan{name: s.Name, generated: s.Generated, params: param.Trainable(infos)}
	r.prefixed = len(r.plan.params) > 0
	for _, info := range r.plan.params {
		r.prefixed = r.prefixed && strings.HasPrefix(info.Name, taskPrefix)
	}
	if len(s.Phases) == 0 {
		r.found = append(r.found, diag.Finding{Code: "empty-schedule", Message: "the schedule has no phases"})
	}
	if !(opts.BaseMaxLR >= 0) || math.IsInf(opts.BaseMaxLR, 1) {
		r.found = append(r.found, diag.Finding{Code: "bad-lr", Message: fmt.Sprintf("base_max_lr is %v", opts.BaseMaxLR), Hint: "write a number such as 1.0e-05"})
	}
	for _, ph := range s.Phases {
		if ph.Source.Key.Pos.Line > 0 {
			r.keys = append(r.keys, ph.Key)
		}
	}
	for i, ph := range s.Phases {
		r.phase(i, ph)
	}
	r.rest()
	r.order()
	r.epochs()
	r.complete()
	return r
}

// taskPrefix is what a task puts before the names of its model's weight file.
const taskPrefix = "model."

// resolver holds the state of one resolution.
type resolver struct {
	plan     *Plan
	opts     Options
	infos    []param.Info
	owner    map[string]int // name -> phase
	prefixed bool           // every name begins with taskPrefix
	lenient  bool           // the note about the prefix was given
	rests    []restEntry
	// meant is what each entry names, in order, for the linter.
	meant []meaning
	// unknown tells that some entry names nothing.
	unknown bool
	keys    []int // see key
	found   diag.List
}

// key is the number of a phase as its writer counts, also where the numbers
// skip.
func (r *resolver) key(phase int) int {
	if phase < len(r.keys) {
		return r.keys[phase]
	}
	return phase
}

// meaning is an entry of a phase with the pattern it is, if it is one, and the
// names it means.
type meaning struct {
	phase int
	entry Entry
	pat   *pattern
	names []string
	// view gives a name as the pattern sees it; nil: as it is.
	view func(string) string
}

// restEntry remembers where "rest" stands until all other entries are known.
type restEntry struct {
	phase, at int
	entry     Entry
}

func (r *resolver) add(sev diag.Severity, pl Place, code, hint, format string, args ...any) {
	r.found = append(r.found, diag.Finding{
		Severity: sev, Code: code, Pos: pl.Pos, Line: pl.Line, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// phase resolves everything but "rest".
func (r *resolver) phase(i int, spec PhaseSpec) {
	ph := Phase{MaxTransitionEpoch: -1, NewLRScheduler: spec.NewLRScheduler, NewOptimizer: spec.NewOptimizer, Source: spec.Source}
	if i > 0 {
		ph.LR = r.opts.BaseMaxLR
		if spec.LR != nil {
			ph.LR = *spec.LR
		}
	}
	if spec.MaxTransitionEpoch != nil {
		ph.MaxTransitionEpoch = max(*spec.MaxTransitionEpoch, -1)
	}
	for _, e := range spec.Params {
		if r.isRest(e.Text) {
			r.rests = append(r.rests, restEntry{i, len(ph.Written), e})
			continue
		}
		m := meaning{phase: i, entry: e}
		r.entry(&m)
		r.meant = append(r.meant, m)
		ph.Written = append(ph.Written, r.claim(i, e, m.names)...)
	}
	r.plan.phases = append(r.plan.phases, ph)
}

// claim keeps the names that are still free and reports the others.
func (r *resolver) claim(phase int, e Entry, names []string) []string {
	var free, taken []string
	first := phase
	for _, n := range names {
		if at, ok := r.owner[n]; ok {
			if len(taken) == 0 {
				first = at
			}
			taken = append(taken, n)
			continue
		}
		r.owner[n] = phase
		free = append(free, n)
	}
	if len(taken) > 0 {
		r.add(diag.Error, e.Place, "param-in-two-phases", "keep each parameter in one phase; =name matches whole names only",
			"phases are not disjoint: the following parameters are specified in multiple phases: %s (%s in phase %d, first in phase %d)",
			listNames(taken), inQuotes(e.Text), r.key(phase), r.key(first))
	}
	return free
}

// inQuotes shows a pattern as it is written, without doubling backslashes.
func inQuotes(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return `"` + s + `"`
}

// listNames shows at most eight names.
func listNames(names []string) string {
	if len(names) <= 8 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:8], ", "), len(names)-8)
}

// rest gives "rest" what no other entry names.
func (r *resolver) rest() {
	for k, re := range r.rests {
		if k > 0 {
			r.unknown = true
			r.add(diag.Error, re.entry.Place, "second-rest", "keep one", "\"rest\" stands in phase %d and again in phase %d", r.key(r.rests[0].phase), r.key(re.phase))
			continue
		}
		names := r.matching(func(n string) bool { _, ok := r.owner[n]; return !ok })
		if len(names) == 0 {
			r.add(diag.Warning, re.entry.Place, "pattern-matches-nothing", "remove it", "\"rest\" in phase %d names nothing: every parameter is scheduled", r.key(re.phase))
			continue
		}
		ph := &r.plan.phases[re.phase]
		ph.Written = slices.Insert(ph.Written, re.at, r.claim(re.phase, re.entry, names)...)
	}
}

// order derives the names in registration order from those as written.
func (r *resolver) order() {
	at := map[string]int{}
	for i, info := range r.plan.params {
		at[info.Name] = i
	}
	for i := range r.plan.phases {
		ph := &r.plan.phases[i]
		ph.Params = slices.Clone(ph.Written)
		slices.SortFunc(ph.Params, func(a, b string) int { return at[a] - at[b] })
	}
}

// epochs checks max_transition_epoch over all phases.
func (r *resolver) epochs() {
	highest := -1
	var missing []string
	for i, ph := range r.plan.phases {
		mte := ph.MaxTransitionEpoch
		if mte < 0 {
			missing = append(missing, strconv.Itoa(r.key(i)))
			continue
		}
		if mte <= highest {
			r.add(diag.Note, ph.Source.MaxTransitionEpoch, "epoch-not-rising", fmt.Sprintf("give it more than %d", highest),
				"max_transition_epoch %d of phase %d is not above the %d of an earlier phase: the phase may execute only a single epoch", mte, r.key(i), highest)
		}
		highest = max(highest, mte)
	}
	if r.opts.EpochTransitionsOnly && len(missing) > 0 {
		r.add(diag.Error, r.plan.phases[0].Source.Key, "missing-epoch", "give each phase a max_transition_epoch or unset epoch_transitions_only",
			"epoch_transitions_only specified but some phases (%s) are missing a max_transition_epoch", strings.Join(missing, ", "))
	}
}

// complete looks at the plan as a whole.
func (r *resolver) complete() {
	for _, info := range r.plan.params {
		if _, ok := r.owner[info.Name]; !ok {
			r.plan.unscheduled = append(r.plan.unscheduled, info.Name)
		}
	}
	if len(r.plan.phases) == 0 {
		return
	}
	if len(r.plan.phases[0].Params) == 0 && !r.unknown {
		r.add(diag.Error, r.plan.phases[0].Source.Key, "empty-phase-0", "list the parameters of the head", "phase 0 has no parameters: there is nothing to train")
	}
	if u := r.plan.unscheduled; len(u) > 0 && !r.unknown {
		r.add(diag.Note, Place{}, "never-thawed", "add a last phase with \"rest\" to train them too", "%d of %d parameters are in no phase and stay frozen: %s", len(u), len(r.plan.params), listNames(u))
	}
}
