package optim

// FlashLARS is flash.core.optimizers.LARS: LARS with another trust coefficient.
type FlashLARS struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Momentum    float64 `json:"momentum" doc:"share of the last direction that is kept, not negative"`
	Dampening   float64 `json:"dampening" doc:"share of the gradient that does not enter the momentum"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty; the scaling takes place only with one"`
	Nesterov    bool    `json:"nesterov" doc:"look ahead along the momentum"`
	Trust       float64 `json:"trust_coefficient" doc:"size of a step against that of the weights, not negative"`
	Eps         float64 `json:"eps" doc:"added to the denominator, not negative"`
}

// DefaultFlashLARS is Lightning Flash's defaults, with LARS's learning rate, which
// Flash demands.
func DefaultFlashLARS() FlashLARS { return FlashLARS{LR: 1e-2, Trust: 1e-3, Eps: 1e-8} }

var flashLARSEntry = entry{
	name: "FlashLARS", rule: DefaultFlashLARS(), doc: "LARS as Lightning Flash has it",
	formula: larsEntry.formula, source: "flash.core.optimizers.LARS; You et al. 2017", paths: []string{"flash.core.optimizers.LARS"},
}

// Check implements Rule.
func (o FlashLARS) Check() error { return o.plain().Check() }

func (o FlashLARS) plain() LARS { return LARS(o) }

// Layout implements Rule.
func (o FlashLARS) Layout(shape []int) Layout { return o.plain().Layout(shape) }

// Whole implements Whole: norms are over all elements.
func (o FlashLARS) Whole() bool { return true }

// Update32 implements Updater.
func (o FlashLARS) Update32(c *Cell[float32]) { o.plain().Update32(c) }

// Update64 implements Updater.
func (o FlashLARS) Update64(c *Cell[float64]) { o.plain().Update64(c) }
