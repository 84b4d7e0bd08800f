package lrsched

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// SequentialLR runs its schedulers one after the other: number k starts at its
// own t = 0 on milestone k−1. Of equal milestones the last one counts, and a
// milestone 0 starts with the second scheduler. Source:
// torch.optim.lr_scheduler.
type SequentialLR struct {
	Schedulers Members `json:"schedulers" arg:"required" doc:"schedulers in order, each as a name, [name, args] or {class_path, init_args}"`
	Milestones []int   `json:"milestones" arg:"required" doc:"steps at which the next scheduler takes over, ascending"`
}

func (c SequentialLR) members() []Builder { return c.Schedulers }

func (c SequentialLR) validate() error {
	if len(c.Schedulers) == 0 {
		return errors.New("at least one scheduler is expected, but got none")
	}
	if len(c.Milestones) != len(c.Schedulers)-1 {
		return fmt.Errorf("milestones: there must be one scheduler more than milestones, got %d schedulers and %d milestones", len(c.Schedulers), len(c.Milestones))
	}
	return nil
}

// Build implements Builder. As in torch, the constructors of all schedulers
// have run on the groups before the LR is set back to the initial one; what they
// leave in a group (a cycle's initial LR) stays.
func (c SequentialLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	list, err := c.Schedulers.build(s, c.horizon)
	if err != nil {
		return nil, err
	}
	q := &sequential{Milestones: slices.Clone(c.Milestones), Epoch: s.Resumed}
	q.list = list
	for i := range s.Table.Groups {
		g := &s.Table.Groups[i]
		g.LR = g.InitialLR.Value
	}
	q.undo()
	first := q.list[q.part(0)]
	if err := first.initialStep(s.Table); err != nil {
		return nil, named(first.Class(), err)
	}
	q.Last = first.LastLRs()
	return q, nil
}

// horizon is how long part i of a run of total steps is in charge.
func (c SequentialLR) horizon(i, total int) int {
	begin := 0
	if i > 0 {
		begin = c.Milestones[i-1]
	}
	if i < len(c.Milestones) {
		return max(0, c.Milestones[i]-begin)
	}
	return max(0, total-begin)
}

type sequential struct {
	parts
	Milestones []int
	Epoch      int
}

// part is the index of the scheduler that is in charge at an epoch.
func (q *sequential) part(epoch int) int {
	i, _ := slices.BinarySearch(q.Milestones, epoch+1)
	return i
}

// Class implements Scheduler.
func (q *sequential) Class() string { return "SequentialLR" }

// LastEpoch implements Scheduler.
func (q *sequential) LastEpoch() int { return q.Epoch }

// Step implements Scheduler.
func (q *sequential) Step(t *Table) error {
	q.Epoch++
	i := q.part(q.Epoch)
	m := q.list[i]
	var err error
	if i > 0 && q.Milestones[i-1] == q.Epoch {
		err = named(m.Class(), m.restart(t))
	} else {
		err = m.Step(t)
	}
	if err != nil {
		return fmt.Errorf("SequentialLR: epoch %d: %w", q.Epoch, err)
	}
	q.Last = m.LastLRs()
	return nil
}

func (q *sequential) initialStep(t *Table) error { return q.Step(t) }

// LastFactor implements Multiplier: that of the part in charge.
func (q *sequential) LastFactor() (float64, error) {
	if f, ok := q.list[q.part(q.Epoch)].(Multiplier); ok {
		return f.LastFactor()
	}
	return 1, nil
}

type sequentialState struct {
	Milestones []int `json:"_milestones"`
	Epoch      int   `json:"last_epoch"`
	partsState
}

// State implements Scheduler.
func (q *sequential) State() json.RawMessage {
	return merged(sequentialState{slices.Clone(q.Milestones), q.Epoch, q.state()})
}

// Load implements Scheduler.
func (q *sequential) Load(state json.RawMessage) error {
	var s sequentialState
	if err := load("SequentialLR", state, &s); err != nil {
		return err
	}
	if len(s.Milestones) != len(q.list)-1 {
		return fmt.Errorf("SequentialLR: the state has %d milestones, want %d", len(s.Milestones), len(q.list)-1)
	}
	if err := q.parts.load("SequentialLR", s.partsState); err != nil {
		return err
	}
	q.Milestones, q.Epoch = s.Milestones, s.Epoch
	return nil
}
