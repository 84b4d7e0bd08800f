package optim

import "math"

// ADOPT is pytorch_optimizer.ADOPT (Taniguchi et al., ADOPT: Modified Adam Can
// Converge with Any β2 with the Optimal Rate, 2024): the first step only takes
// v = g²; later ones m = lerp(m, clamp(g/max(√v, eps), ±t^¼), 1−β1), w −= lr·m,
// and then v = β2·v + (1−β2)·g².
type ADOPT struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultADOPT is pytorch_optimizer's defaults.
func DefaultADOPT() ADOPT { return ADOPT{LR: 1e-3, Betas: [2]float64{.9, .9999}, Eps: 1e-6} }

var adoptEntry = entry{
	name: "ADOPT", rule: DefaultADOPT(), doc: "Adam that divides by the second moment of the step before",
	formula: "m = lerp(m, clamp(g/max(√v, eps), ±t^¼), 1−β1); w −= lr·m; v = β2·v + (1−β2)·g²",
	source:  "Taniguchi et al., ADOPT: Modified Adam Can Converge with Any β2 with the Optimal Rate, 2024", paths: []string{"pytorch_optimizer.ADOPT"},
}

// Check implements Rule.
func (o ADOPT) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o ADOPT) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Update32 implements Updater.
func (o ADOPT) Update32(c *Cell[float32]) { adopt(&o, c) }

// Update64 implements Updater.
func (o ADOPT) Update64(c *Cell[float64]) { adopt(&o, c) }

func adopt[T Float](o *ADOPT, c *Cell[T]) {
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	a1, k2, a2 := T(1-o.Betas[0]), T(o.Betas[1]), T(1-o.Betas[1])
	lr, eps, clip, up := T(o.LR), T(o.Eps), T(math.Pow(float64(c.Step), .25)), signed[T](o.Maximize)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		w[i] *= decay
		if c.Step == 1 {
			v[i] += g * g
			continue
		}
		m[i] = lerp(m[i], min(max(g/max(sqrt(v[i]), eps), -clip), clip), a1)
		w[i] -= lr * m[i]
		v[i] = k2*v[i] + a2*g*g
	}
}
