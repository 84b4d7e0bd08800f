package trainer

import (
	"github.com/thaw-go/thaw/phase"
	"github.com/thaw-go/thaw/schedule"
	"github.com/thaw-go/thaw/task"
)

// Outlook is what a fit will be like, as far as that is known before it runs.
type Outlook struct {
	// Machine is what the fit's machine will be made of.
	Machine phase.Config
	// Batches and Validations of an epoch; 0 where there are no data.
	Batches, Validations int
	// Metrics are the names that the fit will log.
	Metrics []string
}

// Outlook tells what Fit would do. Without training data the length of an epoch
// is unknown; with them it checks what Fit checks before it starts.
func (tr *Trainer) Outlook(t task.Task, d Data, s Schedule) (Outlook, error) {
	f := &fit{Config: tr.cfg, task: t, data: d, sched: s, rhythm: rhythm{accumulate: 1}}
	if d.Train != nil {
		var err error
		if f, err = tr.prepare(t, d, s); err != nil {
			return Outlook{}, err
		}
	} else if f.sched.Plan == nil {
		f.sched.Plan = schedule.AllAtOnce(t.Network().Params().Infos())
	}
	o := Outlook{Machine: f.machineConfig(), Batches: f.rhythm.batches, Metrics: []string{"train_loss"}}
	if f.data.Val == nil && d.Train != nil {
		return o, nil
	}
	if f.rhythm.valEvery > 0 {
		o.Validations = f.rhythm.batches / f.rhythm.valEvery
	}
	o.Metrics = append(o.Metrics, "val_loss")
	for _, m := range t.Metrics() {
		o.Metrics = append(o.Metrics, "val_"+m.Name)
	}
	return o, nil
}
