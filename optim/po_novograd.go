package optim

// PONovoGrad is pytorch_optimizer.NovoGrad (Ginsburg et al., Stochastic
// Gradient Methods with Layer-wise Adaptive Moments, 2019): v = β2·v +
// (1−β2)·‖g‖² for the parameter as a whole, from the first ‖g‖², d = g/(√v+eps)
// with the decay, m = β1·m + d (times 1−β1 with grad_averaging) from the first
// d, w −= lr·m.
type PONovoGrad struct {
	LR          float64    `json:"lr" doc:"learning rate, not negative"`
	Betas       [2]float64 `json:"betas" doc:"decay of the averages of the gradient and of its square, each in [0,1)"`
	WeightDecay float64    `json:"weight_decay" doc:"weight decay, not negative"`
	Decouple    bool       `json:"weight_decouple" doc:"decay the weights themselves instead of adding to the gradient"`
	FixedDecay  bool       `json:"fixed_decay" doc:"decay independently of the learning rate"`
	Averaging   bool       `json:"grad_averaging" doc:"take a share of 1−β1 of the direction"`
	Eps         float64    `json:"eps" doc:"added to the denominator, not negative"`
	Maximize    bool       `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultPONovoGrad is pytorch_optimizer's defaults.
func DefaultPONovoGrad() PONovoGrad {
	return PONovoGrad{LR: 1e-3, Betas: [2]float64{.95, .98}, Eps: 1e-8}
}

var poNovoGradEntry = entry{
	name: "PONovoGrad", rule: DefaultPONovoGrad(), doc: "NovoGrad as pytorch_optimizer has it",
	formula: "v = β2·v + (1−β2)·‖g‖²; m = β1·m + g/(√v + eps) + wd·w; w −= lr·m",
	source:  "Ginsburg et al., Stochastic Gradient Methods with Layer-wise Adaptive Moments, 2019", paths: []string{"pytorch_optimizer.NovoGrad"},
}

// Check implements Rule.
func (o PONovoGrad) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkEps(o.Eps), checkBetas(o.Betas[:]...))
}

// Layout implements Rule.
func (o PONovoGrad) Layout([]int) Layout {
	return tensors("moments").with(true, Tensor{Name: "grads_ema", Shape: []int{1}})
}

// Whole implements Whole: the second moment is one for all elements.
func (o PONovoGrad) Whole() bool { return true }

// Update32 implements Updater.
func (o PONovoGrad) Update32(c *Cell[float32]) { poNovoGrad(&o, c) }

// Update64 implements Updater.
func (o PONovoGrad) Update64(c *Cell[float64]) { poNovoGrad(&o, c) }

func poNovoGrad[T Float](o *PONovoGrad, c *Cell[T]) {
	decay, wd := decoupled[T](decayed{o.LR, o.WeightDecay, o.Decouple, o.FixedDecay})
	m, v := c.S[0], c.S[1]
	square := T(sumSquares(c.G))
	if c.Fresh {
		v[0] = square
	} else {
		v[0] = lerp(v[0], square, T(1-o.Betas[1]))
	}
	denom, keep, in, lr, up := sqrt(v[0])+T(o.Eps), T(o.Betas[0]), T(1), T(o.LR), signed[T](o.Maximize)
	if o.Averaging {
		in = 1 - keep
	}
	for i, g := range c.G {
		d := penalised(up*g/denom, wd, c.W[i])
		if c.Fresh {
			m[i] = d
		} else {
			m[i] = keep*m[i] + in*d
		}
		c.W[i] = c.W[i]*decay - lr*m[i]
	}
}
