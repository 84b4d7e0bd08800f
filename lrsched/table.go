package lrsched

import "slices"

// Momentum says what a scheduler that cycles the momentum writes.
type Momentum int

// An optimizer has no momentum, one, or betas of which the first is one.
const (
	NoMomentum Momentum = iota
	PlainMomentum
	Beta1
)

// Table is what schedulers see of an optimizer: its parameter groups.
type Table struct {
	Groups []Group `json:"groups"`
	// DefaultLR is the LR that the optimizer was made with, which a group may
	// override (torch's optimizer.defaults["lr"]).
	DefaultLR float64 `json:"default_lr"`
	// Momentum tells what Group.Momentum stands for.
	Momentum Momentum `json:"momentum,omitempty"`
}

// Group is one parameter group. What schedulers leave in it is named as in
// torch's param_groups, and outlives them.
type Group struct {
	// LR is the learning rate of the next optimizer step.
	LR float64 `json:"lr"`
	// Momentum is the momentum or beta1 of the next optimizer step.
	Momentum float64 `json:"momentum,omitempty"`
	// InitialLR is the base LR that the first scheduler recorded; a later
	// scheduler starts from it.
	InitialLR Setting `json:"initial_lr,omitzero"`
	// MaxLR and MinLR are the peak and the end of OneCycleLR.
	MaxLR Setting `json:"max_lr,omitzero"`
	MinLR Setting `json:"min_lr,omitzero"`
	// MaxMomentum and BaseMomentum bound what CyclicLR and OneCycleLR cycle.
	MaxMomentum  Setting `json:"max_momentum,omitzero"`
	BaseMomentum Setting `json:"base_momentum,omitzero"`
	// SWALR is where SWALR anneals to.
	SWALR Setting `json:"swa_lr,omitzero"`
	// OwnLR is the step size that an optimizer with relative steps chose itself
	// (Adafactor); adafactor_schedule reports it.
	OwnLR Setting `json:"own_lr,omitzero"`
}

// Setting is a number that may be absent.
type Setting struct {
	Value float64 `json:"value"`
	Set   bool    `json:"set"`
}

// At is the setting v.
func At(v float64) Setting { return Setting{v, true} }

// NewTable makes a table with one group for each LR; the first is the default.
func NewTable(lrs ...float64) *Table {
	t := &Table{Groups: make([]Group, len(lrs))}
	for i, lr := range lrs {
		t.Groups[i].LR = lr
	}
	if len(lrs) > 0 {
		t.DefaultLR = lrs[0]
	}
	return t
}

// Clone copies the table.
func (t *Table) Clone() *Table {
	c := *t
	c.Groups = slices.Clone(t.Groups)
	return &c
}

// LRs lists the groups' learning rates.
func (t *Table) LRs() []float64 {
	lrs := make([]float64, len(t.Groups))
	for i, g := range t.Groups {
		lrs[i] = g.LR
	}
	return lrs
}
