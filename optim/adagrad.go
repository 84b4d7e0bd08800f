package optim

// Adagrad is torch.optim.Adagrad (Duchi et al., Adaptive Subgradient Methods,
// 2011): sum += g², w −= lr/(1+(t−1)·lr_decay) · g/(√sum + eps). The initial
// value of sum is the constructor's, also in groups that give another.
type Adagrad struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	LRDecay     float64 `json:"lr_decay" doc:"how fast the learning rate falls with the steps, not negative"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Initial     float64 `json:"initial_accumulator_value" doc:"what the sum of squares starts from; a group cannot change it"`
	Eps         float64 `json:"eps" doc:"added to the root of the sum, not negative"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultAdagrad is torch's defaults.
func DefaultAdagrad() Adagrad { return Adagrad{LR: 1e-2, Eps: 1e-10} }

var adagradEntry = entry{
	name: "Adagrad", rule: DefaultAdagrad(), doc: "learning rates by the sum of squared gradients",
	formula: "sum += g²; w −= lr/(1+(t−1)·lr_decay)·g/(√sum + eps)", source: "torch.optim.Adagrad; Duchi et al. 2011",
}

// Check implements Rule.
func (o Adagrad) Check() error {
	return firstOf(checkRate(o.LR, 0), checkAtLeastZero("lr_decay value", o.LRDecay), checkRate(0, o.WeightDecay),
		checkAtLeastZero("initial_accumulator_value value", o.Initial), checkEps(o.Eps))
}

// Layout implements Rule.
func (o Adagrad) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "sum", Fill: o.Initial}}}
}

// Fixed implements Fixed.
func (o Adagrad) Fixed() []string { return []string{"initial_accumulator_value"} }

// Sparse implements Sparse.
func (o Adagrad) Sparse() (Rows, error) {
	if o.WeightDecay != 0 {
		return 0, errDecayedRows
	}
	return RowsAlone, nil
}

// Switches implements Switched.
func (o Adagrad) Switches() []string { return []string{"foreach", "differentiable", "fused"} }

// Update32 implements Updater.
func (o Adagrad) Update32(c *Cell[float32]) { adagrad(&o, c) }

// Update64 implements Updater.
func (o Adagrad) Update64(c *Cell[float64]) { adagrad(&o, c) }

func adagrad[T Float](o *Adagrad, c *Cell[T]) {
	step := T(o.LR / (1 + float64(c.Step-1)*o.LRDecay))
	eps, wd, sign := T(o.Eps), T(o.WeightDecay), signed[T](o.Maximize)
	w, sum := c.W, c.S[0]
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		sum[i] += d * d
		w[i] -= step * d / (sqrt(sum[i]) + eps)
	}
}
