package lrsched

import (
	"encoding/json"
	"errors"
	"fmt"
)

// ChainedScheduler steps its schedulers together, each on what the one before
// left: recursive ones multiply their factors, and one that overwrites the LR
// (LambdaLR, warm restarts, cycles) discards what came before it. Source:
// torch.optim.lr_scheduler.
type ChainedScheduler struct {
	Schedulers Members `json:"schedulers" arg:"required" doc:"schedulers in order, each as a name, [name, args] or {class_path, init_args}"`
}

func (c ChainedScheduler) members() []Builder { return c.Schedulers }

func (c ChainedScheduler) validate() error {
	if len(c.Schedulers) == 0 {
		return errors.New("at least one scheduler to be chained is expected, but got none")
	}
	return nil
}

// Build implements Builder.
func (c ChainedScheduler) Build(s Site) (Scheduler, error) {
	list, err := c.Schedulers.build(s, func(_, total int) int { return total })
	if err != nil {
		return nil, err
	}
	return &chained{parts{list, s.Table.LRs()}}, nil
}

type chained struct{ parts }

// Class implements Scheduler.
func (c *chained) Class() string { return "ChainedScheduler" }

// LastEpoch implements Scheduler: that of the first part.
func (c *chained) LastEpoch() int { return c.list[0].LastEpoch() }

// Step implements Scheduler.
func (c *chained) Step(t *Table) error {
	for _, m := range c.list {
		if err := m.Step(t); err != nil {
			return fmt.Errorf("ChainedScheduler: %w", err)
		}
	}
	c.Last = t.LRs()
	return nil
}

func (c *chained) initialStep(t *Table) error { return c.Step(t) }

// State implements Scheduler.
func (c *chained) State() json.RawMessage { return merged(c.state()) }

// Load implements Scheduler.
func (c *chained) Load(state json.RawMessage) error {
	var s partsState
	if err := load("ChainedScheduler", state, &s); err != nil {
		return err
	}
	return c.load("ChainedScheduler", s)
}
