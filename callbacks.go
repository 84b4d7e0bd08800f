package thaw

import (
	"strings"

	"github.com/thaw-go/thaw/config"
	"github.com/thaw-go/thaw/diag"
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/registry"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/tree"
)

// scheduling is what a configuration says about phases and checkpoints.
type scheduling struct {
	options phase.Options
	stop    *phase.EarlyStopping
	keep    *phase.Checkpoint
	// source is the schedule: a file's name, a mapping, or nil for the
	// generated one; scheduled tells that there are phases at all.
	source    *tree.Node
	scheduled bool
	genOnly   bool
	baseMaxLR float64
	notes     diag.List
}

// fts is the init_args of FinetuningScheduler, under its names.
type fts struct {
	Schedule             *tree.Node `config:"ft_schedule"`
	MaxDepth             int        `config:"max_depth"`
	BaseMaxLR            *float64   `config:"base_max_lr"`
	RestoreBest          bool       `config:"restore_best"`
	GenOnly              bool       `config:"gen_ft_sched_only"`
	EpochTransitionsOnly bool       `config:"epoch_transitions_only"`
	ReinitOptimizer      *tree.Node `config:"reinit_optim_cfg"`
	ReinitLR             *tree.Node `config:"reinit_lr_cfg"`
	AllowUntested        bool       `config:"allow_untested"`
	ApplyLambdasNewPGs   bool       `config:"apply_lambdas_new_pgs"`
	LoggingLevel         *tree.Node `config:"logging_level"`
	EnforcePhase0        bool       `config:"enforce_phase0_params"`
	FrozenBN             *tree.Node `config:"frozen_bn_track_running_stats"`
	LogDir               string     `config:"log_dir"`
	NoDecay              []string   `config:"no_decay"`
	StrategyAdapterCfg   *tree.Node `config:"strategy_adapter_cfg" later:"there is one process"`
	CustomAdapters       *tree.Node `config:"custom_strategy_adapters" later:"there is one process"`
}

// readScheduling understands the callbacks of a run.
func readScheduling(c config.Run) (scheduling, error) {
	s := scheduling{options: phase.DefaultOptions(), baseMaxLR: schedule.DefaultBaseMaxLR}
	var cb phase.Callbacks
	for _, comp := range append(append([]config.Component{}, c.Callbacks...), c.Trainer.Callbacks...) {
		class := comp.Name[strings.LastIndexByte(comp.Name, '.')+1:]
		args := comp.ArgsNode
		if args == nil {
			args = &tree.Node{Kind: tree.Map}
		}
		var err error
		switch registry.Fold(class) {
		case "finetuningscheduler":
			err = s.readFTS(args)
			cb.Scheduled = true
		case "ftsearlystopping", "earlystopping":
			es := phase.DefaultEarlyStopping()
			extra := struct {
				*phase.EarlyStopping
				Verbose     bool       `config:"verbose"`
				LogRankZero *tree.Node `config:"log_rank_zero_only"`
			}{EarlyStopping: &es}
			err = config.Decode(args, &extra)
			cb.EarlyStopping = append(cb.EarlyStopping, phase.EarlyStoppingCallback{Class: comp.Name, EarlyStopping: es})
		case "ftscheckpoint", "modelcheckpoint":
			ck := phase.Checkpoint{Mode: "min", SaveTopK: 1}
			extra := struct {
				*phase.Checkpoint
				Verbose     bool       `config:"verbose"`
				AutoInsert  *tree.Node `config:"auto_insert_metric_name"`
				WeightsOnly bool       `config:"save_weights_only" later:"checkpoints hold what resuming needs"`
				Interval    *tree.Node `config:"train_time_interval" later:"use every_n_train_steps"`
				Version     *tree.Node `config:"enable_version_counter"`
			}{Checkpoint: &ck}
			err = config.Decode(args, &extra)
			cb.Checkpoint = append(cb.Checkpoint, phase.CheckpointCallback{Class: comp.Name, Checkpoint: ck})
		case "learningratemonitor", "richprogressbar", "tqdmprogressbar", "modelsummary", "richmodelsummary":
			// Runs report learning rates and progress by themselves.
		default:
			known := []string{"FinetuningScheduler", "FTSEarlyStopping", "EarlyStopping", "FTSCheckpoint", "ModelCheckpoint", "LearningRateMonitor"}
			err = comp.Node.Errorf("known callbacks: "+strings.Join(known, ", "), "unknown callback %q", comp.Name)
		}
		if err != nil {
			return s, err
		}
	}
	if c.Schedule != nil && c.Schedule.Kind != tree.Null {
		if s.source != nil {
			return s, c.Schedule.Errorf("keep one of the two", "the schedule is given here and as ft_schedule of FinetuningScheduler")
		}
		cb.Scheduled, s.source = true, c.Schedule
		if c.Schedule.Kind == tree.String && c.Schedule.Text == "default" {
			s.source = nil
		}
		// A schedule written for thaw keeps frozen BatchNorm still.
		if s.options.FrozenBatchNorm == phase.BatchNormStatsOnly {
			s.options.FrozenBatchNorm = phase.BatchNormEval
		}
	}
	if c.NoDecay != nil {
		s.options.NoDecay = c.NoDecay
	}
	s.scheduled = cb.Scheduled
	var err error
	s.stop, s.keep, s.notes, err = cb.Complete(s.options.EpochTransitionsOnly)
	return s, err
}

// readFTS understands FinetuningScheduler's arguments.
func (s *scheduling) readFTS(args *tree.Node) error {
	a := fts{MaxDepth: -1, RestoreBest: true, EnforcePhase0: true}
	if err := config.Decode(args, &a); err != nil {
		return err
	}
	o := &s.options
	o.MaxDepth, o.RestoreBest, o.EpochTransitionsOnly = a.MaxDepth, a.RestoreBest, a.EpochTransitionsOnly
	o.AllowUntested, o.ApplyLambdasNewPGs, o.EnforcePhase0Params = a.AllowUntested, a.ApplyLambdasNewPGs, a.EnforcePhase0
	o.NoDecay, s.genOnly = a.NoDecay, a.GenOnly
	if a.BaseMaxLR != nil {
		s.baseMaxLR = *a.BaseMaxLR
	}
	if a.Schedule != nil && a.Schedule.Kind != tree.Null {
		s.source = a.Schedule
	}
	if n := a.ReinitLR; n != nil && n.Kind != tree.Null {
		if s.source != nil {
			return n.Errorf("use new_lr_scheduler in the schedule's phases", "Specifying both `ft_schedule` and `reinit_lr_cfg` is an invalid configuration")
		}
		r, found := schedule.ParseReinit(n)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitLR = r
	}
	if n := a.ReinitOptimizer; n != nil && n.Kind != tree.Null {
		spec, found := schedule.ParseReinitOptimizer(n)
		if err := found.Err(); err != nil {
			return err
		}
		o.ReinitOptimizer = spec
	}
	return s.readBatchNorm(a.FrozenBN)
}

// readBatchNorm reads the three-valued knob, or finetuning-scheduler's bool.
func (s *scheduling) readBatchNorm(n *tree.Node) error {
	if n == nil || n.Kind == tree.Null {
		return nil
	}
	switch {
	case n.Kind == tree.Bool && n.Bool:
		s.options.FrozenBatchNorm = phase.BatchNormStatsOnly
	case n.Kind == tree.Bool:
		s.options.FrozenBatchNorm = phase.BatchNormEval
	default:
		switch b := phase.BatchNorm(n.Text); b {
		case phase.BatchNormEval, phase.BatchNormStatsOnly, phase.BatchNormTrain:
			s.options.FrozenBatchNorm = b
		default:
			return n.Errorf("", "frozen_bn_track_running_stats is eval, stats-only, train, true or false, not %q", n.Text)
		}
	}
	return nil
}
