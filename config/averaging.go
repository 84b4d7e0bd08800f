package config

import "github.com/thaw-go/thaw/tree"

// WeightAveraging is the options of Lightning's callback of that name: the mean
// of the weights after every step.
type WeightAveraging struct {
	Device     *tree.Node `config:"device" doc:"has no effect"`
	UseBuffers bool       `config:"use_buffers" doc:"average buffers too, such as running statistics, instead of copying the latest"`
}

// EMAWeightAveraging is the options of Lightning's callback of that name: an
// exponential moving average of the weights.
type EMAWeightAveraging struct {
	Device       *tree.Node `config:"device" doc:"has no effect"`
	UseBuffers   bool       `config:"use_buffers" doc:"average buffers too, such as running statistics, instead of copying the latest"`
	Decay        float64    `config:"decay" doc:"share of the average that is kept at an update, in [0,1]"`
	EveryNSteps  int        `config:"update_every_n_steps" min:"0" doc:"steps between updates; 0: none by step"`
	StartAtStep  *int       `config:"update_starting_at_step" min:"0" doc:"first step, counted from 0, that may update; unset: 0"`
	StartAtEpoch *int       `config:"update_starting_at_epoch" min:"0" doc:"update at the end of each epoch from this one on, too"`
}

// StochasticWeightAveraging is the options of Lightning's callback of that name:
// the mean of the weights at the ends of the last epochs, trained at a constant
// learning rate.
type StochasticWeightAveraging struct {
	LRs               *tree.Node `config:"swa_lrs" doc:"learning rate to anneal to, one for all groups or one for each; obligatory"`
	EpochStart        Share      `config:"swa_epoch_start" doc:"first epoch that is averaged: a number from 1 on, or a share of max_epochs"`
	AnnealingEpochs   int        `config:"annealing_epochs" min:"0" doc:"epochs in which the learning rate reaches swa_lrs"`
	AnnealingStrategy string     `config:"annealing_strategy" enum:"cos,linear" doc:"how it does"`
	AvgFn             *tree.Node `config:"avg_fn" later:"leave it out for the mean, or use EMAWeightAveraging" doc:"a Python function that averages"`
	Device            *tree.Node `config:"device" doc:"has no effect"`
}
