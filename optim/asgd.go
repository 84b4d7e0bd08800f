package optim

import "math"

// ASGD is torch.optim.ASGD (Polyak and Juditsky, Acceleration of stochastic
// approximation by averaging, 1992): w = w·(1−λ·η) − η·g;
// ax = w while μ = 1, then ax += μ·(w−ax); η = lr/(1+λ·lr·t)^α,
// μ = 1/max(1, t−t0). The average ax stays in the state; w is what trains.
type ASGD struct {
	LR          float64 `json:"lr" doc:"learning rate, not negative"`
	Lambd       float64 `json:"lambd" doc:"λ, the decay term, not negative"`
	Alpha       float64 `json:"alpha" doc:"power by which the rate falls, not negative"`
	T0          float64 `json:"t0" doc:"step after which averaging begins"`
	WeightDecay float64 `json:"weight_decay" doc:"L2 penalty, added to the gradient"`
	Maximize    bool    `json:"maximize" doc:"ascend instead of descend"`
}

// DefaultASGD is torch's defaults.
func DefaultASGD() ASGD { return ASGD{LR: 1e-2, Lambd: 1e-4, Alpha: .75, T0: 1e6} }

var asgdEntry = entry{
	name: "ASGD", rule: DefaultASGD(), doc: "SGD with an average of the weights in its state",
	formula: "w = w·(1−λ·η) − η·g; ax += μ·(w−ax); η = lr/(1+λ·lr·t)^α; μ = 1/max(1, t−t0)", source: "torch.optim.ASGD; Polyak and Juditsky 1992",
}

// Check implements Rule.
func (o ASGD) Check() error {
	return firstOf(checkRate(o.LR, o.WeightDecay), checkAtLeastZero("lambd value", o.Lambd), checkAtLeastZero("alpha value", o.Alpha))
}

// Layout implements Rule.
func (o ASGD) Layout([]int) Layout {
	return Layout{Tensors: []Tensor{{Name: "ax"}}, Scalars: []Scalar{{"eta", o.LR}, {"mu", 1}}}
}

// Advance implements Advancer.
func (o ASGD) Advance(s *State) {
	t := float64(s.Step)
	s.Scalars[0] = o.LR / math.Pow(1+o.Lambd*o.LR*t, o.Alpha)
	s.Scalars[1] = 1 / math.Max(1, t-o.T0)
}

// Switches implements Switched.
func (o ASGD) Switches() []string { return []string{"foreach", "differentiable", "capturable"} }

// Update32 implements Updater.
func (o ASGD) Update32(c *Cell[float32]) { asgd(&o, c) }

// Update64 implements Updater.
func (o ASGD) Update64(c *Cell[float64]) { asgd(&o, c) }

func asgd[T Float](o *ASGD, c *Cell[T]) {
	eta, mu := T(c.Scalars[0]), T(c.Scalars[1])
	shrink := T(1 - o.Lambd*c.Scalars[0])
	wd, sign := T(o.WeightDecay), signed[T](o.Maximize)
	w, ax := c.W, c.S[0]
	for i, d := range c.G {
		d = penalised(sign*d, wd, w[i])
		w[i] = w[i]*shrink - eta*d
		if mu == 1 {
			ax[i] = w[i]
		} else {
			ax[i] += mu * (w[i] - ax[i])
		}
	}
}
