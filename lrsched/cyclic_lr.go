package lrsched

import (
	"errors"
	"fmt"
	"math"
)

// CyclicLR swings the LR between base_lr and max_lr in triangles:
// c = ⌊1 + t/S⌋, x = 1 + t/S − c, s = x/r or (x − 1)/(r − 1) with S = up + down
// and r = up/S; lr = base + (max − base)·s·k, where k is 1 (triangular),
// 1/2^(c−1) (triangular2), gamma^t (exp_range) or scale_fn. The momentum swings
// the other way. Without base_lr it takes the group's LR, and without max_lr ten
// times base_lr. Source: torch.optim.lr_scheduler; Smith 2017.
type CyclicLR struct {
	BaseLR        PerGroup `json:"base_lr" doc:"lower LR; the group's LR if not given"`
	MaxLR         PerGroup `json:"max_lr" doc:"upper LR; ten times base_lr if not given"`
	StepSizeUp    float64  `json:"step_size_up" doc:"steps from base_lr to max_lr"`
	StepSizeDown  *float64 `json:"step_size_down" doc:"steps back; as up if not given"`
	Mode          string   `json:"mode" doc:"triangular, triangular2 or exp_range"`
	Gamma         float64  `json:"gamma" doc:"base of exp_range"`
	ScaleFn       Formula  `json:"scale_fn" doc:"formula in x that replaces mode"`
	ScaleMode     string   `json:"scale_mode" doc:"what scale_fn's x counts: cycle or iterations"`
	CycleMomentum bool     `json:"cycle_momentum" doc:"whether the momentum (or beta1) swings too"`
	BaseMomentum  PerGroup `json:"base_momentum" doc:"momentum at max_lr"`
	MaxMomentum   PerGroup `json:"max_momentum" doc:"momentum at base_lr"`
}

func (c CyclicLR) validate() error {
	switch c.Mode {
	case "triangular", "triangular2", "exp_range":
	default:
		if c.ScaleFn.Lambda == nil {
			return fmt.Errorf("mode: %q is none of triangular, triangular2, exp_range, and scale_fn is not given", c.Mode)
		}
	}
	if c.ScaleMode != "cycle" && c.ScaleMode != "iterations" {
		return fmt.Errorf("scale_mode: want cycle or iterations, got %q", c.ScaleMode)
	}
	if c.StepSizeUp+c.down() == 0 {
		return fmt.Errorf("step_size_up: %w", errZero)
	}
	return nil
}

func (c CyclicLR) down() float64 {
	if c.StepSizeDown != nil {
		return *c.StepSizeDown
	}
	return c.StepSizeUp
}

// Build implements Builder.
func (c CyclicLR) Build(s Site) (Scheduler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	base, maxLR, err := c.bounds(s)
	if err != nil {
		return nil, err
	}
	if s.Resumed == 0 {
		for i, lr := range base {
			s.Table.Groups[i].LR = lr
		}
	}
	total := c.StepSizeUp + c.down()
	r := &cyclicRule{
		MaxLRs: maxLR, TotalSize: total, StepRatio: c.StepSizeUp / total,
		Mode: c.Mode, Gamma: c.Gamma, ScaleMode: c.ScaleMode, CycleMomentum: c.CycleMomentum, scale: c.ScaleFn.Lambda,
	}
	if r.scale == nil {
		r.ScaleMode = "cycle"
		if c.Mode == "exp_range" {
			r.ScaleMode = "iterations"
		}
	}
	if c.CycleMomentum {
		if r.momentumCycle, err = cycleMomentum(s, c.BaseMomentum, c.MaxMomentum); err != nil {
			return nil, err
		}
	}
	run, err := start(s, "CyclicLR", r)
	if err != nil {
		return nil, err
	}
	// Torch sets base_lr only after the initial step, which therefore starts from
	// the groups' initial LRs.
	run.BaseLR = base
	return run, nil
}

// bounds are the groups' base and max LRs.
func (c CyclicLR) bounds(s Site) (base, upper []float64, err error) {
	if c.BaseLR.Given() {
		base, err = c.BaseLR.spread("base_lr", len(s.Table.Groups))
	} else {
		base = s.Table.LRs()
	}
	if err != nil {
		return nil, nil, err
	}
	if c.MaxLR.Given() {
		upper, err = c.MaxLR.spread("max_lr", len(s.Table.Groups))
	} else {
		upper = make([]float64, len(base))
		for i, lr := range base {
			upper[i] = 10 * lr
		}
	}
	if !c.BaseLR.Given() || !c.MaxLR.Given() {
		s.note(fmt.Sprintf("CyclicLR: base_lr %v, max_lr %v (where not given: the group's LR, and ten times base_lr)", base, upper))
	}
	return base, upper, err
}

type cyclicRule struct {
	MaxLRs        Reals   `json:"max_lrs"`
	TotalSize     float64 `json:"total_size"`
	StepRatio     float64 `json:"step_ratio"`
	Mode          string  `json:"mode"`
	Gamma         float64 `json:"gamma"`
	ScaleMode     string  `json:"scale_mode"`
	CycleMomentum bool    `json:"cycle_momentum"`
	// momentumCycle is nil where the momentum does not swing.
	*momentumCycle
	// Custom is torch's place for a callable object, always null here.
	Custom any `json:"_scale_fn_custom"`
	scale  Lambda
}

func (r *cyclicRule) next(b *base, t *Table) (values, error) {
	cycle := math.Floor(1 + float64(b.Epoch)/r.TotalSize)
	x := 1 + float64(b.Epoch)/r.TotalSize - cycle
	var height float64
	switch {
	case x > r.StepRatio:
		height = (x - 1) / (r.StepRatio - 1)
	case r.StepRatio == 0:
		return values{}, fmt.Errorf("step_size_up: %w", errZero)
	default:
		height = x / r.StepRatio
	}
	at := b.Epoch
	if r.ScaleMode == "cycle" {
		at = int(cycle)
	}
	k, err := r.factor(at)
	if err != nil {
		return values{}, err
	}
	if len(b.BaseLR) != len(r.MaxLRs) {
		return values{}, mismatch(len(r.MaxLRs), t)
	}
	lrs := make([]float64, len(r.MaxLRs))
	for i, lr := range b.BaseLR {
		lrs[i] = lr + (r.MaxLRs[i]-lr)*height*k
	}
	v := values{lrs: lrs}
	if r.CycleMomentum {
		for i, top := range r.MaxMomentums {
			v.momenta = append(v.momenta, top-(top-r.BaseMomentums[i])*height*k)
		}
	}
	return v, nil
}

// factor is the height of the triangle at a cycle or an iteration.
func (r *cyclicRule) factor(at int) (float64, error) {
	switch {
	case r.scale != nil:
		return factor(r.scale, at)
	case r.Mode == "triangular2":
		return 1 / pow(2, float64(at-1)), nil
	case r.Mode == "exp_range":
		return pow(r.Gamma, float64(at)), nil
	}
	return 1, nil
}

// extend lets a late group swing up from its LR as far as the first group does.
func (r *cyclicRule) extend(b *base, t *Table, lrs []float64) error {
	for i, lr := range lrs {
		top := r.MaxLRs[0]
		if b.BaseLR[0] != 0 {
			top = lr * r.MaxLRs[0] / b.BaseLR[0]
		}
		r.MaxLRs = append(r.MaxLRs, top)
		if r.CycleMomentum {
			r.join(&t.Groups[len(t.Groups)-len(lrs)+i])
		}
	}
	return nil
}

func (r *cyclicRule) loaded(b *base) error {
	if len(r.MaxLRs) != len(b.BaseLR) || r.CycleMomentum && (len(r.MaxMomentums) != len(b.BaseLR) || len(r.BaseMomentums) != len(b.BaseLR)) {
		return errors.New("its lists differ in length")
	}
	return nil
}
