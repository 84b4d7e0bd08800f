package optim

// Tiger is pytorch_optimizer.Tiger (Su, Tiger: A Tight-fisted Optimizer, 2023):
// m = lerp(m, g, 1−β), w −= lr·sign(m), with weight decay.
type Tiger struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Beta        float64 `json:"beta" doc:"decay of the average, in [0,1)"`
	WeightDecay float64 `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool    `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool    `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultTiger is pytorch_optimizer's defaults.
func DefaultTiger() Tiger { return Tiger{LR: 1e-3, Beta: .965, WeightDecay: .01, Decouple: true} }

var tigerEntry = entry{
	name: "Tiger", rule: DefaultTiger(), doc: "the sign of an average, with the least memory",
	formula: "m = lerp(m, g, 1−β); w −= lr·sign(m)",
	source:  "Su, Tiger: A Tight-fisted Optimizer, 2023", paths: []string{"pytorch_optimizer.Tiger"},
}

// Check implements Rule.
func (o Tiger) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkShare("beta parameter", o.Beta))
}

// Layout implements Rule.
func (o Tiger) Layout([]int) Layout { return tensors("exp_avg") }

// Update32 implements Updater.
func (o Tiger) Update32(c *Cell[float32]) { tiger(&o, c) }

// Update64 implements Updater.
func (o Tiger) Update64(c *Cell[float64]) { tiger(&o, c) }

func tiger[T Float](o *Tiger, c *Cell[T]) {
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	lr, a, up := T(o.LR), T(1-o.Beta), signed[T](o.Maximize)
	w, m := c.W, c.S[0]
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		m[i] = lerp(m[i], g, a)
		w[i] = w[i]*decay - lr*sign(m[i])
	}
}
