package optim

// RangerQH is torch_optimizer.RangerQH (pytorch_ranger; Ma and Yarats 2019,
// Zhang et al. 2019): QHAdam, and after every k-th step Lookahead: slow +=
// α·(w−slow), w = slow; slow starts as w after the first decay.
type RangerQH struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Nus         [2]float64 `json:"nus" doc:"shares of the averages in the direction and in the denominator"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	K           int        `json:"k" doc:"steps between two looks, at least 1"`
	Alpha       float64    `json:"alpha" doc:"share of the way that the slow weights go, in [0,1]"`
	Decouple    bool       `json:"decouple_weight_decay" doc:"decay the weights themselves instead of adding to the gradient"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
}

// DefaultRangerQH is torch_optimizer's defaults.
func DefaultRangerQH() RangerQH {
	return RangerQH{LR: 1e-3, Betas: [2]float64{.9, .999}, Nus: [2]float64{.7, 1}, K: 6, Alpha: .5, Eps: 1e-8}
}

var rangerQHEntry = entry{
	name: "RangerQH", rule: DefaultRangerQH(), doc: "QHAdam with lookahead",
	formula: "QHAdam; every k steps slow += α·(w − slow); w = slow",
	source:  "pytorch_ranger; Ma and Yarats 2019, Zhang et al. 2019", paths: []string{"torch_optimizer.RangerQH"},
}

// Check implements Rule.
func (o RangerQH) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...), checkLook(o.K, o.Alpha))
}

// Layout implements Rule.
func (o RangerQH) Layout([]int) Layout {
	return tensors("exp_avg", "exp_avg_sq").with(true, Tensor{Name: "slow_buffer", Copy: true})
}

// Update32 implements Updater.
func (o RangerQH) Update32(c *Cell[float32]) { rangerQH(&o, c) }

// Update64 implements Updater.
func (o RangerQH) Update64(c *Cell[float64]) { rangerQH(&o, c) }

func rangerQH[T Float](o *RangerQH, c *Cell[T]) {
	m1, m2 := T(qhKeep(o.Betas[0], c.Step)), T(qhKeep(o.Betas[1], c.Step))
	n1, n2, lr, eps := T(o.Nus[0]), T(o.Nus[1]), T(o.LR), T(o.Eps)
	decay, wd := T(1), T(o.WeightDecay)
	if o.Decouple {
		decay, wd = T(1-o.LR*o.WeightDecay), 0
	}
	w, m, v := c.W, c.S[0], c.S[1]
	for i, g := range c.G {
		w[i] *= decay
		if c.Fresh {
			c.S[2][i] = w[i]
		}
		g = penalised(g, wd, w[i])
		m[i] = m1*m[i] + (1-m1)*g
		v[i] = m2*v[i] + (1-m2)*g*g
		w[i] -= lr * (n1*m[i] + (1-n1)*g) / (sqrt(n2*v[i]+(1-n2)*g*g) + eps)
	}
	lookAhead(c, c.S[2], o.K, o.Alpha)
}
