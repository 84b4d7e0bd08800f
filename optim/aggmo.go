package optim

import "strconv"

// AggMo is torch_optimizer.AggMo (Lucas et al., Aggregated Momentum, 2019):
// bufₖ = βₖ·bufₖ + g for each of K betas, w −= lr/K · Σ bufₖ.
type AggMo struct {
	LR          float64   `json:"lr" doc:"learning rate, not negative"`
	Betas       []float64 `json:"betas" doc:"the momenta, each in [0,1)"`
	WeightDecay float64   `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
}

// DefaultAggMo is torch_optimizer's defaults.
func DefaultAggMo() AggMo { return AggMo{LR: 1e-3, Betas: []float64{0, .9, .99}} }

var aggMoEntry = entry{
	name: "AggMo", rule: DefaultAggMo(), doc: "the mean of several momenta",
	formula: "bufₖ = βₖ·bufₖ + g; w −= lr/K·Σ bufₖ",
	source:  "Lucas et al., Aggregated Momentum, 2019", paths: []string{"torch_optimizer.AggMo"},
}

// Check implements Rule.
func (o AggMo) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkBetas(o.Betas...))
}

// Layout implements Rule.
func (o AggMo) Layout(shape []int) Layout {
	l := Layout{Counter: Uncounted}
	for i := range o.Betas {
		l.Tensors = append(l.Tensors, Tensor{Name: "momentum_buffer_" + strconv.Itoa(i)})
	}
	return l
}

// Update32 implements Updater.
func (o AggMo) Update32(c *Cell[float32]) { aggMo(&o, c) }

// Update64 implements Updater.
func (o AggMo) Update64(c *Cell[float64]) { aggMo(&o, c) }

func aggMo[T Float](o *AggMo, c *Cell[T]) {
	share, wd := T(o.LR/float64(len(o.Betas))), T(o.WeightDecay)
	for i, g := range c.G {
		g = penalised(g, wd, c.W[i])
		for k, beta := range o.Betas {
			buf := c.S[k]
			buf[i] = T(beta)*buf[i] + g
			c.W[i] -= share * buf[i]
		}
	}
}
