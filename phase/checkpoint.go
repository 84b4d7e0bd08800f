package phase

import (
	"fmt"
	"math"
	"slices"

	"github.com/thaw-go/thaw/lrsched"
)

// keeping is the memory of what was saved.
type keeping struct {
	// Kept are the ranked checkpoints in the order they were saved.
	Kept []entry `json:"kept,omitempty"`
	// Best is the best one and what restoring it needs.
	Best *best `json:"best,omitempty"`
	// Last is the moving checkpoint.
	Last *Ref `json:"last,omitempty"`
	// SavedAt is the optimizer step of the latest save; a step is saved once.
	SavedAt int `json:"saved_at"`
	// Phase in which the latest ranked checkpoint was saved.
	Phase int `json:"phase"`
	// Names that were handed out or found in the directory.
	Names []string `json:"names,omitempty"`
}

// entry is a ranked checkpoint.
type entry struct {
	Ref
	Score lrsched.Real `json:"score"`
}

// best is the checkpoint that a change of phase restores, with the table and
// the LR scheduler as they were when it was saved.
type best struct {
	entry
	Phase     int        `json:"phase"`
	Groups    []Group    `json:"groups"`
	Scheduler *scheduler `json:"scheduler,omitempty"`
	Optimizer string     `json:"optimizer"`
}

func (c *Checkpoint) check() error {
	switch {
	case c.Mode != "" && c.Mode != "min" && c.Mode != "max":
		return fmt.Errorf("checkpoint: mode must be min or max, not %q", c.Mode)
	case c.SaveTopK < -1:
		return fmt.Errorf("checkpoint: save_top_k must be -1 or more, it is %d", c.SaveTopK)
	case c.Monitor == "" && c.SaveTopK > 1:
		return fault("set monitor, or save_top_k to -1, 0 or 1", "checkpoint: save_top_k %d needs a monitor to rank by", c.SaveTopK)
	case c.EveryNEpochs < 0 || c.EveryNTrainSteps < 0:
		return fmt.Errorf("checkpoint: every_n_epochs and every_n_train_steps must not be negative")
	case c.EveryNEpochs > 0 && c.EveryNTrainSteps > 0:
		return fmt.Errorf("checkpoint: every_n_epochs and every_n_train_steps exclude each other")
	}
	return checkFilename(c.Filename)
}

// epochs is every_n_epochs in force: 1 unless steps set the rhythm.
func (c *Checkpoint) epochs() int {
	if c.EveryNEpochs == 0 && c.EveryNTrainSteps == 0 && !c.ByTime {
		return 1
	}
	return c.EveryNEpochs
}

func (c *Checkpoint) better(a, b lrsched.Real) bool {
	if c.Mode == "max" {
		return a > b
	}
	return a < b
}

// worst is the kept checkpoint that the next better one replaces: the first of
// the worst ones.
func (c *Checkpoint) worst(kept []entry) int {
	w := 0
	for i := range kept {
		if c.better(kept[w].Score, kept[i].Score) {
			w = i
		}
	}
	return w
}

// leader is the first of the best ones.
func (c *Checkpoint) leader(kept []entry) int {
	b := 0
	for i := range kept {
		if c.better(kept[i].Score, kept[b].Score) {
			b = i
		}
	}
	return b
}

// full tells whether a new checkpoint must replace a kept one.
func (c *Checkpoint) full(kept []entry) bool { return c.SaveTopK >= 0 && len(kept) >= c.SaveTopK }

// saveRanked saves a checkpoint if its metric earns a place among the best.
func (m *Machine) saveRanked(d *Directive) error {
	c, k := m.cfg.Checkpoint, &m.st.Keeping
	if c.SaveTopK == 0 {
		return nil
	}
	if c.Monitor == "" {
		m.saveUnranked(d)
		return nil
	}
	value, ok := m.st.Metrics[c.Monitor]
	if !ok {
		if !m.st.HasValidated {
			return nil
		}
		return m.unlogged("checkpoint", c.Monitor)
	}
	if math.IsNaN(float64(value)) { // ranked last, as the original does
		value = lrsched.Real(math.Inf(1))
		if c.Mode == "max" {
			value = lrsched.Real(math.Inf(-1))
		}
	}
	var dropped *Ref
	if c.full(k.Kept) {
		w := c.worst(k.Kept)
		if !c.better(value, k.Kept[w].Score) {
			return nil
		}
		dropped = &k.Kept[w].Ref
		k.Kept = slices.Delete(slices.Clone(k.Kept), w, w+1)
	}
	e := entry{Ref: m.freshName(c.Filename, dropped), Score: value}
	k.Kept = append(slices.Clone(k.Kept), e)
	k.Phase = m.st.Phase
	lead := k.Kept[c.leader(k.Kept)]
	isBest := lead.Ref == e.Ref
	if isBest || k.Best == nil {
		m.markBest(e)
	}
	m.save(d, Save{Ref: e.Ref, Best: isBest})
	m.drop(d, dropped)
	return nil
}

// saveUnranked keeps the latest checkpoint, or all of them.
func (m *Machine) saveUnranked(d *Directive) {
	k := &m.st.Keeping
	var previous *Ref
	if k.Best != nil && m.cfg.Checkpoint.SaveTopK == 1 {
		previous = &k.Best.Ref
	}
	e := entry{Ref: m.freshName(m.cfg.Checkpoint.Filename, previous)}
	k.Phase = m.st.Phase
	m.markBest(e)
	m.save(d, Save{Ref: e.Ref, Best: true})
	m.drop(d, previous)
}

// markBest notes what restoring e will need.
func (m *Machine) markBest(e entry) {
	m.st.Keeping.Best = &best{entry: e, Phase: m.st.Phase, Groups: clone(m.st.Groups), Scheduler: m.schedulerState(), Optimizer: m.opt.name}
}

// saveLast writes the moving checkpoint.
func (m *Machine) saveLast(d *Directive) {
	c, k := m.cfg.Checkpoint, &m.st.Keeping
	if !c.SaveLast {
		return
	}
	previous := k.Last
	ref := m.freshName("last", previous)
	k.Last = &ref
	m.save(d, Save{Ref: ref, Last: true})
	if previous != nil && *previous != ref {
		m.drop(d, previous)
	}
}

func (m *Machine) save(d *Directive, s Save) {
	m.st.Keeping.SavedAt = m.st.Step
	d.Save = append(d.Save, s)
}

// drop asks for a checkpoint's removal, unless it lies in the directory of an
// earlier session or was just written again under its name.
func (m *Machine) drop(d *Directive, r *Ref) {
	if r == nil || r.Dir != m.cfg.Checkpoint.Dir {
		return
	}
	for _, s := range d.Save {
		if s.Ref == *r {
			return
		}
	}
	m.st.Keeping.Names = slices.DeleteFunc(slices.Clone(m.st.Keeping.Names), func(n string) bool { return n == r.Name })
	d.Drop = append(d.Drop, *r)
}

// freshName is the checkpoint's name by the pattern; a name that is taken,
// other than by the checkpoint that is replaced, gets a suffix.
func (m *Machine) freshName(pattern string, replaced *Ref) Ref {
	k := &m.st.Keeping
	base := m.fileName(pattern)
	name := base
	for v := 1; slices.Contains(k.Names, name) && (replaced == nil || replaced.Name != name || replaced.Dir != m.cfg.Checkpoint.Dir); v++ {
		name = fmt.Sprintf("%s-v%d", base, v)
	}
	if !slices.Contains(k.Names, name) {
		k.Names = append(slices.Clone(k.Names), name)
	}
	return Ref{Name: name, Dir: m.cfg.Checkpoint.Dir}
}

// kept tells whether the step was saved already: then nothing new can be.
func (m *Machine) alreadySaved() bool { return m.st.Keeping.SavedAt == m.st.Step }

// afterValidation saves where validation sets the rhythm.
func (m *Machine) saveAfterValidation(d *Directive) error {
	c := m.cfg.Checkpoint
	if c == nil || c.SaveOnTrainEpochEnd || m.alreadySaved() {
		return nil
	}
	return m.saveEpochly(d)
}

// saveAfterEpoch saves where the end of the epoch sets the rhythm.
func (m *Machine) saveAfterEpoch(d *Directive) error {
	c := m.cfg.Checkpoint
	if c == nil || !c.SaveOnTrainEpochEnd || m.alreadySaved() {
		return nil
	}
	return m.saveEpochly(d)
}

func (m *Machine) saveEpochly(d *Directive) error {
	c := m.cfg.Checkpoint
	if n := c.epochs(); n >= 1 && (m.st.Epoch+1)%n == 0 {
		if err := m.saveRanked(d); err != nil {
			return err
		}
	}
	m.saveLast(d)
	return nil
}

// saveAfterStep saves where steps or the clock set the rhythm.
func (m *Machine) saveAfterStep(d *Directive, byClock bool) error {
	c := m.cfg.Checkpoint
	if c == nil || m.alreadySaved() {
		return nil
	}
	bySteps := c.EveryNTrainSteps >= 1 && m.st.Step%c.EveryNTrainSteps == 0
	if !bySteps && !(byClock && c.ByTime) {
		return nil
	}
	if err := m.saveRanked(d); err != nil {
		return err
	}
	m.saveLast(d)
	return nil
}
