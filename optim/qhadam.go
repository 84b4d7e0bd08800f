package optim

import "math"

// QHAdam is torch_optimizer.QHAdam (Ma and Yarats, Quasi-hyperbolic momentum
// and Adam for deep learning, 2019): m and v as in Adam, corrected for their
// start, w −= lr·(ν1·m + (1−ν1)·g)/(√(ν2·v + (1−ν2)·g²) + eps).
type QHAdam struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Nus         [2]float64 `json:"nus" doc:"shares of the averages in the direction and in the denominator"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"decouple_weight_decay" doc:"decay the weights themselves instead of adding to the gradient"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
}

// DefaultQHAdam is torch_optimizer's defaults.
func DefaultQHAdam() QHAdam {
	return QHAdam{LR: 1e-3, Betas: [2]float64{.9, .999}, Nus: [2]float64{1, 1}, Eps: 1e-8}
}

var qhAdamEntry = entry{
	name: "QHAdam", rule: DefaultQHAdam(), doc: "Adam mixed with the plain gradient",
	formula: "w −= lr·(ν1·m̂ + (1−ν1)·g)/(√(ν2·v̂ + (1−ν2)·g²) + eps)",
	source:  "Ma and Yarats, Quasi-hyperbolic momentum and Adam for deep learning, 2019", paths: []string{"torch_optimizer.QHAdam"},
}

// Check implements Rule.
func (o QHAdam) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o QHAdam) Layout([]int) Layout { return tensors("exp_avg", "exp_avg_sq") }

// Update32 implements Updater.
func (o QHAdam) Update32(c *Cell[float32]) { qhAdam(&o, c) }

// Update64 implements Updater.
func (o QHAdam) Update64(c *Cell[float64]) { qhAdam(&o, c) }

func qhAdam[T Float](o *QHAdam, c *Cell[T]) {
	m1, m2 := T(qhKeep(o.Betas[0], c.Step)), T(qhKeep(o.Betas[1], c.Step))
	n1, n2, lr, eps := T(o.Nus[0]), T(o.Nus[1]), T(o.LR), T(o.Eps)
	decay, wd := T(1), T(o.WeightDecay)
	if o.Decouple {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		w[i] *= decay
		g = penalised(g, wd, w[i])
		m[i] = m1*m[i] + (1-m1)*g
		v[i] = m2*v[i] + (1-m2)*g*g
		w[i] -= lr * (n1*m[i] + (1-n1)*g) / (sqrt(n2*v[i]+(1-n2)*g*g) + eps)
	}
}

// qhKeep is the share of an average that stays in step t, if all gradients of it
// are to weigh as in Adam with its correction: 1 − (1−β)/(1−βᵗ).
func qhKeep(beta float64, t int) float64 {
	return 1 - (1-beta)/(1-math.Pow(beta, float64(t)))
}
