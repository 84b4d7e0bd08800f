// Package trainer is the loop: fit, validate, predict. It decides nothing about
// phases and learning rates: a phase.Machine does, and the trainer applies its
// directives.
//
// The order of one fit, pinned by TestOrder:
//
//	open the run folder; find the checkpoint to continue from
//	build the machine (phase.New or phase.Restore)
//	FitStart, or Resumed
//	for each epoch E:
//	    EpochStart{E}                          -> directive
//	    for each batch:
//	        forward on the tape, loss, backward
//	        every accumulate_grad_batches, and at the last batch:
//	            clip, optimizer step
//	            StepEnd{batch}                 -> directive
//	        where val_check_interval says so:
//	            validate; Validated{metrics}   -> directive; save
//	    TrainEnd{metrics}                      -> directive
//	    validate; Validated{metrics}           -> directive; save
//	    EpochEnd{metrics}                      -> directive; save where no validation did
//
// With one validation an epoch, TrainEnd comes before it, as in Lightning, where
// epoch-interval LR schedulers step right after the last batch.
//
// A directive is applied in this order: restore the checkpoint's weights (and
// optimizer state); re-create the optimizer; set which parameters are trained
// and how frozen BatchNorm behaves; regroup; set learning rates; write
// checkpoints, then drop the ones no longer wanted; stop.
//
// A cancelled context is seen after the current batch: the position is saved
// and Fit returns with Result.Interrupted. Calling Fit again with the same
// configuration and folder continues from there, bit for bit.
package trainer
