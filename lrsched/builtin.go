package lrsched

import (
	"math"

	"github.com/thaw-go/thaw/registry"
)

// Builtin is the catalog of all schedulers of torch and transformers, Lightning
// Flash's and ULMFiT's.
func Builtin() *Catalog {
	c := NewCatalog()
	for _, group := range [][]registry.Entry[Component]{torchSchedulers(), transformersSchedules(), otherSchedulers()} {
		for _, e := range group {
			if err := c.Schedulers.Add(e); err != nil {
				panic(err) // two built-in schedulers of one name
			}
		}
	}
	for _, e := range namedLambdas() {
		if err := c.Lambdas.Add(e); err != nil {
			panic(err)
		}
	}
	return c
}

// torchEntry is a scheduler of torch.optim.lr_scheduler.
func torchEntry(name, doc, formula string, c Component) registry.Entry[Component] {
	c.Formula = formula
	if c.Source == "" {
		c.Source = "torch.optim.lr_scheduler." + name
	}
	return registry.Entry[Component]{
		Name: name, Doc: doc, Value: c,
		Aliases: []string{"torch.optim.lr_scheduler." + name},
	}
}

func torchSchedulers() []registry.Entry[Component] {
	plateau := torchEntry(
		"ReduceLROnPlateau", "lower the LR when a metric stops improving", "lr·factor after more than patience steps without improvement",
		Component{Metered: true, Interval: ByEpoch, Default: ReduceLROnPlateau{
			Mode: "min", Factor: 0.1, Patience: 10, Threshold: 1e-4, ThresholdMode: "rel", MinLR: Each(0), Eps: 1e-8,
		}})
	plateau.Aliases = append(
		plateau.Aliases, "lightning.pytorch.cli.ReduceLROnPlateau", "pytorch_lightning.cli.ReduceLROnPlateau",
		"reduce_on_plateau_schedule", "get_reduce_on_plateau_schedule",
		"transformers.get_reduce_on_plateau_schedule", "transformers.optimization.get_reduce_on_plateau_schedule",
	)
	swa := torchEntry("SWALR", "anneal to a constant LR for weight averaging", "swa·α(t) + b·(1 − α(t))",
		Component{Interval: ByEpoch, Resumable: true, Source: "torch.optim.swa_utils.SWALR", Default: SWALR{AnnealEpochs: 10, AnnealStrategy: "cos"}})
	swa.Aliases = []string{"torch.optim.swa_utils.SWALR"}
	byEpoch := func(b Builder) Component { return Component{Interval: ByEpoch, Resumable: true, Default: b} }
	return []registry.Entry[Component]{
		torchEntry("LambdaLR", "the base LR times a function of the epoch", "b·λ(t)", byEpoch(LambdaLR{})),
		torchEntry("MultiplicativeLR", "multiply the LR by a function of the epoch", "lr(t−1)·λ(t)", byEpoch(MultiplicativeLR{})),
		torchEntry("StepLR", "decay by gamma every step_size epochs", "b·gamma^⌊t/step_size⌋", byEpoch(StepLR{Gamma: 0.1})),
		torchEntry("MultiStepLR", "decay by gamma at milestones", "b·gamma^#{m ≤ t}", byEpoch(MultiStepLR{Gamma: 0.1})),
		torchEntry("ConstantLR", "a fraction of the LR for the first epochs", "b·factor for t < total_iters, then b", byEpoch(ConstantLR{Factor: 1. / 3, TotalIters: 5})),
		torchEntry("LinearLR", "move linearly between two factors", "b·(s + (e − s)·min(t, N)/N)", byEpoch(LinearLR{StartFactor: 1. / 3, EndFactor: 1, TotalIters: 5})),
		torchEntry("ExponentialLR", "decay by gamma every epoch", "b·gamma^t", byEpoch(ExponentialLR{})),
		torchEntry("PolynomialLR", "decay to 0 by a power", "b·(1 − min(t, N)/N)^power", byEpoch(PolynomialLR{TotalIters: 5, Power: 1})),
		torchEntry("CosineAnnealingLR", "swing between the LR and eta_min on a cosine", "η + (b − η)·(1 + cos(πt/T_max))/2", byEpoch(CosineAnnealingLR{})),
		torchEntry("CosineAnnealingWarmRestarts", "cosine annealing that starts anew", "η + (b − η)·(1 + cos(π·T_cur/T_i))/2", byEpoch(CosineAnnealingWarmRestarts{TMult: 1})),
		torchEntry("CyclicLR", "swing between two LRs in triangles", "base + (max − base)·s(t)·k(t)",
			Component{Interval: ByStep, Resumable: true, Default: CyclicLR{
				StepSizeUp: 2000, Mode: "triangular", Gamma: 1, ScaleMode: "cycle",
				CycleMomentum: true, BaseMomentum: Each(0.8), MaxMomentum: Each(0.9),
			}}),
		torchEntry("OneCycleLR", "one rise to the peak and one long fall", "max/div → max → max/(div·final_div), by cosine or line",
			Component{Interval: ByStep, Resumable: true, Default: OneCycleLR{
				PctStart: 0.3, AnnealStrategy: "cos", CycleMomentum: true,
				BaseMomentum: Each(0.85), MaxMomentum: Each(0.95), DivFactor: 25, FinalDivFactor: 1e4,
			}}),
		torchEntry("SequentialLR", "schedulers one after the other", "scheduler k on its own t from milestone k−1 on", byEpoch(SequentialLR{})),
		torchEntry("ChainedScheduler", "schedulers together", "the product of the schedulers' factors", Component{Interval: ByEpoch, Default: ChainedScheduler{}}),
		plateau,
		swa,
	}
}

// transformersEntry is a schedule of transformers, found by the name of its
// function with or without get_, by class path and by its short name.
func transformersEntry(name, short, doc, formula string, c Component) registry.Entry[Component] {
	c.Formula = formula
	c.Interval = ByStep
	c.Source = "transformers.get_" + name
	aliases := []string{"get_" + name, "transformers.get_" + name, "transformers.optimization.get_" + name}
	if short != "" {
		aliases = append(aliases, short)
	}
	return registry.Entry[Component]{Name: name, Doc: doc, Aliases: aliases, Value: c}
}

func transformersSchedules() []registry.Entry[Component] {
	factor := func(b Builder) Component { return Component{Resumable: true, Default: b} }
	greedy := transformersEntry("greedy_schedule", "greedy", "raise the LR while a metric improves, lower it while it does not", "lr/factor after a run of better steps, lr·factor after a run of worse ones",
		Component{Metered: true, Default: GreedySchedule{
			Mode: "min", Factor: 0.95, Patience: 10, Threshold: 1e-6, ThresholdMode: "abs",
			MinLR: Each(1e-3), MaxLR: Each(1), Eps: 1e-8, WindowSize: 50, ResetStart: 500,
		}})
	greedy.Aliases = append(greedy.Aliases, "GreedyLR", "transformers.optimization.GreedyLR")
	greedy.Value.Interval = ByEpoch
	return []registry.Entry[Component]{
		transformersEntry("constant_schedule", "constant", "leave the LR alone", "b", factor(ConstantSchedule{})),
		transformersEntry("constant_schedule_with_warmup", "constant_with_warmup", "warm up linearly, then stay", "b·min(1, s/W)", factor(ConstantScheduleWithWarmup{})),
		transformersEntry("linear_schedule_with_warmup", "linear", "warm up linearly, then fall linearly to 0", "b·s/W, then b·(N − s)/(N − W)", factor(LinearScheduleWithWarmup{})),
		transformersEntry("cosine_schedule_with_warmup", "cosine", "warm up linearly, then fall on a cosine", "b·s/W, then b·½(1 + cos(2π·c·p))", factor(CosineScheduleWithWarmup{NumCycles: 0.5})),
		transformersEntry("cosine_with_hard_restarts_schedule_with_warmup", "cosine_with_restarts", "warm up linearly, then fall on a cosine several times", "b·s/W, then b·½(1 + cos(π·((c·p) mod 1)))", factor(CosineWithHardRestartsScheduleWithWarmup{NumCycles: 1})),
		transformersEntry("polynomial_decay_schedule_with_warmup", "polynomial", "warm up linearly, then fall by a power to lr_end", "b·s/W, then (b − e)·(1 − p)^power + e", factor(PolynomialDecayScheduleWithWarmup{LREnd: 1e-7, Power: 1})),
		transformersEntry("inverse_sqrt_schedule", "inverse_sqrt", "warm up linearly, then fall with the inverse square root", "b·s/W, then b/√((s + τ − W)/τ)", factor(InverseSqrtSchedule{})),
		transformersEntry("cosine_with_min_lr_schedule_with_warmup", "cosine_with_min_lr", "the cosine schedule above a lowest LR", "b·s/W, then b·(f·(1 − r) + r)", factor(CosineWithMinLRScheduleWithWarmup{NumCycles: 0.5})),
		transformersEntry("cosine_with_min_lr_schedule_with_warmup_lr_rate", "cosine_warmup_with_min_lr", "the cosine schedule above a lowest LR, warmed up from above 0", "b·(s + 1)/W or b·(w + (1 − w)·s/(W − 1)), then b·(f·(1 − r) + r)", factor(CosineWithMinLRScheduleWithWarmupLRRate{NumCycles: 0.5})),
		transformersEntry("wsd_schedule", "warmup_stable_decay", "warm up, stay, decay", "b·(f·(1 − m) + m), b, b·(f·(1 − m) + m), b·m", factor(WSDSchedule{WarmupType: "linear", DecayType: "cosine", NumCycles: 0.5})),
		greedy,
		transformersEntry("adafactor_schedule", "", "report the step size that Adafactor chooses itself", "max(ε₂, rms)·min(10⁻², 1/√t)", Component{Default: AdafactorSchedule{}}),
	}
}

func otherSchedulers() []registry.Entry[Component] {
	return []registry.Entry[Component]{
		{
			Name: "LinearWarmupCosineAnnealingLR", Doc: "warm up linearly, then fall on a cosine to eta_min",
			Aliases: []string{
				"flash.core.optimizers.LinearWarmupCosineAnnealingLR", "flash.core.optimizers.lr_scheduler.LinearWarmupCosineAnnealingLR",
				"pl_bolts.optimizers.LinearWarmupCosineAnnealingLR", "pl_bolts.optimizers.lr_scheduler.LinearWarmupCosineAnnealingLR",
			},
			Value: Component{
				Formula: "ws + t·(b − ws)/(W − 1), then η + ½(b − η)(1 + cos(π(t − W)/(M − W)))", Source: "flash.core.optimizers.LinearWarmupCosineAnnealingLR",
				Interval: ByEpoch, Resumable: true, Default: LinearWarmupCosineAnnealingLR{},
			},
		},
		{
			Name: "slanted_triangular", Doc: "a short rise and a long fall, for fine-tuning", Aliases: []string{"stlr", "SlantedTriangularLR"},
			Value: Component{
				Formula: "b·(1 + p·(ratio − 1))/ratio", Source: "Howard & Ruder 2018, Universal Language Model Fine-tuning for Text Classification, eq. 3",
				Interval: ByStep, Resumable: true, Default: SlantedTriangular{CutFrac: 0.1, Ratio: 32},
			},
		},
	}
}

// namedLambdas are functions of time that lr_lambda finds by name.
func namedLambdas() []registry.Entry[Lambda] {
	return []registry.Entry[Lambda]{
		{Name: "constant", Doc: "1", Value: LambdaFunc(func(int) float64 { return 1 })},
		{Name: "inverse_time", Doc: "1/(1 + t)", Value: LambdaFunc(func(t int) float64 { return 1 / float64(1+t) })},
		{Name: "inverse_sqrt", Doc: "1/√(1 + t)", Value: LambdaFunc(func(t int) float64 { return 1 / math.Sqrt(float64(1+t)) })},
	}
}
