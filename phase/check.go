package phase

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/lrsched"
	"github.com/thaw-go/thaw/schedule"
)

// codeLength marks an LR scheduler that wants to know how long the fit is.
const codeLength = "unknown-length"

// Check judges a configuration without making a machine: its phases are gone
// through once, so that what a later phase needs is refused now.
func Check(cfg Config) diag.List {
	_, found := cfg.judge()
	return found
}

// checked completes the configuration and refuses what cannot run. The notes
// are for the user.
func (c Config) checked() (Config, diag.List, error) {
	c, found := c.judge()
	var notes diag.List
	for _, f := range found {
		if f.Severity != diag.Error {
			notes = append(notes, f)
		}
	}
	return c, notes, found.Err()
}

// judge completes the configuration and finds all that is wrong with it.
func (c Config) judge() (Config, diag.List) {
	var found diag.List
	refuse := func(err error) {
		if err != nil {
			found = append(found, asFindings(err)...)
		}
	}
	if c.Plan == nil || c.Plan.Len() == 0 || c.Optimizers == nil {
		refuse(errors.New("phase: a config needs Plan and Optimizers"))
		return c, found
	}
	switch c.FrozenBatchNorm {
	case "":
		c.FrozenBatchNorm = BatchNormEval
	case BatchNormEval, BatchNormStatsOnly, BatchNormTrain:
	default:
		refuse(fmt.Errorf("frozen BatchNorm is eval, stats-only or train, not %q", c.FrozenBatchNorm))
	}
	if c.MaxDepth < -1 {
		found = append(found, diag.Finding{Severity: diag.Warning, Code: "max-depth", Message: fmt.Sprintf("max_depth %d is taken as 0", c.MaxDepth), Hint: "-1 means all phases"})
	}
	if c.ReinitLR != nil && !c.Plan.Generated() {
		refuse(fault("give the phases of the schedule their own new_lr_scheduler", "specifying both `ft_schedule` and `reinit_lr_cfg` is an invalid configuration"))
	}
	if c.EpochTransitionsOnly && c.EarlyStopping != nil {
		found = append(found, diag.Finding{Severity: diag.Warning, Code: "early-stopping-pruned", Message: "epoch_transitions_only is set: pruning the extraneous EarlyStopping callback"})
		c.EarlyStopping = nil
	}
	if c.EarlyStopping != nil {
		refuse(c.EarlyStopping.check())
	}
	if c.Checkpoint != nil {
		refuse(c.Checkpoint.check())
	}
	refuse(c.checkRestore())
	return c, append(found, c.rehearse()...)
}

// asFindings gives an error's findings, or makes one of it.
func asFindings(err error) diag.List {
	if l, ok := errors.AsType[diag.List](err); ok {
		return l
	}
	if f, ok := errors.AsType[diag.Finding](err); ok {
		return diag.List{f}
	}
	return diag.List{{Message: err.Error()}}
}

// fault is an error with a hint.
func fault(hint, format string, args ...any) error {
	return diag.Finding{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// checkRestore checks that what restore_best restores is saved.
func (c *Config) checkRestore() error {
	if !c.RestoreBest || c.depth() == 0 && c.Plan.Len() == 1 {
		return nil
	}
	const hint = "or set restore_best to false"
	switch {
	case c.Checkpoint == nil:
		return fault(hint, "restore_best needs checkpoints to restore, but none are saved")
	case c.Checkpoint.SaveTopK == 0:
		return fault(hint, "restore_best needs checkpoints to restore, but save_top_k is 0: please set save_top_k to a non-zero value")
	case c.Checkpoint.Monitor == "":
		return fault(hint, "restore_best is set but has no quantity to monitor: set the checkpoint's monitor")
	}
	if ph := c.Plan.Phase(0); ph.MaxTransitionEpoch == 0 && c.depth() > 0 {
		return diag.List{{
			Code: "nothing-to-restore", Pos: ph.Source.MaxTransitionEpoch.Pos, Line: ph.Source.MaxTransitionEpoch.Line,
			Message: "max_transition_epoch 0 ends phase 0 before there is a checkpoint that phase 1 could restore",
			Hint:    "give phase 0 at least one epoch, or set restore_best to false",
		}}
	}
	return nil
}

// depth is the last phase that is entered.
func (c *Config) depth() int {
	if c.Plan == nil {
		return 0
	}
	last := c.Plan.Len() - 1
	if c.MaxDepth == -1 {
		return last
	}
	return max(min(c.MaxDepth, last), 0)
}

// maxEpochs is MaxEpochs in force. A bound on the last phase raises it, and
// gives an end to a fit that neither early stopping nor MaxEpochs would end.
func (c *Config) maxEpochs(notes *diag.List) int {
	last := c.Plan.Phase(c.depth())
	if last.MaxTransitionEpoch < 0 {
		return c.MaxEpochs
	}
	highest := 0
	for i := range c.depth() + 1 {
		highest = max(highest, c.Plan.Phase(i).MaxTransitionEpoch)
	}
	*notes = append(*notes, diag.Finding{
		Severity: diag.Warning, Code: "last-phase-bound", Pos: last.Source.MaxTransitionEpoch.Pos, Line: last.Source.MaxTransitionEpoch.Line,
		Message: fmt.Sprintf("final phase max_transition_epoch (%d) will be overridden by the greater of max_epochs (%d) and the maximum phase-specified epoch (%d)", last.MaxTransitionEpoch, c.MaxEpochs, highest),
	})
	if c.MaxEpochs < 0 && !c.EpochTransitionsOnly {
		return c.MaxEpochs
	}
	return max(c.MaxEpochs, highest)
}

// rehearse goes through the phases once, with groups and constructors but
// without time.
func (c *Config) rehearse() diag.List {
	var found diag.List
	fail := func(pl schedule.Place, code string, err error) {
		f := diag.Finding{Code: code, Pos: pl.Pos, Line: pl.Line, Message: err.Error()}
		if errors.Is(err, lrsched.ErrLength) {
			f.Code = codeLength
		}
		if inner, ok := errors.AsType[diag.Finding](err); ok {
			f.Message, f.Hint = strings.TrimSuffix(f.Message, inner.Error())+inner.Message, inner.Hint
		}
		found = append(found, f)
	}
	o, err := c.describe(c.Optimizer)
	if err != nil {
		fail(schedule.Place{}, "optimizer", fmt.Errorf("optimizer: %w", err))
		return found
	}
	table, err := c.initialTable(o, &diag.List{})
	if err != nil {
		fail(schedule.Place{}, "parameter-groups", err)
		return found
	}
	m := &Machine{cfg: *c, opt: o, maxEpochs: c.maxEpochs(&diag.List{})}
	if c.LRScheduler != nil {
		if err := m.tryScheduler(0, table, &found); err != nil {
			fail(schedule.Place{}, "lr-scheduler", fmt.Errorf("the provided lr scheduler: %w", err))
		}
	}
	for i := 1; i < c.Plan.Len(); i++ {
		ph := c.Plan.Phase(i)
		if spec := c.newOptimizer(i); spec != nil {
			if m.opt, err = c.describe(*spec); err != nil {
				fail(ph.Source.NewOptimizer, "new-optimizer",
					fmt.Errorf("could not configure the specified optimizer %s in the context of optimizer reinitialization of phase %d: %w", spec.Name, i, err))
				return found
			}
			table = c.phaseGroups(m.opt, 0, nil)
			for k := 1; k < i; k++ {
				table = append(table, c.phaseGroups(m.opt, k, table)...)
			}
		}
		existing := len(table)
		table = append(table, c.phaseGroups(m.opt, i, table)...)
		r := c.reinit(i)
		if r == nil {
			continue
		}
		if n := len(r.InitPGLRs); r.InitPGLRs != nil && n != existing {
			found = append(found, diag.Finding{
				Severity: diag.Warning, Code: "init-pg-lrs-length", Pos: ph.Source.InitPGLRs.Pos, Line: ph.Source.InitPGLRs.Line,
				Message: fmt.Sprintf("init_pg_lrs of phase %d names %d learning rates; ensure the number of specified parameter groups matches: %d exist before the phase, %d with it", i, n, existing, len(table)),
			})
		}
		if err := m.tryScheduler(i, table, &found); err != nil {
			fail(ph.Source.NewLRScheduler, "new-lr-scheduler", fmt.Errorf("the provided lr scheduler of phase %d: %w", i, err))
			if c.ReinitLR != nil {
				return found // the same for every phase
			}
		}
	}
	return found
}

// tryScheduler builds the LR scheduler of phase i on a copy of the table.
func (m *Machine) tryScheduler(i int, table []Group, found *diag.List) error {
	if ch, ok := m.cfg.choice(i); ok && m.cfg.LRSchedulers != nil && ch.Config.Monitor == "" && ch.Args["monitor"] == nil {
		if e, ok := m.cfg.LRSchedulers.Schedulers.Lookup(ch.Name); ok && e.Value.Metered {
			return fault("add pl_lrs_cfg: {monitor: val_loss}", "it must include a monitor when a %s is used", e.Name)
		}
	}
	r, err := m.cfg.resolve(i)
	if err != nil {
		return fmt.Errorf("could not configure the specified LR scheduler class using the `init_args`: %w", err)
	}
	if i == 0 || m.cfg.ReinitLR == nil || i == 1 {
		for _, w := range r.Warnings {
			*found = append(*found, diag.Finding{Severity: diag.Warning, Code: "lr-scheduler", Message: w})
		}
	}
	note := func(text string) {
		*found = append(*found, diag.Finding{Severity: diag.Note, Code: "lr-scheduler", Message: text})
	}
	if _, _, err := m.construct(i, slices.Clone(table), note); err != nil {
		return fmt.Errorf("could not configure the specified LR scheduler class using the `init_args`: %w", err)
	}
	return nil
}
