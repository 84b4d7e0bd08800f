package optim

// NovoGrad is torch_optimizer.NovoGrad (Ginsburg et al., Stochastic Gradient
// Methods with Layer-wise Adaptive Moments, 2019): v = β2·v + (1−β2)·‖g‖², or
// ‖g‖² while v is 0, for the parameter as a whole, m = β1·m + g/(√v+eps) + wd·w
// (times 1−β1 with grad_averaging), w −= lr·m.
type NovoGrad struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	WeightDecay float64    `json:"weight_decay" doc:"decay that is part of the direction, not negative"`
	Averaging   bool       `json:"grad_averaging" doc:"take a share of 1−β1 of the direction"`
	AMSGrad     bool       `json:"amsgrad" doc:"divide by the largest second moment so far"`
}

// DefaultNovoGrad is torch_optimizer's defaults.
func DefaultNovoGrad() NovoGrad { return NovoGrad{LR: 1e-3, Betas: [2]float64{.95, 0}, Eps: 1e-8} }

var novoGradEntry = entry{
	name: "NovoGrad", rule: DefaultNovoGrad(), doc: "momentum of gradients normalised parameter by parameter",
	formula: "v = β2·v + (1−β2)·‖g‖²; m = β1·m + g/(√v + eps) + wd·w; w −= lr·m",
	source:  "Ginsburg et al., Stochastic Gradient Methods with Layer-wise Adaptive Moments, 2019", paths: []string{"torch_optimizer.NovoGrad"},
}

// Check implements Rule.
func (o NovoGrad) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o NovoGrad) Layout([]int) Layout {
	return tensors("exp_avg").with(true, Tensor{Name: "exp_avg_sq", Shape: []int{1}}).with(o.AMSGrad, Tensor{Name: "max_exp_avg_sq", Shape: []int{1}})
}

// Whole implements Whole: the second moment is one for all elements.
func (o NovoGrad) Whole() bool { return true }

// Update32 implements Updater.
func (o NovoGrad) Update32(c *Cell[float32]) { novoGrad(&o, c) }

// Update64 implements Updater.
func (o NovoGrad) Update64(c *Cell[float64]) { novoGrad(&o, c) }

func novoGrad[T Float](o *NovoGrad, c *Cell[T]) {
	m, v := c.S[0], c.S[1]
	square := T(sumSquares(c.G))
	if v[0] == 0 {
		v[0] = square
	} else {
		v[0] = T(o.Betas[1])*v[0] + T(1-o.Betas[1])*square
	}
	x := v[0]
	if o.AMSGrad {
		c.S[2][0] = max(c.S[2][0], x)
		x = c.S[2][0]
	}
	denom, keep, in, lr, wd := sqrt(x)+T(o.Eps), T(o.Betas[0]), T(1), T(o.LR), T(o.WeightDecay)
	if o.Averaging {
		in = 1 - keep
	}
	for i, g := range c.G {
		m[i] = keep*m[i] + in*penalised(g/denom, wd, c.W[i])
		c.W[i] -= lr * m[i]
	}
}
