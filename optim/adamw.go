package optim

import "github.com/thaw-go/thaw/registry"

// AdamW is torch.optim.AdamW, Adam with decoupled weight decay: w is scaled by
// 1−lr·wd before the update of Adam (Loshchilov and Hutter, Decoupled Weight
// Decay Regularization, 2019).
type AdamW struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decoupled weight decay, not negative"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdamW is torch's defaults.
func DefaultAdamW() AdamW {
	return AdamW{LR: 1e-3, Betas: [2]float64{.9, .999}, Eps: 1e-8, WeightDecay: 1e-2}
}

var adamWEntry = entry{
	name: "AdamW", rule: DefaultAdamW(), doc: "Adam with decoupled weight decay",
	formula: "w = w·(1−lr·wd); then as Adam: w −= lr·m̂/(√v̂ + eps)", source: "torch.optim.AdamW; Loshchilov and Hutter 2019",
}

// Adam is the same rule as an Adam.
func (o AdamW) Adam() Adam {
	return Adam{o.LR, o.Betas, o.Eps, o.WeightDecay, o.AMSGrad, o.Maximize, true}
}

// Check implements Rule.
func (o AdamW) Check() error { return o.Adam().Check() }

// Layout implements Rule.
func (o AdamW) Layout(shape []int) Layout { return o.Adam().Layout(shape) }

// Implied implements Implied: torch's AdamW is its Adam with this option.
func (o AdamW) Implied() registry.Args { return registry.Args{"decoupled_weight_decay": true} }

// Switches implements Switched.
func (o AdamW) Switches() []string {
	return []string{"foreach", "capturable", "differentiable", "fused"}
}

// Update32 implements Updater.
func (o AdamW) Update32(c *Cell[float32]) { a := o.Adam(); adam(&a, c) }

// Update64 implements Updater.
func (o AdamW) Update64(c *Cell[float64]) { a := o.Adam(); adam(&a, c) }
