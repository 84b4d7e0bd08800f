package phase

import (
	"fmt"
	"strings"
)

// String is the plan with what governs its phases: what a user reads before a
// fit.
func (c Config) String() string {
	if c.Plan == nil {
		return c.Governs()
	}
	return c.Plan.String() + c.Governs()
}

// Governs is what governs the phases, a line each.
func (c Config) Governs() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-18s%s\n", name+":", fmt.Sprintf(format, args...))
	}
	switch es := c.EarlyStopping; {
	case c.EpochTransitionsOnly || es == nil:
		line("phases end", "by epoch alone")
	default:
		line("phases end", "when %s (%s) has not improved by more than %v in %d checks, or by epoch", es.Monitor, es.Mode, es.MinDelta, es.Patience)
	}
	if d := c.depth(); c.Plan != nil && d < c.Plan.Len()-1 {
		line("last phase", "%d (max_depth)", d)
	}
	if c.RestoreBest && c.Checkpoint != nil {
		line("before a phase", "the best checkpoint by %s (%s) is restored; learning rates go on", c.Checkpoint.Monitor, c.Checkpoint.Mode)
	} else {
		line("before a phase", "the weights stay as they are")
	}
	if len(c.NoDecay) > 0 {
		line("without decay", "names with %s", strings.Join(c.NoDecay, ", "))
	}
	line("frozen BatchNorm", "%s", c.FrozenBatchNorm.describe())
	return b.String()
}

// describe says in words what frozen BatchNorm layers do.
func (b BatchNorm) describe() string {
	switch b {
	case BatchNormStatsOnly:
		return "stats-only: normalises by the batch and updates its statistics; weight and bias are frozen"
	case BatchNormTrain:
		return "train: weight, bias and statistics train from phase 0 on"
	default:
		return "eval: normalises by its stored statistics and leaves them"
	}
}
