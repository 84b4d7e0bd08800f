package differences

var (
	inRegistry   = []string{"registry"}
	inOptimizers = []string{"optimizers"}
	inSchedulers = []string{"lr_schedulers"}
	inBoth       = []string{"optimizers", "lr_schedulers"}
)

// Flash are the differences from Lightning Flash 0.8.2.
var Flash = []Difference{
	{
		ID: "typed-registration", Sections: inRegistry,
		Cause:  "something registered that is no function, or under something that is no text",
		Reason: "the compiler refuses it: sets hold components of one type, by text",
	},
	{
		ID: "name-required", Sections: inRegistry,
		Cause:  "a function registered without a name",
		Reason: "a name is given, never derived: Go's functions have none, and `<lambda>` finds nothing",
	},
	{
		ID: "unique-names", Sections: inRegistry, Defect: "F1",
		Cause:  "a name registered a second time",
		Reason: "a name means one thing: the second registration is refused, with override as without, and nothing is added; names that differ in case and underscores alone are one name",
	},
	{
		ID: "no-metadata", Sections: inRegistry, Defect: "F1",
		Cause:  "entries told apart by metadata or providers",
		Reason: "entries are told apart by name; what an entry is and where it is from stands in its documentation",
	},
	{
		ID: "no-removal", Sections: inRegistry,
		Cause:  "an entry removed",
		Reason: "a set only grows: a set without the entry is another set, made of the entries one wants",
	},
	{
		ID: "no-announcements", Sections: inRegistry,
		Cause:  "a registry that announces registrations or calls",
		Reason: "registering and finding have no output",
	},
	{
		ID: "no-external-registry", Sections: inRegistry,
		Cause:  "a registry in front of an outside catalogue",
		Reason: "every name that is listed can be found, and no other: there is no registry that has everything and lists nothing",
	},
	{
		ID: "one-set", Sections: inRegistry, Defect: "F1",
		Cause:  "registries added to each other",
		Reason: "there is one set, copied and added to; a name that both have is refused instead of found twice",
	},
	{
		ID: "defective-optimizers", Sections: inOptimizers, Defect: "F7",
		Cause:  "a name that Flash lists and that cannot be used there, or only with gradients of gradients",
		Reason: "`optimizer` is a base class and not listed; adahessian needs second derivatives; rangerqh and rangerva are ranger's unpublished variants; lookahead works",
	},
	{
		ID: "torch-2-optimizers", Sections: inOptimizers,
		Cause:  "an optimizer whose defaults or arguments changed with torch 2",
		Reason: "torch's optimizers have the names and defaults of torch 2.15: SGD's lr has a default, Adafactor is torch's own",
	},
	{
		ID: "derived-default", Sections: inOptimizers,
		Cause:  "an option whose default follows from another (max_eval of LBFGS)",
		Reason: "it stays unset until it is needed, so that it follows when the other is changed",
	},
	{
		ID: "null-is-default", Sections: inBoth,
		Cause:  "null as an optimizer, or as arguments",
		Reason: "in a configuration null asks for the default everywhere",
	},
	{
		ID: "more-names", Sections: inBoth, Defect: "F2",
		Cause:  "a name that Flash does not know",
		Reason: "more is built in, and names match in any case, with or without underscores, by class path and by the short names of transformers",
	},
	{
		ID: "number-as-text", Sections: inBoth,
		Cause:  "a number written as text",
		Reason: "YAML 1.1 reads 1e-06 as a text: what reads as a number is one",
	},
	{
		ID: "list-is-tuple", Sections: inBoth,
		Cause:  "a list of two or three in place of a tuple",
		Reason: "YAML has no tuples: [name, arguments] is the form",
	},
	{
		ID: "arguments-kept", Sections: inBoth, Defect: "F3",
		Cause:  "arguments used a second time",
		Reason: "the caller's arguments are never changed, so the same choice gives the same scheduler again",
	},
	{
		ID: "suitable-interval", Sections: inBoth, Defect: "F5",
		Cause:  "an LR scheduler without an interval of its own",
		Reason: "the default suits the scheduler: those that count steps (OneCycleLR, CyclicLR, transformers' schedules) go by step, those that count epochs (StepLR, MultiStepLR, cosine annealing) or follow a metric by epoch",
	},
	{
		ID: "plateau-monitors", Sections: inSchedulers, Defect: "F4",
		Cause:  "ReduceLROnPlateau",
		Reason: "it is always stepped with its metric, whose name it cannot do without: refused before training",
	},
	{
		ID: "unknown-config-key", Sections: inSchedulers, Defect: "F6",
		Cause:  "a key or a value that a scheduler config does not have",
		Reason: "it is refused, a key with the nearest name, instead of being dropped or found while training",
	},
	{
		ID: "complete-config", Sections: inSchedulers, Defect: "F6",
		Cause:  "a recipe that sets only some keys of the scheduler config",
		Reason: "the rest takes the defaults that suit the scheduler; every way to choose one ends in a complete config",
	},
	{
		ID: "recipe-found", Sections: inSchedulers, Defect: "F2",
		Cause:  "a recipe registered under a name with capitals",
		Reason: "it is found under exactly that name, and under it in any case",
	},
	{
		ID: "whole-warmup", Sections: inSchedulers, Defect: "F8",
		Cause:  "a warm-up in whole steps",
		Reason: "an integer is a number of steps, a float from 0 to 1 a share of all; 1 is one step, 1.0 all of them",
	},
}

// FlashDefects are what Flash 0.8.2 does badly.
var FlashDefects = []Defect{
	{"F1", "Names are not unique: a second function of a name is appended in silence, the first is found, `override` replaces only an identical entry."},
	{"F2", "Names are made lower case before they are looked up, so a recipe registered as `MyCamel` is listed and never found."},
	{"F3", "The caller's arguments are changed: `lr` and the warm-up's steps are written into them, and a second use fails."},
	{"F4", "`ReduceLROnPlateau` is stepped without its metric and dies at the end of the first epoch; a missing monitor is not noticed."},
	{"F5", "`(\"StepLR\", {\"step_size\": 10})` decays every ten batches, while OneCycleLR, which counts batches, is stepped by epoch."},
	{"F6", "A scheduler config is not checked, and a recipe's is passed on with keys missing."},
	{"F7", "A base class and private helpers are listed among what can be chosen, and `lookahead` fails on every use."},
	{"F8", "A warm-up in steps is refused, although the signature says `Union[int, float]`."},
	{"F9", "Names and arguments are checked only after the data are loaded, and no error suggests the nearest name."},
}
