// Package schedule holds fine-tuning schedules: which parameters train from
// which phase on, at which learning rate, and when the next phase begins.
//
// A document is parsed from a positioned tree into a [Schedule] (names and
// patterns as written), and resolved against the parameters of a model into an
// immutable [Plan] (names only). The grammar is finetuning-scheduler's:
//
//	0:                              # phases count from 0, without holes
//	  params:                       # exact names, or regular expressions that
//	  - model.classifier.bias       # match at the start of a name
//	  - model.classifier.weight
//	  max_transition_epoch: 3       # phase 1 begins at epoch 3 at the latest
//	1:
//	  params:                       # brace ranges; =name is a whole-name match
//	  - model.layer.{8..11}.*
//	  lr: 1.0e-05                   # of the groups that this phase adds
//	  new_lr_scheduler: {lr_scheduler_init: {class_path: StepLR, init_args: {step_size: 1}}}
//	2:
//	  params: [rest]                # what no other phase names
//	  new_optimizer: {optimizer_init: {class_path: AdamW, init_args: {lr: 1.0e-05}}}
package schedule
