package differences

// Where a cause may appear, by the sections of the cases.
var (
	inParsing = []string{"parsing"}
	inRuns    = []string{"parsing", "replays", "replays_executed", "probes", "lr_matrix", "resume"}
	inResume  = []string{"resume"}
)

// FinetuningScheduler are the differences from finetuning-scheduler 2.14.1.
var FinetuningScheduler = []Difference{
	{
		ID: "fractional-phase-key", Sections: inParsing, Defect: "D8",
		Cause:  "a phase key that is not an integer",
		Reason: "1.7 is a mistake, not phase 1: it is refused at its line and column instead of being truncated",
	},
	{
		ID: "phase-written-twice", Sections: inParsing, Defect: "D8",
		Cause:  "two keys that mean one phase",
		Reason: "1 and '1' are one phase written twice: refused before anything is written, where FTS drops one and dies in training",
	},
	{
		ID: "base-max-lr-null", Sections: inRuns, Defect: "D7",
		Cause:  "base_max_lr null",
		Reason: "null means the first phase's learning rate, as documented",
	},
	{
		ID: "default-left-out", Sections: inRuns, Defect: "D7",
		Cause:  "an option left out that has a default (init_args)",
		Reason: "init_args are optional, as documented: the component's defaults apply",
	},
	{
		ID: "impossible-lr", Sections: inRuns, Defect: "D16",
		Cause:  "an lr that is negative or not finite",
		Reason: "no optimizer can use it: refused at its line and column, before training",
	},
	{
		ID: "init-pg-lrs-as-strings", Sections: inRuns, Defect: "D9",
		Cause:  "learning rates written as strings in init_pg_lrs",
		Reason: "a number that YAML 1.1 reads as a string (1e-06) is a number; FTS accepts it and dies at the transition",
	},
	{
		ID: "lightning-callbacks", Sections: inRuns, Defect: "D6",
		Cause:  "EarlyStopping or ModelCheckpoint of Lightning with options of its own",
		Reason: "the substituted callback keeps every option, and min_delta its sign",
	},
	{
		ID: "unlisted-lr-scheduler", Sections: inRuns, Defect: "D10",
		Cause:  "an LR scheduler that finetuning-scheduler does not list",
		Reason: "every LR scheduler takes groups that arrive later, in any phase; nothing needs allow_untested",
	},
	{
		ID: "own-lr-in-phase-0", Sections: inRuns, Defect: "D12",
		Cause:  "groups of the optimizer with learning rates of their own, put right for phase 0",
		Reason: "a group keeps its options; only its parameters are put right",
	},
	{
		ID: "plateau-put-right", Sections: inRuns, Defect: "D12",
		Cause:  "a plateau scheduler when phase 0 is put right",
		Reason: "the scheduler is built after the groups are right, so its count starts at 0 as everywhere else; FTS shows one less, without consequence",
	},
	{
		ID: "batch-norm-of-later-phases", Sections: inRuns, Defect: "D11",
		Cause:  "BatchNorm of later phases with frozen_bn_track_running_stats false",
		Reason: "a frozen BatchNorm stays frozen until the phase that owns it; FTS lets those of all later phases run at the first transition",
	},
	{
		ID: "bound-on-last-phase", Sections: inRuns, Defect: "D13",
		Cause:  "max_transition_epoch on the last phase",
		Reason: "the last phase that is entered counts, not the schedule's last; phase 0 belongs to the maximum; an endless fit stays endless as long as early stopping can end it",
	},
	{
		ID: "groups-divided-anew", Sections: inRuns, Defect: "D5",
		Cause:  "groups laid out by hand that a new optimizer divides anew, and a checkpoint from before",
		Reason: "learning rates follow the parameters, not the position of their group: the layout of the running optimizer stays",
	},
	{
		ID: "state-of-another-optimizer", Sections: inRuns, Defect: "D4",
		Cause:  "the best checkpoint holds another optimizer's state",
		Reason: "weights are restored and the running optimizer goes on with empty state; FTS loads the wrong state and dies in the first step",
	},
	{
		ID: "without-task-prefix", Sections: inRuns, Defect: "D16",
		Cause:  "a pattern that matches only without the prefix model.",
		Reason: "it works and gives one note, so that a schedule serves the model with and without a task around it",
	},
	{
		ID: "resumed-by-argument", Sections: inResume, Defect: "D1",
		Cause:  "resumed by fit(ckpt_path=…)",
		Reason: "there is one way to resume, and it is noticed",
	},
	{
		ID: "deeper-than-best", Sections: inResume, Defect: "D2",
		Cause:  "a checkpoint deeper than the best one, in the same directory",
		Reason: "no group is lost: the state holds the whole table",
	},
	{
		ID: "decision-in-checkpoint", Sections: inResume, Defect: "D3",
		Cause:  "a checkpoint written by the validation that ended a phase or the fit",
		Reason: "the decision is part of the state and is carried out; FTS forgets it and starts the patience over",
	},
	{
		ID: "waited-in-later-phase", Sections: inResume, Defect: "D3",
		Cause:  "a checkpoint of a later phase with checks already waited",
		Reason: "the wait count is part of the state; FTS starts it over from phase 1 on",
	},
	{
		ID: "another-directory", Sections: inResume, Defect: "D3",
		Cause:  "a checkpoint from another directory",
		Reason: "the best checkpoint and its score stay known, wherever it lies; FTS forgets them and restores a worse one",
	},
	{
		ID: "after-reinitialization", Sections: inResume, Defect: "D4",
		Cause:  "a checkpoint from after an LR scheduler or an optimizer was made anew",
		Reason: "the state says which phase made them; FTS goes on with the initial ones, or dies",
	},
	{
		ID: "best-score", Sections: inResume, Defect: "D3",
		Cause:  "the best score after a resume",
		Reason: "the score is part of the state; FTS shows none until the next best checkpoint",
	},
}

// FinetuningSchedulerDefects are what finetuning-scheduler 2.14.1 does badly.
var FinetuningSchedulerDefects = []Defect{
	{"D1", "`trainer.fit(ckpt_path=…)` is not noticed as a resume: the phase starts over at 0 with the groups of a later one."},
	{"D2", "Resuming from a checkpoint deeper than the best one loses parameter groups at the next transition: they are trained no more."},
	{"D3", "A resume forgets what early stopping had decided and counted, and in another directory the best score."},
	{"D4", "A resume goes on with the initial LR scheduler after another one was made, and dies after an optimizer was."},
	{"D5", "Learning rates are carried over by the position of a group; where groups were divided anew they move to the wrong ones."},
	{"D6", "Substituting Lightning's callbacks flips the sign of `min_delta` and drops options."},
	{"D7", "Values that are missing, null or of the wrong type end in Python's own errors: `base_max_lr: null`, `init_args` left out, a null phase."},
	{"D8", "Phase keys are hardly checked: `{-1, 0, 2}` and `{1, '1'}` pass and die in training, 1.7 becomes 1."},
	{"D9", "`ReduceLROnPlateau` without a monitor, unknown `pl_lrs_cfg` keys and bad `init_pg_lrs` are found at the transition, hours later."},
	{"D10", "`allow_untested` does not help an LR scheduler that is made anew; some of its options have no effect on some schedulers."},
	{"D11", "With `frozen_bn_track_running_stats: false` the first transition lets the BatchNorm statistics of all later phases run."},
	{"D12", "Putting phase 0 right drops the learning rates of the user's groups, and `no_decay` applies to phase 0 only then."},
	{"D13", "A bound on the last phase is looked for beyond `max_depth`, without phase 0, and makes an endless fit finite."},
	{"D14", "Non-finite metrics and thresholds end the whole fit, running out of epochs in an early phase is silent, and parameters in no phase are never mentioned."},
	{"D15", "Errors of strategy adapters are swallowed, and the logging level is set for all of Lightning."},
	{"D16", "Patterns match beginnings only (layer 1 takes layer 10), nothing stands for the rest of the model, and nothing plays a schedule in advance."},
	{"D17", "Early stopping and checkpoints disagree about what is best once `min_delta` is not 0."},
}
