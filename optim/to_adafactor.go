package optim

import (
	"maps"

	"github.com/thaw-go/thaw/registry"
)

// TOAdafactor is torch_optimizer.Adafactor: HFAdafactor with other names and
// with no objection to a learning rate beside relative_step, which has no effect
// then. In a stack of as many matrices as they have rows, it divides row i of
// each matrix by the mean of matrix i, as the original does by a slip of
// broadcasting.
type TOAdafactor struct {
	LR             float64    `json:"lr" doc:"learning rate; 0 (null too) with relative_step"`
	Eps2           [2]float64 `json:"eps2" doc:"added to the squared gradient, and least RMS of the weights"`
	ClipThreshold  float64    `json:"clip_threshold" doc:"largest RMS of an update before the rate"`
	DecayRate      float64    `json:"decay_rate" doc:"power of t by which the second moment forgets"`
	Beta1          *float64   `json:"beta1" doc:"decay of the average of the updates; null: none"`
	WeightDecay    float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	ScaleParameter bool       `json:"scale_parameter" doc:"scale the rate by the weights' RMS"`
	RelativeStep   bool       `json:"relative_step" doc:"take the rate from the number of steps"`
	WarmupInit     bool       `json:"warmup_init" doc:"begin with small relative steps"`
}

// DefaultTOAdafactor is torch_optimizer's defaults.
func DefaultTOAdafactor() TOAdafactor {
	return TOAdafactor{Eps2: [2]float64{1e-30, 1e-3}, ClipThreshold: 1, DecayRate: -.8, ScaleParameter: true, RelativeStep: true}
}

var toAdafactorEntry = entry{
	name: "TOAdafactor", rule: DefaultTOAdafactor(), doc: "Adafactor as in torch_optimizer, with a rate of its own",
	formula: hfAdafactorEntry.formula, source: "torch_optimizer.Adafactor; Shazeer and Stern 2018", paths: []string{"torch_optimizer.Adafactor"},
}

// Check implements Rule.
func (o TOAdafactor) Check() error { return checkRate(o.LR, o.WeightDecay) }

// bind reads a learning rate of null.
func (o TOAdafactor) bind(_ *Catalog, args registry.Args) (Rule, registry.Args, error) {
	if v, has := args["lr"]; has && v == nil {
		args = maps.Clone(args)
		delete(args, "lr")
		o.LR = 0
	}
	return o, args, nil
}

// plain is the rule by transformers' names.
func (o TOAdafactor) plain() HFAdafactor {
	return HFAdafactor{
		o.LR, o.Eps2, o.ClipThreshold, o.DecayRate, o.Beta1, o.WeightDecay, o.ScaleParameter, o.RelativeStep, o.WarmupInit,
	}
}

// Layout implements Rule.
func (o TOAdafactor) Layout(shape []int) Layout { return o.plain().Layout(shape) }

// Whole implements Whole.
func (o TOAdafactor) Whole() bool { return true }

// Update32 implements Updater.
func (o TOAdafactor) Update32(c *Cell[float32]) { h := o.plain(); hfAdafactor(&h, c, true) }

// Update64 implements Updater.
func (o TOAdafactor) Update64(c *Cell[float64]) { h := o.plain(); hfAdafactor(&h, c, true) }
