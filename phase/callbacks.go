package phase

import (
	"fmt"
	"strings"

	"github.com/thaw-go/thaw/diag"
)

// Callbacks are what a configuration's callbacks section says about early
// stopping and checkpoints.
type Callbacks struct {
	// Scheduled tells that a FinetuningScheduler is among them.
	Scheduled     bool
	EarlyStopping []EarlyStoppingCallback
	Checkpoint    []CheckpointCallback
}

// EarlyStoppingCallback is an EarlyStopping or FTSEarlyStopping; Class is its
// name, perhaps with the path before it.
type EarlyStoppingCallback struct {
	Class string
	EarlyStopping
}

// CheckpointCallback is a ModelCheckpoint or FTSCheckpoint.
type CheckpointCallback struct {
	Class string
	Checkpoint
}

// Complete gives early stopping and checkpoints as a fit uses them. With a
// FinetuningScheduler both are there even if nobody asked, watching val_loss;
// the classes of Lightning keep every option and act phase by phase.
func (c Callbacks) Complete(epochTransitionsOnly bool) (*EarlyStopping, *Checkpoint, diag.List, error) {
	if len(c.EarlyStopping) > 1 || len(c.Checkpoint) > 1 {
		what := "EarlyStopping"
		if len(c.Checkpoint) > 1 {
			what = "ModelCheckpoint"
		}
		return nil, nil, nil, fault("please provide a maximum of one", "use of multiple %s callbacks is not currently supported", what)
	}
	if !c.Scheduled {
		return c.plain()
	}
	var notes diag.List
	es := c.stopping(epochTransitionsOnly, &notes)
	return es, c.checkpoint(&notes), notes, nil
}

// plain gives what was asked for, in a fit without phases.
func (c Callbacks) plain() (es *EarlyStopping, ck *Checkpoint, notes diag.List, err error) {
	const alone = "%s is intended for use with a FinetuningScheduler; without one, please use the standard %s callback"
	for i := range c.EarlyStopping {
		if isFTS(c.EarlyStopping[i].Class) {
			return nil, nil, nil, fmt.Errorf(alone, "FTSEarlyStopping", "EarlyStopping")
		}
		es = &c.EarlyStopping[i].EarlyStopping
	}
	for i := range c.Checkpoint {
		if isFTS(c.Checkpoint[i].Class) {
			return nil, nil, nil, fmt.Errorf(alone, "FTSCheckpoint", "ModelCheckpoint")
		}
		ck = &c.Checkpoint[i].Checkpoint
	}
	return es, ck, nil, nil
}

func isFTS(class string) bool {
	return strings.HasPrefix(class[strings.LastIndexByte(class, '.')+1:], "FTS")
}

// stopping is early stopping beside a FinetuningScheduler.
func (c Callbacks) stopping(epochTransitionsOnly bool, notes *diag.List) *EarlyStopping {
	if len(c.EarlyStopping) == 0 {
		if epochTransitionsOnly {
			return nil
		}
		es := DefaultEarlyStopping()
		remark(notes, "there is no early stopping callback. Adding an FTSEarlyStopping that watches %s with a patience of %d", es.Monitor, es.Patience)
		return &es
	}
	es := c.EarlyStopping[0].EarlyStopping
	if !isFTS(c.EarlyStopping[0].Class) {
		remark(notes, "the early stopping callback is an EarlyStopping. Substituting an FTSEarlyStopping with all its options: it ends phases, and in the last one the fit")
	}
	if es.Monitor == "" {
		es.Monitor = defaultMonitor
		remark(notes, "no monitor metric specified for early stopping: it watches %s", es.Monitor)
	}
	return &es
}

const defaultMonitor = "val_loss"

// checkpoint is the checkpoint callback beside a FinetuningScheduler.
func (c Callbacks) checkpoint(notes *diag.List) *Checkpoint {
	if len(c.Checkpoint) == 0 {
		ck := DefaultCheckpoint()
		remark(notes, "there is no checkpoint callback, which stands for a ModelCheckpoint. Substituting one that acts as FTSCheckpoint and ranks by %s", ck.Monitor)
		return &ck
	}
	ck := c.Checkpoint[0].Checkpoint
	if isFTS(c.Checkpoint[0].Class) {
		return &ck
	}
	remark(notes, "the checkpoint callback is a ModelCheckpoint. Substituting one with all its options that acts as FTSCheckpoint: it knows phases")
	if ck.Monitor == "" {
		ck.Monitor = defaultMonitor
		remark(notes, "no monitor metric specified for checkpoints: they are ranked by %s", ck.Monitor)
	}
	return &ck
}

func remark(notes *diag.List, format string, args ...any) {
	*notes = append(*notes, diag.Finding{Severity: diag.Note, Code: "callbacks", Message: fmt.Sprintf(format, args...)})
}
