package optim

import "math"

// AdEMAMix is pytorch_optimizer.AdEMAMix (Pagliardini et al., The AdEMAMix
// Optimizer: Better, Faster, Older, 2024): m and v as in Adam and a slow
// average s = lerp(s, g, 1−β3), w −= lr·(m̂ + α·s)/(√v̂+eps). With
// t_alpha_beta3 = T, α rises linearly to its value in T steps, and β3 from β1
// in half-lives.
type AdEMAMix struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [3]float64 `json:"betas" doc:"decay of the average of the gradient, of its square, and of the slow average, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Alpha       float64    `json:"alpha" doc:"weight of the slow average, not negative"`
	Rise        *float64   `json:"t_alpha_beta3" doc:"steps in which alpha and the third beta reach their values; null: they have them"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdEMAMix is pytorch_optimizer's defaults.
func DefaultAdEMAMix() AdEMAMix {
	return AdEMAMix{LR: 1e-3, Betas: [3]float64{.9, .999, .9999}, Alpha: 5, Eps: 1e-8}
}

var adEMAMixEntry = entry{
	name: "AdEMAMix", rule: DefaultAdEMAMix(), doc: "Adam with a second, slow average",
	formula: "w −= lr·(m̂ + α·s)/(√v̂ + eps)",
	source:  "Pagliardini et al., The AdEMAMix Optimizer: Better, Faster, Older, 2024", paths: []string{"pytorch_optimizer.AdEMAMix"},
}

// Check implements Rule.
func (o AdEMAMix) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkAtLeastZero("alpha value", o.Alpha))
}

// Layout implements Rule.
func (o AdEMAMix) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq", "exp_avg_slow") }

// Update32 implements Updater.
func (o AdEMAMix) Update32(c *Cell[float32]) { adEMAMix(&o, c) }

// Update64 implements Updater.
func (o AdEMAMix) Update64(c *Cell[float64]) { adEMAMix(&o, c) }

func adEMAMix[T Float](o *AdEMAMix, c *Cell[T]) {
	b1, b2, t := o.Betas[0], o.Betas[1], float64(c.Step)
	alpha, b3 := o.risen(t)
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	first, second := T(1-math.Pow(b1, t)), T(math.Sqrt(1-math.Pow(b2, t)))
	a1, k2, a2, a3, eps, lr, up := T(1-b1), T(b2), T(1-b2), T(1-b3), T(o.Eps), T(o.LR), signed[T](o.Maximize)
	w, m, v, slow := c.W, c.S[0], c.S[1], c.S[2]
	for i, g := range c.G {
		g = penalised(up*g, wd, w[i])
		m[i] = lerp(m[i], g, a1)
		v[i] = k2*v[i] + a2*g*g
		slow[i] = lerp(slow[i], g, a3)
		w[i] = w[i]*decay - lr*(m[i]/first+T(alpha)*slow[i])/(sqrt(v[i])/second+eps)
	}
}

// risen is alpha and the third beta in step t.
func (o *AdEMAMix) risen(t float64) (alpha, beta float64) {
	if o.Rise == nil {
		return o.Alpha, o.Betas[2]
	}
	l1, l3, share := math.Log(o.Betas[0]), math.Log(o.Betas[2]), t / *o.Rise
	return min(share*o.Alpha, o.Alpha), min(math.Exp(l1*l3/((1-share)*l3+share*l1)), o.Betas[2])
}
