package optim

// AccSGD is torch_optimizer.AccSGD (Kidambi et al., On the insufficiency of
// existing momentum schemes for Stochastic Optimization, 2018): with L =
// lr·kappa/c for c = small_const, α = 1 − c²·xi/kappa, β = 1−α and ζ = c/(c+β):
// buf = β·((1/β−1)·buf − L·g + w), w = ζ·(w − lr·g) + (1−ζ)·buf; buf starts as
// w. kappa is long_step, xi the statistical advantage.
type AccSGD struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Kappa       float64 `json:"kappa" doc:"ratio of the long to the short step, above 0"`
	Xi          float64 `json:"xi" doc:"statistical advantage"`
	SmallConst  float64 `json:"small_const" doc:"c, at most 1 and above 0"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
}

// DefaultAccSGD is torch_optimizer's defaults.
func DefaultAccSGD() AccSGD { return AccSGD{LR: 1e-3, Kappa: 1000, Xi: 10, SmallConst: .7} }

var accSGDEntry = entry{
	name: "AccSGD", rule: DefaultAccSGD(), doc: "accelerated stochastic gradient descent",
	formula: "buf = β·((1/β − 1)·buf − lr·kappa/c·g + w); w = ζ·(w − lr·g) + (1−ζ)·buf",
	source:  "Kidambi et al., On the insufficiency of existing momentum schemes for Stochastic Optimization, 2018", paths: []string{"torch_optimizer.AccSGD"},
}

// Check implements Rule.
func (o AccSGD) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkPositive("kappa", o.Kappa), checkPositive("small_const", o.SmallConst))
}

// Layout implements Rule.
func (o AccSGD) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "momentum_buffer", Copy: true}}, Counter: Uncounted}
}

// Update32 implements Updater.
func (o AccSGD) Update32(c *Cell[float32]) { accSGD(&o, c) }

// Update64 implements Updater.
func (o AccSGD) Update64(c *Cell[float64]) { accSGD(&o, c) }

func accSGD[T Float](o *AccSGD, c *Cell[T]) {
	beta := o.SmallConst * o.SmallConst * o.Xi / o.Kappa
	zeta := o.SmallConst / (o.SmallConst + beta)
	long, back := T(o.LR*o.Kappa/o.SmallConst), T(1/beta-1)
	b, z, lr, wd := T(beta), T(zeta), T(o.LR), T(o.WeightDecay)
	w, buf := c.W, c.S[0]
	for i, g := range c.G {
		g = penalised(g, wd, w[i])
		buf[i] = (buf[i]*back - long*g + w[i]) * b
		w[i] = (w[i]-lr*g)*z + buf[i]*(1-z)
	}
}
