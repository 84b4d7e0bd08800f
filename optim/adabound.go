package optim

import "math"

// AdaBound is torch_optimizer.AdaBound (Luo et al., Adaptive Gradient Methods
// with Dynamic Bound of Learning Rate, 2019): m and v as in Adam, η =
// lr·√(1−β2ᵗ)/(1−β1ᵗ)/(√v+eps) within final·(1 − 1/(γt+1)) and final·(1 +
// 1/(γt)), w −= η·m; final is final_lr scaled as lr has been since the
// parameter's first step.
type AdaBound struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	FinalLR     float64    `json:"final_lr" doc:"learning rate of the SGD that it turns into, not negative"`
	Gamma       float64    `json:"gamma" doc:"how fast the bounds close, in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	AMSBound    bool       `json:"amsbound" doc:"divide by the largest second moment so far"`
}

// DefaultAdaBound is torch_optimizer's defaults.
func DefaultAdaBound() AdaBound {
	return AdaBound{LR: 1e-3, Betas: [2]float64{.9, .999}, FinalLR: .1, Gamma: 1e-3, Eps: 1e-8}
}

var adaBoundEntry = entry{
	name: "AdaBound", rule: DefaultAdaBound(), doc: "Adam whose rates are bounded more and more tightly",
	formula: "η = clamp(lr·√(1−β2ᵗ)/(1−β1ᵗ)/(√v + eps), final_lr·(1 − 1/(γt+1)), final_lr·(1 + 1/(γt))); w −= η·m",
	source:  "Luo et al., Adaptive Gradient Methods with Dynamic Bound of Learning Rate, 2019", paths: []string{"torch_optimizer.AdaBound"},
}

// Check implements Rule.
func (o AdaBound) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkAtLeastZero("final learning rate", o.FinalLR), checkShare("gamma parameter", o.Gamma))
}

// Layout implements Rule.
func (o AdaBound) Layout(shape []int) Layout {
	l := tensors("exp_avg", "exp_avg_sq").with(o.AMSBound, Tensor{Name: "max_exp_avg_sq"})
	l.Scalars = []Scalar{{"base_lr", o.LR}}
	return l
}

// Update32 implements Updater.
func (o AdaBound) Update32(c *Cell[float32]) { adaBound(&o, c) }

// Update64 implements Updater.
func (o AdaBound) Update64(c *Cell[float64]) { adaBound(&o, c) }

func adaBound[T Float](o *AdaBound, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	k1, a1, k2, a2 := T(b1), T(1-b1), T(b2), T(1-b2)
	step := T(o.LR * math.Sqrt(1-math.Pow(b2, t)) / (1 - math.Pow(b1, t)))
	final := o.FinalLR
	if base := c.Scalars[0]; base != 0 {
		final *= o.LR / base
	}
	least, most := T(final*(1-1/(o.Gamma*t+1))), T(final*(1+1/(o.Gamma*t)))
	eps, wd := T(o.Eps), T(o.WeightDecay)
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		m[i] = k1*m[i] + a1*g
		v[i] = k2*v[i] + a2*g*g
		x := v[i]
		if o.AMSBound {
			c.S[2][i] = max(c.S[2][i], x)
			x = c.S[2][i]
		}
		w[i] -= min(max(step/(sqrt(x)+eps), least), most) * m[i]
	}
}
