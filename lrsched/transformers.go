package lrsched

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/registry"
)

// TransformersChoice is what transformers' get_scheduler, and so its
// TrainingArguments, choose a schedule by.
type TransformersChoice struct {
	// Name is a SchedulerType, exactly as there: lower case.
	Name string
	// WarmupSteps and TrainingSteps are nil where they are not given.
	WarmupSteps, TrainingSteps *int
	// Args are scheduler_specific_kwargs.
	Args Args
}

// transformersTypes are the values of SchedulerType and what each of them takes
// beside its own arguments.
var transformersTypes = []struct {
	name                           string
	warmup, needsTotal, takesTotal bool
	args                           bool
}{
	{"linear", true, true, true, true},
	{"cosine", true, true, true, true},
	{"cosine_with_restarts", true, true, true, true},
	{"polynomial", true, true, true, true},
	{"constant", false, false, false, false},
	{"constant_with_warmup", true, false, false, false},
	{"inverse_sqrt", true, false, false, true},
	{"reduce_lr_on_plateau", false, false, false, true},
	{"cosine_with_min_lr", true, true, true, true},
	{"cosine_warmup_with_min_lr", true, true, true, true},
	{"warmup_stable_decay", true, false, true, true},
	{"greedy", false, false, false, true},
}

// TransformersNames lists the values of transformers' SchedulerType.
func TransformersNames() []string {
	out := make([]string, len(transformersTypes))
	for i, t := range transformersTypes {
		out[i] = t.name
	}
	return out
}

// Choice translates it, with get_scheduler's rules: which counts are demanded,
// and that some schedules ignore what they do not take.
func (t TransformersChoice) Choice() (Choice, error) {
	for _, kind := range transformersTypes {
		if kind.name != t.Name {
			continue
		}
		args := Args{}
		if kind.args && t.Args != nil {
			args = maps.Clone(t.Args)
		}
		if kind.warmup {
			if t.WarmupSteps == nil {
				return Choice{}, fmt.Errorf("the schedule %q requires num_warmup_steps", t.Name)
			}
			args["num_warmup_steps"] = *t.WarmupSteps
		}
		if kind.needsTotal && t.TrainingSteps == nil {
			return Choice{}, fmt.Errorf("the schedule %q requires num_training_steps", t.Name)
		}
		if kind.takesTotal && t.TrainingSteps != nil {
			args["num_training_steps"] = *t.TrainingSteps
		}
		return Named(t.Name, args), nil
	}
	names := TransformersNames()
	err := fmt.Errorf("%q is not a valid SchedulerType; the valid ones are %s", t.Name, strings.Join(names, ", "))
	if near := registry.Nearest(t.Name, names, 1); len(near) > 0 && !slices.Contains(names, t.Name) {
		err = fmt.Errorf("%w; did you mean %s?", err, near[0])
	}
	return Choice{}, err
}
