// Package phase is the state machine of a fit: it owns the phase, the table of
// parameter groups, the LR scheduler, early stopping and the bookkeeping of
// checkpoints. It sees names and numbers only. A driver feeds it events in the
// order below and applies the [Directive] that answers each of them; the same
// machine runs in a trainer, in a simulation and in the conformance tests.
//
//	Step(FitStart)                          // or Step(Resumed) after Restore
//	for each epoch E:
//	    Step(EpochStart{Epoch: E})          // phase changes happen here
//	    for each batch:
//	        forward, backward
//	        Step(StepEnd{Batch: i})         // after each optimizer step
//	        validation within the epoch -> Step(Validated{...})
//	    Step(TrainEnd{...})                 // after the last batch
//	    validation -> Step(Validated{...})
//	    Step(EpochEnd{...})
//
// A fit ends after the directive that carries Stop; EpochEnd still follows a
// Stop that came within an epoch. Metrics are rounded to float32, as they are
// logged by the original. Nothing here reads a clock or a file: a [State]
// restored at any step gives the same remaining directives.
package phase
