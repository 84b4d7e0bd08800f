// Package lrsched holds the learning-rate schedulers: pure, serialisable state
// machines over a table of parameter groups. It knows no tensors, files or
// clock.
//
// A scheduler is chosen by a [Choice] (by name, by name and arguments, with a
// [Config], or as a Go [Builder]), resolved against a [Catalog] into a
// [Resolved], and built at a [Site]. Building does what torch's constructors
// do: it records each group's initial LR and makes the initial step, so that
// the table holds the LR of optimizer step 1. Every later [Scheduler.Step]
// writes the next LRs into the table.
//
// The schedulers of torch and transformers follow the arithmetic of torch
// 2.15.0 and transformers 5.23.0 step by step. Most are recursive, that is,
// they go on from the LR that stands in the table, so an LR that was set by hand
// persists.
//
// # Groups that arrive later
//
// A phase schedule adds groups while a scheduler runs. [Scheduler.Extend] tells
// it, with the LR that the group's phase asks for. One rule holds for every
// scheduler: the LR given is the group's base LR, and where the group's other
// numbers are not given they are those of the first group, in proportion.
//   - a scheduler that multiplies the current LR goes on multiplying it from
//     there, so a linear warm-up that is joined half-way overshoots;
//   - a list of one value per group (lambdas, min_lr, max_lr of GreedyLR) is
//     padded: lambdas by the last one, bounds by the first one, as
//     finetuning-scheduler does;
//   - CyclicLR swings between the LR given and as many times it as for the first
//     group; OneCycleLR takes it as the peak; SWALR anneals to the same share of
//     it as in the first group; momentum follows the first group.
//
// A group that is in the table without the scheduler having been told is what
// torch calls a zip mismatch: an error, except where the arithmetic needs
// nothing but the current LR.
package lrsched
